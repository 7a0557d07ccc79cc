//go:build !race

#include "go_asm.h"
#include "textflag.h"

// Lanes are counted from -n up to 0, from the ends of their arrays. RCRQ brings in a lane's bit from the left, as the carry
// of a comparison; after the last lane the n bits are shifted down to bit 0.
//
// TZCNTL takes one step, BSFL takes eight (AMD Zen). A processor without TZCNTL runs BSFL, with the same result for every
// operand but 0. The operand here always has bit 16 set, or is a set of lanes that is not empty.

// MARKS compares the tag of the hash in X0 with the eight tags of a bucket. m has two bits for each slot, and bit 16 set.
#define MARKS(bucket, m) \
	PSHUFB   X6, X0       \
	POR      X7, X0       \
	PCMPEQW  (bucket), X0 \
	PMOVMSKB X0, m        \
	ORL      $0x10000, m

// ENTRY sets at of lane CX to the index in the slot of the lowest mark; if that mark is bit 16, the index is bucket.none, 0.
// ENTRY also prefetches the entry's last line, and sets e to the entry's distance from the first bucket.
#define ENTRY(bucket, m, e) \
	TZCNTL     m, e                      \
	MOVL       bucket_at(bucket)(e*2), e \
	MOVL       e, (DI)(CX*4)             \
	IMULQ      R10, e                    \
	ADDQ       R9, e                     \
	PREFETCHT0 (R15)(e*1)

// func candidatesSSE(t *index, hash *[Burst]uint64, n int, at *[Burst]uint32) (missing uint64)
TEXT ·candidatesSSE(SB), NOSPLIT, $0-40
	MOVQ       t+0(FP), AX
	MOVQ       hash+8(FP), R8
	MOVQ       n+16(FP), CX
	MOVQ       at+24(FP), DI
	MOVQ       index_buckets(AX), SI
	MOVQ       index_entries(AX), R9
	MOVQ       index_stride(AX), R10
	SUBQ       SI, R9
	LEAQ       -8(SI)(R10*1), R15
	MOVL       index_mask(AX), R11
	SHLQ       $6, R11                 // mask of a bucket's offset in bytes
	MOVQ       $(0x7fff<<6), R12
	ANDQ       R11, R12                // mask of the bits in which the second bucket's offset differs
	MOVQ       $0x0706070607060706, DX // PSHUFB: copy the last of four 16-bit words to all of them
	MOVQ       DX, X6
	PUNPCKLQDQ X6, X6
	PCMPEQW    X7, X7
	PSLLW      $15, X7
	LEAQ       (R8)(CX*8), R8
	LEAQ       (DI)(CX*4), DI
	NEGQ       CX
	XORL       R13, R13

first:
	MOVQ       (R8)(CX*8), BX
	MOVQ       BX, X0
	MOVQ       BX, AX
	ANDQ       R11, AX
	SHRQ       $42, BX
	ORL        $64, BX
	ANDL       R12, BX
	XORQ       AX, BX
	ADDQ       SI, AX
	MARKS(AX, DX)
	ENTRY(AX, DX, R14)
	CMPL       DX, $0x10001
	CMOVQCS    BX, R14
	RCRQ       $1, R13
	PREFETCHT0 (SI)(R14*1)
	INCQ       CX
	JNE        first

	MOVQ  n+16(FP), CX
	NEGQ  CX
	SHRQ  CX, R13
	MOVQ  R13, BX
	MOVQ  hash+8(FP), R8
	MOVQ  at+24(FP), DI
	TESTQ BX, BX
	JEQ   done

second:
	TZCNTQ     BX, CX
	MOVQ       (R8)(CX*8), AX
	MOVQ       AX, X0
	MOVQ       AX, DX
	ANDQ       R11, AX
	SHRQ       $42, DX
	ORL        $64, DX
	ANDL       R12, DX
	XORQ       DX, AX
	ADDQ       SI, AX
	MARKS(AX, DX)
	ENTRY(AX, DX, R14)
	PREFETCHT0 (SI)(R14*1)
	XORL       AX, AX
	CMPL       DX, $0x10000
	SETNE      AX
	SHLQ       CX, AX
	XORQ       AX, R13
	LEAQ       -1(BX), DX
	ANDQ       DX, BX
	JNE        second

done:
	MOVQ R13, missing+32(FP)
	RET

// func unequal2SSE(t *index, keys unsafe.Pointer, n int, at *[Burst]uint32) (unequal uint64)
TEXT ·unequal2SSE(SB), NOSPLIT, $0-40
	MOVQ t+0(FP), AX
	MOVQ keys+8(FP), R8
	MOVQ n+16(FP), CX
	MOVQ at+24(FP), DI
	MOVQ index_entries(AX), SI
	MOVQ index_stride(AX), R10
	SHLQ $2, CX
	LEAQ (R8)(CX*4), R8
	LEAQ (DI)(CX*1), DI
	NEGQ CX
	XORL R13, R13

lane:
	MOVL     (DI)(CX*1), AX
	IMULQ    R10, AX
	MOVOU    (SI)(AX*1), X0
	MOVOU    (R8)(CX*4), X1
	PCMPEQB  X1, X0
	PMOVMSKB X0, DX
	CMPL     DX, $0xffff
	RCRQ     $1, R13
	ADDQ     $4, CX
	JNE      lane

	MOVQ n+16(FP), CX
	NEGQ CX
	SHRQ CX, R13
	MOVQ R13, unequal+32(FP)
	RET
