#include "textflag.h"

// func prefetch(base unsafe.Pointer, stride, span uintptr, at *[Burst]uint32, todo uint64)
TEXT ·prefetch(SB), NOSPLIT, $0-40
	MOVQ  base+0(FP), SI
	MOVQ  stride+8(FP), R8
	MOVQ  span+16(FP), R9
	MOVQ  at+24(FP), DI
	MOVQ  todo+32(FP), CX
	TESTQ CX, CX
	JEQ   done
	TESTQ R9, R9
	JNE   both

first:
	BSFQ       CX, BX
	LEAQ       -1(CX), DX
	MOVL       (DI)(BX*4), AX
	IMULQ      R8, AX
	PREFETCHT0 (SI)(AX*1)
	ANDQ       DX, CX
	JNE        first
	RET

both:
	LEAQ (SI)(R9*1), R10

next:
	BSFQ       CX, BX
	LEAQ       -1(CX), DX
	MOVL       (DI)(BX*4), AX
	IMULQ      R8, AX
	PREFETCHT0 (SI)(AX*1)
	PREFETCHT0 (R10)(AX*1)
	ANDQ       DX, CX
	JNE        next

done:
	RET
