//go:build !race

#include "go_asm.h"
#include "textflag.h"

// UPDATE applies the change in AX to the checksum at an offset of DX (RFC 1624
// equation 3).
#define UPDATE(at, sum, tmp) \
	MOVWLZX at(DX), sum; \
	XORL    $0xffff, sum; \
	ADDL    AX, sum; \
	MOVL    sum, tmp; \
	SHRL    $16, tmp; \
	ADDL    tmp, sum; \
	NOTL    sum; \
	MOVW    sum, at(DX)

// The frame's descriptor is at SI, its headers at DX, its key at R14 and its
// connection at BX. Offsets of headers are as in gather_amd64.s.

// func steadyIn(w *worker, conns *flow.Conn, frames *pmd.Frame, todo uint64) (ready uint64)
TEXT ·steadyIn(SB), NOSPLIT, $0-40
	MOVQ w+0(FP), DI
	MOVQ conns+8(FP), R11
	MOVQ frames+16(FP), R8
	MOVQ todo+24(FP), R9
	XORQ R10, R10
	MOVQ (worker_part+part_guests)(DI), R13
	LEAQ (worker_fast+fast_gather+gather_keys)(DI), R12

frame:
	TZCNTQ R9, CX
	LEAQ   (CX)(CX*2), AX
	LEAQ   (R8)(AX*8), SI
	MOVL   (worker_fast+fast_gather+gather_at)(DI)(CX*4), BX
	SHLQ   $6, BX
	ADDQ   R11, BX
	SHLQ   $4, CX
	LEAQ   (R12)(CX*1), R14

	// What the stages found is of this policy, for this direction and this
	// tunnel end. The epoch is read first: see flow.Conn.Under.
	MOVL   const_connEpoch(BX), AX
	CMPL   AX, worker_epoch(DI)
	JNE    done
	MOVQ   const_connStatus(BX), R15
	TESTL  $const_statusWalkedIn, R15
	JEQ    done
	MOVL   const_frameOff(SI), DX
	ADDQ   (SI), DX
	MOVQ   R15, AX
	SHRQ   $const_statusVTEP, AX
	CMPQ   AX, (worker_underlay+underlay_addrs+8)(DI)
	JCC    done
	MOVQ   (worker_underlay+underlay_addrs)(DI), CX
	MOVL   (CX)(AX*4), AX
	BSWAPL AX
	CMPL   AX, 26(DX)
	JNE    done

	// The guest's port takes it.
	MOVL  const_keyWho(R14), AX
	ANDL  $const_whoENI, AX
	IMULQ $guest__size, AX
	MOVQ  guest_queue(R13)(AX*1), AX
	MOVL  const_frameLen(SI), CX
	SUBL  $50, CX
	CMPL  CX, queue_room(AX)
	JGT   done

	// The state stays.
	CMPB  73(DX), $6
	JNE   datagram
	CMPB  R15, $const_established
	JNE   done
	TESTB $7, 97(DX)
	JNE   done

count:
	ADDL    $50, const_frameOff(SI)
	MOVL    CX, const_frameLen(SI)
	MOVWLZX 66(DX), AX
	ROLW    $8, AX
	INCQ    const_connPackets(BX)
	ADDQ    AX, const_connBytes(BX)
	MOVL    worker_tick(DI), AX
	MOVL    AX, const_connSeen(BX)

	// A public destination becomes the private one, and the sums over it
	// change by as much.
	MOVL   const_keyLocal(R14), AX
	MOVL   80(DX), CX
	BSWAPL AX
	CMPL   AX, CX
	JEQ    next
	MOVL   AX, 80(DX)
	NOTL   CX
	ADDQ   CX, AX
	MOVQ   AX, CX
	SHRQ   $32, CX
	ADDL   CX, AX
	MOVL   AX, CX
	ROLL   $16, CX
	ADDL   CX, AX
	SHRL   $16, AX
	UPDATE(74, BX, CX)
	CMPB   73(DX), $6
	JNE    udp
	UPDATE(100, BX, CX)

next:
	MOVQ  R9, CX
	LEAQ  -1(R9), AX
	ANDQ  AX, R9
	XORQ  R9, CX
	ORQ   CX, R10
	TESTQ R9, R9
	JNE   frame

done:
	MOVQ R10, ready+32(FP)
	RET

	// A stream stays one, and so does what only its opener sent to.
datagram:
	CMPB R15, $const_udpStream
	JEQ  count
	MOVL R15, AX
	ANDL $const_statusSide, AX
	CMPL AX, $const_udpOneWay
	JEQ  count
	JMP  done

udp:
	CMPW 90(DX), $0
	JEQ  next
	UPDATE(90, BX, CX)
	CMPW BX, $0
	JNE  next
	MOVW $0xffff, 90(DX)
	JMP  next
