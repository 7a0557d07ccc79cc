//go:build !race

#include "go_asm.h"
#include "textflag.h"

// TZCNTQ takes one step where BSFQ takes eight (AMD Zen). Processors that do not know it run it as BSFQ, with the same
// result for all but 0, which it never gets here.

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
	TZCNTQ     CX, BX
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
	TZCNTQ     CX, BX
	LEAQ       -1(CX), DX
	MOVL       (DI)(BX*4), AX
	IMULQ      R8, AX
	PREFETCHT0 (SI)(AX*1)
	PREFETCHT0 (R10)(AX*1)
	ANDQ       DX, CX
	JNE        next

done:
	RET

// Lane by lane: one comparison of all eight tags, two bits a slot in R10. A set bit above them gives TZCNTL something to find.
// func candidates(buckets unsafe.Pointer, l *lanes, at *[Burst]uint32, todo uint64) (found uint64)
TEXT ·candidates(SB), NOSPLIT, $0-40
	MOVQ  buckets+0(FP), SI
	MOVQ  l+8(FP), R8
	MOVQ  at+16(FP), DI
	MOVQ  todo+24(FP), BX
	XORQ  R13, R13
	TESTQ BX, BX
	JEQ   done

lane:
	TZCNTQ  BX, CX
	LEAQ    -1(BX), DX
	ANDQ    DX, BX
	MOVL    lanes_bucket(R8)(CX*4), AX
	SHLQ    $6, AX
	MOVWLZX (lanes_hash+6)(R8)(CX*8), R9
	ORL     $0x8000, R9
	MOVQ    R9, X0
	PSHUFLW $0, X0, X0
	PSHUFD  $0, X0, X0
	PCMPEQW (SI)(AX*1), X0
	PMOVMSKB X0, R10              // two bits a slot
	XORL    R11, R11
	TESTL   R10, R10
	SETNE   R11
	ORL     $0x10000, R10
	TZCNTL  R10, R10
	LEAQ    (SI)(AX*1), AX
	MOVL    bucket_at(AX)(R10*2), R12
	MOVL    R12, (DI)(CX*4)
	SHLQ    CX, R11
	ORQ     R11, R13
	TESTQ   BX, BX
	JNE     lane

done:
	MOVQ R13, found+32(FP)
	RET

// Lane by lane: one comparison of all sixteen bytes.
// func equal2(entries unsafe.Pointer, stride uintptr, keys unsafe.Pointer, at *[Burst]uint32, todo uint64) (hits uint64)
TEXT ·equal2(SB), NOSPLIT, $0-48
	MOVQ  entries+0(FP), SI
	MOVQ  stride+8(FP), R8
	MOVQ  keys+16(FP), R9
	MOVQ  at+24(FP), DI
	MOVQ  todo+32(FP), BX
	XORQ  R13, R13
	TESTQ BX, BX
	JEQ   done

lane:
	TZCNTQ   BX, CX
	LEAQ     -1(BX), DX
	MOVL     (DI)(CX*4), AX
	IMULQ    R8, AX
	MOVQ     CX, R10
	SHLQ     $4, R10
	MOVOU    (SI)(AX*1), X0
	MOVOU    (R9)(R10*1), X1
	PCMPEQB  X1, X0
	PMOVMSKB X0, R11
	XORL     R12, R12
	CMPL     R11, $0xffff
	SETEQ    R12
	SHLQ     CX, R12
	ORQ      R12, R13
	ANDQ     DX, BX
	JNE      lane

done:
	MOVQ R13, hits+40(FP)
	RET
