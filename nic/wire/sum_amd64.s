#include "textflag.h"

// func sumBlocks(b []byte) uint64
TEXT ·sumBlocks(SB), NOSPLIT, $0-32
	MOVQ  b_base+0(FP), SI
	MOVQ  b_len+8(FP), CX
	VPXOR X0, X0, X0
	VPXOR X1, X1, X1
	VPXOR X2, X2, X2
	VPXOR X3, X3, X3
	VPXOR X7, X7, X7 // zeros

block: // four lanes of 64 bits in each of Y0 to Y3 add even words, or odd ones
	VMOVDQU  (SI), Y4
	VMOVDQU  32(SI), Y5
	VPBLENDD $0xaa, Y7, Y4, Y6
	VPSRLQ   $32, Y4, Y4
	VPADDQ   Y6, Y0, Y0
	VPADDQ   Y4, Y1, Y1
	VPBLENDD $0xaa, Y7, Y5, Y6
	VPSRLQ   $32, Y5, Y5
	VPADDQ   Y6, Y2, Y2
	VPADDQ   Y5, Y3, Y3
	ADDQ     $64, SI
	SUBQ     $64, CX
	JNE      block

	VPADDQ       Y1, Y0, Y0
	VPADDQ       Y3, Y2, Y2
	VPADDQ       Y2, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ       X1, X0, X0
	VPSRLDQ      $8, X0, X1
	VPADDQ       X1, X0, X0
	VMOVQ        X0, ret+24(FP)
	VZEROUPPER
	RET
