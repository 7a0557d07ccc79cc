#include "textflag.h"

// func hashAES(keys unsafe.Pointer, words, n int, secret *[maxWords]uint64, out *uint64)
TEXT ·hashAES(SB), NOSPLIT, $0-40
	MOVQ  keys+0(FP), SI
	MOVQ  words+8(FP), R8
	MOVQ  n+16(FP), CX
	MOVQ  secret+24(FP), AX
	MOVQ  out+32(FP), DI
	MOVOU 0(AX), X4
	MOVOU 16(AX), X5
	MOVOU 32(AX), X6
	MOVOU 48(AX), X7
	TESTQ CX, CX
	JLE   done
	CMPQ  R8, $2
	JEQ   pair

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
	AESENC X7, X0
	MOVQ   X0, (DI)
	ADDQ   $8, DI
	DECQ   CX
	JNE    key
	RET

pair: // the same for two words, without a branch in it
	MOVOU  (SI), X0
	PXOR   X4, X0
	AESENC X5, X0
	AESENC X6, X0
	AESENC X7, X0
	MOVQ   X0, (DI)
	ADDQ   $16, SI
	ADDQ   $8, DI
	DECQ   CX
	JNE    pair

done:
	RET
