#include "go_asm.h"
#include "textflag.h"

// func hashAES(t *index, keys unsafe.Pointer, n int, out *uint64)
TEXT ·hashAES(SB), NOSPLIT, $0-32
	MOVQ  t+0(FP), AX
	MOVQ  keys+8(FP), SI
	MOVQ  n+16(FP), CX
	MOVQ  out+24(FP), DI
	MOVQ  index_words(AX), R8
	MOVQ  index_buckets(AX), R10
	MOVL  index_mask(AX), R11
	SHLQ  $6, R11                               // mask of a bucket's offset in bytes
	MOVOU (index_keys+hasher_secret+0)(AX), X4
	MOVOU (index_keys+hasher_secret+16)(AX), X5
	MOVOU (index_keys+hasher_secret+32)(AX), X6
	MOVOU (index_keys+hasher_secret+48)(AX), X7
	TESTQ CX, CX
	JLE   done
	SHLQ  $3, CX
	ADDQ  CX, DI
	NEGQ  CX                                    // counts from -8n up to 0: the offset in out from its end
	CMPQ  R8, $2
	JEQ   pairs

key:
	MOVO X4, X0
	MOVQ R8, R9

block:
	CMPQ   R9, $2
	JLT    tail
	MOVOU  (SI), X1
	PXOR   X1, X0
	AESENC X5, X0
	AESENC X6, X0
	ADDQ   $16, SI
	SUBQ   $2, R9
	JMP    block

tail:
	TESTQ  R9, R9
	JEQ    last
	MOVQ   (SI), X1
	PXOR   X1, X0
	AESENC X5, X0
	AESENC X6, X0
	ADDQ   $8, SI

last:
	AESENC     X7, X0
	MOVQ       X0, (DI)(CX*1)
	MOVQ       X0, AX
	ANDQ       R11, AX
	PREFETCHT0 (R10)(AX*1)
	ADDQ       $8, CX
	JNE        key
	RET

pairs:
	SUBQ CX, SI
	SUBQ CX, SI // the end of the keys

pair: // a key of two words, without a branch over its words
	MOVOU      (SI)(CX*2), X0
	PXOR       X4, X0
	AESENC     X5, X0
	AESENC     X6, X0
	AESENC     X7, X0
	MOVQ       X0, (DI)(CX*1)
	MOVQ       X0, AX
	ANDQ       R11, AX
	PREFETCHT0 (R10)(AX*1)
	ADDQ       $8, CX
	JNE        pair

done:
	RET
