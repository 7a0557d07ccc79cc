//go:build !race

#include "go_asm.h"
#include "textflag.h"

// func fillSlot(b *bucket, s int, at uint32, w int, tags uint64)
TEXT ·fillSlot(SB), NOSPLIT, $0-40
	MOVQ b+0(FP), DI
	MOVQ s+8(FP), CX
	MOVL at+16(FP), AX
	MOVL AX, bucket_at(DI)(CX*4)
	MOVQ w+24(FP), CX
	MOVQ tags+32(FP), AX
	MOVQ AX, bucket_tags(DI)(CX*8)
	RET

// func clearSlot(b *bucket, w int, tags uint64)
TEXT ·clearSlot(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), DI
	MOVQ w+8(FP), CX
	MOVQ tags+16(FP), DX
	MOVQ bucket_version(DI), AX
	INCQ AX
	MOVQ AX, bucket_version(DI)
	MOVQ DX, bucket_tags(DI)(CX*8)
	INCQ AX
	MOVQ AX, bucket_version(DI)
	RET

// func store(to, from unsafe.Pointer, words int)
TEXT ·store(SB), NOSPLIT, $0-24
	MOVQ to+0(FP), DI
	MOVQ from+8(FP), SI
	MOVQ words+16(FP), CX
	XORL DX, DX

next:
	MOVQ (SI)(DX*8), AX
	MOVQ AX, (DI)(DX*8)
	INCQ DX
	CMPQ DX, CX
	JLT  next
	RET

// func release(e unsafe.Pointer, first uint64, value, words int)
TEXT ·release(SB), NOSPLIT, $0-32
	MOVQ e+0(FP), DI
	MOVQ first+8(FP), AX
	MOVQ value+16(FP), DX
	MOVQ words+24(FP), CX
	MOVQ AX, (DI)
	XORL AX, AX
	JMP  last

next:
	MOVQ AX, (DI)(DX*8)
	INCQ DX

last:
	CMPQ DX, CX
	JLT  next
	RET

// func add(p *uint32, n uint32)
TEXT ·add(SB), NOSPLIT, $0-12
	MOVQ p+0(FP), DI
	MOVL n+8(FP), AX
	ADDL AX, (DI)
	RET
