//go:build !race

#include "go_asm.h"
#include "textflag.h"

// The frame is at SI, and BX is its length. Offsets in a tunnel: the outer headers begin
// at 0, the inner headers at 50. type sieve draws them.

// REMAINDER checks the checksum of the IPv4 header at an offset of SI: AX becomes at most
// R10 if and only if 0xffff divides the sum of the header's 16-bit words.
//
// The sum of the header's 64-bit words has the same remainder, because 0xffff divides
// 1<<16 - 1 and so 1<<64 - 1; a carry out of 64 bits is added at the bottom for the same
// reason. R9 is the inverse of 0xffff modulo 1<<64, and R10 is (1<<64 - 1) / 0xffff: a
// number is a multiple of 0xffff if and only if number * R9 is at most R10.
#define REMAINDER(at, tmp) \
	MOVQ  at(SI), AX; \
	MOVL  at+16(SI), tmp; \
	ADDQ  at+8(SI), AX; \
	ADCQ  tmp, AX; \
	ADCQ  $0, AX; \
	IMULQ R9, AX

// SIEVE makes X0 and X2 the bits of the sieve's outer stretches that are not as wanted, as
// sieve.passes.
#define SIEVE \
	MOVOU 0(SI), X0; \
	MOVOU 16(SI), X1; \
	MOVOU 30(SI), X2; \
	PAND  X8, X0; \
	PAND  X9, X1; \
	PAND  X10, X2; \
	PXOR  X12, X0; \
	PXOR  X13, X1; \
	PXOR  X14, X2; \
	POR   X1, X0

// PASSES goes to no unless X0 and X2 are zero, as X7 is.
#define PASSES(no) \
	POR      X2, X0; \
	PCMPEQB  X7, X0; \
	PMOVMSKB X0, AX; \
	CMPL     AX, $0xffff; \
	JNE      no

// OUTER goes to strange unless the outer lengths of IPv4 and UDP are the frame's, the outer
// source is not 0.0.0.0, and the outer IPv4 checksum is right.
#define OUTER(strange) \
	MOVWLZX 16(SI), AX; \
	ROLW    $8, AX; \
	ADDL    $14, AX; \
	CMPL    AX, BX; \
	JNE     strange; \
	MOVWLZX 38(SI), AX; \
	ROLW    $8, AX; \
	ADDL    $34, AX; \
	CMPL    AX, BX; \
	JNE     strange; \
	CMPL    26(SI), $0; \
	JEQ     strange; \
	REMAINDER(14, CX); \
	CMPQ    AX, R10; \
	JHI     strange

// TARGET begins the search for the ENI, as eniTable.place and find: AX and CX become the
// target, DX the place. mask is the table's; R12 has its places, R11 the multiplier.
#define TARGET(mask) \
	MOVQ    46(SI), AX; \
	MOVWLZX 54(SI), CX; \
	MOVQ    $~0xff000000, DX; \
	ANDQ    DX, AX; \
	MOVQ    CX, DX; \
	SHLQ    $40, DX; \
	XORQ    AX, DX; \
	IMULQ   R11, DX; \
	BSWAPQ  DX; \
	SHLQ    $const_placeBits, DX; \
	ANDQ    mask, DX; \
	ADDQ    R12, DX

// FIND ends the search: it goes to next if the place at DX is free, and to another if the
// place is of another target.
#define FIND(next, another) \
	CMPB eniPlace_taken(DX), $0; \
	JEQ  next; \
	CMPQ AX, (eniPlace_target+0)(DX); \
	JNE  another; \
	CMPQ CX, (eniPlace_target+8)(DX); \
	JNE  another

// TRANSPORT6 makes BX the protocol of a packet of IPv6 whose header is at an offset of SI,
// and goes to strange unless TCP's header, or all of UDP, lies in the payload, and the
// payload in the frame; or if the first half of an address is zero, as those of IPv4 are. BX
// comes as how many bytes the frame has behind the header.
#define TRANSPORT6(at, strange, datagram, checked) \
	MOVWLZX at+4(SI), DX; \
	ROLW    $8, DX; \
	CMPL    DX, BX; \
	JGT     strange; \
	CMPQ    at+8(SI), $0; \
	JEQ     strange; \
	CMPQ    at+24(SI), $0; \
	JEQ     strange; \
	MOVBLZX at+6(SI), BX; \
	CMPL    BX, $6; \
	JNE     datagram; \
	MOVBLZX at+52(SI), AX; \
	ANDL    $0xf0, AX; \
	SHRL    $2, AX; \
	CMPL    AX, $20; \
	JLT     strange; \
checked: \
	CMPL    AX, DX; \
	JGT     strange

// FINGERPRINT makes DX the fingerprint of two addresses of IPv6 at offsets of SI, as
// flow.Folder. work is where the gather's address is.
#define FINGERPRINT(local, remote, work) \
	MOVQ work, CX; \
	MOVQ local(SI), AX; \
	MOVQ local+8(SI), DX; \
	XORQ gather_folder+0(CX), AX; \
	XORQ gather_folder+8(CX), DX; \
	MULQ DX; \
	XORQ gather_folder+8(CX), AX; \
	XORQ DX, AX; \
	MOVQ AX, half-8(SP); \
	MOVQ remote(SI), AX; \
	MOVQ remote+8(SI), DX; \
	XORQ gather_folder+16(CX), AX; \
	XORQ gather_folder+24(CX), DX; \
	MULQ DX; \
	XORQ AX, DX; \
	MOVQ gather_folder+0(CX), AX; \
	ROLQ $32, AX; \
	XORQ DX, AX; \
	MULQ half-8(SP); \
	XORQ AX, DX

// func tunnels(work *gather, frames *pmd.Frame, n int) (f gathered)
TEXT ·tunnels(SB), NOSPLIT, $16-56
	MOVQ  work+0(FP), DX
	MOVQ  frames+8(FP), R8
	MOVQ  n+16(FP), R15
	XORQ  R13, R13                      // frame at hand
	XORQ  R14, R14                      // plain
	MOVQ  $0, f_six+32(FP)
	MOVQ  $0, f_odd+40(FP)
	MOVQ  $0, f_second+48(FP)
	MOVQ  $0xfffefffefffeffff, R9       // see REMAINDER
	MOVQ  $0x0001000100010001, R10
	MOVQ  $0x9e3779b97f4a7c15, R11      // see eniTable.place
	LEAQ  gather_keys(DX), DI
	MOVQ  (gather_enis+eniTable_places)(DX), R12
	MOVQ  (gather_enis+eniTable_mask)(DX), AX
	MOVQ  AX, mask-16(SP)
	LEAQ  gather_sieve(DX), DX
	MOVOU (sieve_mask+0)(DX), X8
	MOVOU (sieve_mask+16)(DX), X9
	MOVOU (sieve_mask+32)(DX), X10
	MOVOU (sieve_mask+48)(DX), X11
	MOVOU (sieve_want+0)(DX), X12
	MOVOU (sieve_want+16)(DX), X13
	MOVOU (sieve_want+32)(DX), X14
	MOVOU (sieve_want+48)(DX), X15
	PXOR  X7, X7

frame:
	MOVWLZX const_frameOff(R8), SI
	MOVL const_frameLen(R8), BX
	ADDQ (R8), SI
	LEAL -104(BX), AX
	CMPL AX, $(0xffff-104)
	JHI  strange

	// The sieve, with its stretch of the inner headers.
	MOVOU 62(SI), X3
	PAND  X11, X3
	PXOR  X15, X3
	SIEVE
	POR   X3, X2
	PASSES(six)
	OUTER(strange)

	// The inner lengths: the IPv4 packet lies in the frame, and TCP's header, or all of
	// UDP, in the IPv4 packet.
	MOVWLZX 66(SI), DX
	ROLW    $8, DX
	SUBL    $64, BX
	CMPL    DX, BX
	JGT     strange
	SUBL    $20, DX
	MOVBLZX 73(SI), BX
	CMPL    BX, $6
	JNE     datagram
	MOVBLZX 96(SI), AX
	ANDL    $0xf0, AX
	SHRL    $2, AX
	CMPL    AX, $20
	JLT     strange

checksum:
	CMPL AX, DX
	JGT  strange
	REMAINDER(64, CX)
	CMPQ AX, R10
	JHI  strange

	TARGET(mask-16(SP))

place:
	FIND(next, another)

	// The key.
	MOVL  80(SI), AX
	BSWAPL AX
	CMPL  AX, eniPlace_public(DX)
	JNE   address
	MOVL  eniPlace_primary(DX), AX

local:
	MOVL   AX, const_keyLocal(DI)
	MOVL   76(SI), AX
	BSWAPL AX
	MOVL   AX, const_keyRemote(DI)
	MOVL   84(SI), AX
	BSWAPL AX
	MOVL   AX, const_keyPorts(DI)
	SHLL   $24, BX
	ORL    eniPlace_number(DX), BX
	MOVL   BX, const_keyWho(DI)
	BTSQ   R13, R14

next:
	INCQ R13
	ADDQ $const_frameSize, R8
	ADDQ $const_keySize, DI
	CMPQ R13, R15
	JLT  frame
	MOVQ R14, f_plain+24(FP)
	RET

datagram:
	CMPL    BX, $17
	JNE     strange
	MOVWLZX 88(SI), AX
	ROLW    $8, AX
	CMPL    AX, $8
	JGE     checksum

strange:
	MOVQ f_odd+40(FP), AX
	BTSQ R13, AX
	MOVQ AX, f_odd+40(FP)
	JMP  next

another:
	ADDQ $eniPlace__size, DX
	JMP  place

address:
	CMPL AX, eniPlace_primary(DX)
	JEQ  local
	MOVQ f_second+48(FP), CX
	BTSQ R13, CX
	MOVQ CX, f_second+48(FP)
	JMP  local

	// A tunnel around IPv6 passes the outer stretches of the sieve.
six:
	CMPL     BX, $124
	JLT      strange
	MOVL     62(SI), AX
	ANDL     $0xf0ffff, AX
	CMPL     AX, $0x60dd86
	JNE      strange
	SIEVE
	PASSES(strange)
	OUTER(strange)
	SUBL     $104, BX
	TRANSPORT6(64, strange, datagram6, checked6)
	FINGERPRINT(88, 72, work+0(FP))
	MOVQ     DX, const_keyLocal(DI)
	MOVL     104(SI), AX
	BSWAPL   AX
	MOVL     AX, const_keyPorts(DI)
	TARGET(mask-16(SP))

place6:
	FIND(next, another6)
	SHLL $24, BX
	ORL  eniPlace_number(DX), BX
	ORL  $const_whoIPv6, BX
	MOVL BX, const_keyWho(DI)
	BTSQ R13, R14
	MOVQ f_six+32(FP), CX
	BTSQ R13, CX
	MOVQ CX, f_six+32(FP)
	JMP  next

another6:
	ADDQ $eniPlace__size, DX
	JMP  place6

datagram6:
	CMPL    BX, $17
	JNE     strange
	MOVWLZX 108(SI), AX
	ROLW    $8, AX
	CMPL    AX, $8
	JGE     checked6
	JMP     strange

// func packets(work *gather, from *guest, frames *pmd.Frame, n int) (f gathered)
TEXT ·packets(SB), NOSPLIT, $8-64
	MOVQ work+0(FP), DI
	MOVQ from+8(FP), DX
	MOVQ frames+16(FP), R8
	MOVQ n+24(FP), R15
	XORQ R13, R13                // frame at hand
	XORQ R14, R14                // plain
	XORQ R12, R12                // odd
	MOVQ R12, f_six+40(FP)
	MOVQ R12, f_second+56(FP)
	MOVQ $0xfffefffefffeffff, R9
	MOVQ $0x0001000100010001, R10
	MOVQ guest_mac(DX), R11      // reads two bytes too many, which SHLQ drops
	SHLQ $16, R11
	MOVL guest_number(DX), DX
	LEAQ gather_keys(DI), DI

frame:
	MOVWLZX const_frameOff(R8), SI
	MOVL const_frameLen(R8), BX
	ADDQ (R8), SI
	LEAL -54(BX), AX
	CMPL AX, $(0xffff-54)
	JHI  strange
	MOVL 12(SI), AX
	ANDL $0xffffff, AX
	CMPL AX, $0x450008
	JNE  six
	MOVL 20(SI), AX
	TESTL $0xff3f, AX
	JNE  strange

	// The lengths and the checksum, as of a packet in a tunnel.
	MOVWLZX 16(SI), CX
	ROLW    $8, CX
	SUBL    $14, BX
	CMPL    CX, BX
	JGT     strange
	SUBL    $20, CX
	SHRL    $24, AX
	CMPL    AX, $6
	JNE     datagram
	MOVBLZX 46(SI), BX
	ANDL    $0xf0, BX
	SHRL    $2, BX
	CMPL    BX, $20
	JLT     strange

checksum:
	CMPL BX, CX
	JGT  strange
	MOVL AX, BX
	REMAINDER(14, CX)
	CMPQ AX, R10
	JHI  strange

	// A frame with a foreign source MAC is left for the stages, which drop the frame.
	MOVQ 6(SI), AX
	SHLQ $16, AX
	CMPQ AX, R11
	JNE  next

	MOVL   26(SI), AX
	BSWAPL AX
	MOVL   AX, const_keyLocal(DI)
	MOVL   30(SI), AX
	BSWAPL AX
	MOVL   AX, const_keyRemote(DI)
	MOVL   34(SI), AX
	BSWAPL AX
	ROLL   $16, AX
	MOVL   AX, const_keyPorts(DI)
	SHLL   $24, BX
	ORL    DX, BX
	MOVL   BX, const_keyWho(DI)
	BTSQ   R13, R14

next:
	INCQ R13
	ADDQ $const_frameSize, R8
	ADDQ $const_keySize, DI
	CMPQ R13, R15
	JLT  frame
	MOVQ R14, f_plain+32(FP)
	MOVQ R12, f_odd+48(FP)
	RET

datagram:
	CMPL    AX, $17
	JNE     strange
	MOVWLZX 38(SI), BX
	ROLW    $8, BX
	CMPL    BX, $8
	JGE     checksum

strange:
	BTSQ R13, R12
	JMP  next

six:
	CMPL   BX, $74
	JLT    strange
	MOVL   12(SI), AX
	ANDL   $0xf0ffff, AX
	CMPL   AX, $0x60dd86
	JNE    strange
	SUBL   $54, BX
	TRANSPORT6(14, strange6, datagram6, checked6)
	MOVQ   6(SI), AX
	SHLQ   $16, AX
	CMPQ   AX, R11
	JNE    next6
	FINGERPRINT(22, 38, work+0(FP))
	MOVQ   DX, const_keyLocal(DI)
	MOVL   54(SI), AX
	BSWAPL AX
	ROLL   $16, AX
	MOVL   AX, const_keyPorts(DI)
	MOVQ   from+8(FP), DX
	MOVL   guest_number(DX), DX
	SHLL   $24, BX
	ORL    DX, BX
	ORL    $const_whoIPv6, BX
	MOVL   BX, const_keyWho(DI)
	BTSQ   R13, R14
	MOVQ   f_six+40(FP), CX
	BTSQ   R13, CX
	MOVQ   CX, f_six+40(FP)
	JMP    next

datagram6:
	CMPL    BX, $17
	JNE     strange6
	MOVWLZX 58(SI), AX
	ROLW    $8, AX
	CMPL    AX, $8
	JGE     checked6

strange6:
	BTSQ R13, R12

next6:
	MOVQ from+8(FP), DX
	MOVL guest_number(DX), DX
	JMP  next

// func between(work *gather, pairs *flow.PairWords, frames *pmd.Frame, six uint64, at endOffsets) (same uint64)
TEXT ·between(SB), NOSPLIT, $0-56
	MOVQ work+0(FP), DI
	MOVQ pairs+8(FP), R11
	MOVQ frames+16(FP), R8
	MOVQ six+24(FP), R9
	MOVQ at_local+32(FP), R12
	MOVQ at_remote+40(FP), R13
	XORQ R10, R10

frame:
	TZCNTQ   R9, CX
	LEAQ     (CX)(CX*2), AX
	LEAQ     (R8)(AX*8), SI
	MOVWLZX  const_frameOff(SI), DX
	ADDQ     (SI), DX
	MOVL     gather_at(DI)(CX*4), BX
	SHLQ     $5, BX
	MOVOU    (DX)(R12*1), X0
	MOVOU    (DX)(R13*1), X1
	MOVOU    0(R11)(BX*1), X2
	MOVOU    16(R11)(BX*1), X3
	PCMPEQB  X2, X0
	PCMPEQB  X3, X1
	PAND     X1, X0
	PMOVMSKB X0, AX
	CMPL     AX, $0xffff
	JNE      other
	BTSQ     CX, R10

other:
	LEAQ -1(R9), AX
	ANDQ AX, R9
	JNE  frame
	MOVQ R10, same+48(FP)
	RET
