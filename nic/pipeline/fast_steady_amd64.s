//go:build !race

#include "go_asm.h"
#include "textflag.h"

// UPDATE applies a change of the summed bytes, which CHANGE left in AX, to the checksum at
// an offset of DX (RFC 1624 equation 3).
#define UPDATE(at, sum, tmp) \
	MOVWLZX at(DX), sum; \
	XORL    $0xffff, sum; \
	ADDL    AX, sum; \
	MOVL    sum, tmp; \
	SHRL    $16, tmp; \
	ADDL    tmp, sum; \
	NOTL    sum; \
	MOVW    sum, at(DX)

// UPDATEUDP is UPDATE for the checksum of UDP, of which 0 is none, and stays none (RFC 768). It
// goes on at out.
#define UPDATEUDP(at, sum, tmp, out) \
	CMPW at(DX), $0; \
	JEQ  out; \
	UPDATE(at, sum, tmp); \
	CMPW sum, $0; \
	JNE  out; \
	MOVW $0xffff, at(DX); \
	JMP  out

// CHANGE makes AX, the new address, the change of a checksum from CX, the old address, to
// AX, for UPDATE.
#define CHANGE \
	NOTL CX; \
	ADDQ CX, AX; \
	MOVQ AX, CX; \
	SHRQ $32, CX; \
	ADDL CX, AX; \
	MOVL AX, CX; \
	ROLL $16, CX; \
	ADDL CX, AX; \
	SHRL $16, AX

// LOWEST finds the lowest frame in the set R9: SI becomes its descriptor, BX its
// connection and R14 its key. w is the worker; frames begin at R8, connections at R11.
#define LOWEST(w) \
	TZCNTQ R9, CX; \
	LEAQ   (CX)(CX*2), AX; \
	LEAQ   (R8)(AX*8), SI; \
	MOVL   (Worker_fast+fast_gather+gather_at)(w)(CX*4), BX; \
	SHLQ   $6, BX; \
	ADDQ   R11, BX; \
	SHLQ   $4, CX; \
	LEAQ   (Worker_fast+fast_gather+gather_keys)(w)(CX*1), R14

// PASSED moves the lowest frame from the set R9 to the set R10. The zero flag says that
// R9 is empty.
#define PASSED \
	MOVQ  R9, CX; \
	LEAQ  -1(R9), AX; \
	ANDQ  AX, R9; \
	XORQ  R9, CX; \
	ORQ   CX, R10; \
	TESTQ R9, R9

// STAYS goes to a label if the state of the UDP connection R15 stays: a stream remains one,
// and a further datagram of the initiator leaves UDPOneWay as it is. opened is what a
// status of UDPOneWay has in StatusSide if the sender is the initiator.
#define STAYS(opened, label) \
	CMPB R15, $const_udpStream; \
	JEQ  label; \
	MOVL R15, AX; \
	ANDL $const_statusSide, AX; \
	CMPL AX, opened; \
	JEQ  label

// SEGMENT goes to a label unless the TCP connection R15 is established and the segment, whose
// flags are at an offset of DX, leaves it so.
#define SEGMENT(flags, label) \
	CMPB  R15, $const_established; \
	JNE   label; \
	TESTB $7, flags(DX); \
	JNE   label

// The frame's descriptor is at SI, its headers at DX, its key at R14 and its
// connection at BX. Offsets of headers are as in fast_gather_amd64.s.

// Packets through a Translator, as fast_through.go does: the labels through. Each macro below
// goes to done where the Go has to look. Of UDP the assembly takes streams alone.

// WANT notes the state that each part must have: TCP's if the protocol at an offset of DX is
// TCP, and the segment, whose flags are at an offset of DX, leaves the state.
#define WANT(proto, flags, stream, judged) \
	MOVL  $const_udpStream, want-4(SP); \
	CMPB  proto(DX), $6; \
	JNE   stream; \
	TESTB $7, flags(DX); \
	JNE   done; \
	MOVL  $const_established, want-4(SP)

// STATE goes to done unless the state of the connection R15 is the wanted one.
#define STATE \
	MOVL want-4(SP), AX; \
	CMPB AX, R15; \
	JNE  done

// TRAIL makes AX the trail of the connection BX. conns begin at R11.
#define TRAIL(w) \
	MOVQ BX, AX; \
	SUBQ R11, AX; \
	SHRQ $3, AX; \
	ADDQ Worker_trails(w), AX

// PART makes CX the part whose index is at an offset of the trail AX, and R15 its status.
#define PART(at, w) \
	MOVL at(AX), CX; \
	SHLQ $6, CX; \
	ADDQ R11, CX; \
	MOVL const_connEpoch(CX), AX; \
	CMPL AX, Worker_epoch(w); \
	JNE  done; \
	MOVQ const_connStatus(CX), R15

// KEYED goes to done unless the part CX has a key whose word at an offset is AX.
#define KEYED(at) \
	CMPQ AX, (at-const_keySize)(CX); \
	JNE  done

// PASSAGE makes CX the key of the passage whose index is in the trail AX, and R15 the way that it
// keeps under the policy in force. port and addr, of IPv4, become what it gives. gate is the
// Translator's entrance, and kind what State has in its three highest bits.
//
// A passage may end beside this, and its place become another's after the burst. The proof that it
// is the packet's is the order of loads, which a processor of this kind keeps: a passage that ends
// becomes zero from its first word to its last, and Lo, of which an address of IPv4 has some bits,
// is loaded last of the value and is not zero, so all other words were loaded before the end; then
// BETWEEN loads the key, which Insert writes before the value, so the key is of the same passage. State,
// which Insert writes last, is loaded first, so no word is of a passage before. Of the way, the epoch is
// loaded before (Passage.keep).
#define PASSAGE(gate, kind, w) \
	MOVL trail_passage(AX), CX; \
	CMPL CX, entrance_room(gate); \
	JCC  done; \
	SHLQ $6, CX; \
	ADDQ entrance_first(gate), CX; \
	MOVL (const_passageValue+Passage_State)(CX), AX; \
	SHRL $29, AX; \
	CMPL AX, kind; \
	JNE  done; \
	MOVL Worker_tick(w), AX; \
	SUBL (const_passageValue+Passage_Seen)(CX), AX; \
	CMPL AX, $const_passagePause; \
	JGE  done; \
	MOVL (const_passageValue+Passage_Epoch)(CX), AX; \
	CMPL AX, Worker_epoch(w); \
	JNE  done; \
	MOVQ (const_passageValue+Passage_Way)(CX), R15; \
	MOVQ (const_passageValue+Passage_End)(CX), AX; \
	SHRQ $48, AX; \
	MOVL AX, port-8(SP); \
	MOVL (const_passageValue+Passage_Lo)(CX), AX; \
	TESTL AX, AX; \
	JEQ  done; \
	MOVL AX, addr-12(SP)

// BETWEEN goes to done unless the passage CX is for packets from and to the addresses in AX, with
// the ports in ports, of the protocol of the key R14.
#define BETWEEN(ports) \
	CMPQ AX, const_passageEnds(CX); \
	JNE  done; \
	MOVL const_keyWho(R14), AX; \
	ANDL $const_whoProto, AX; \
	SHLQ $32, AX; \
	ORQ  ports, AX; \
	CMPQ AX, const_passagePorts(CX); \
	JNE  done

// PORT writes the port to an offset of DX, in the place of another, and adds the change to the
// change of a checksum in AX.
#define PORT(at) \
	MOVL    port-8(SP), R15; \
	ROLW    $8, R15; \
	MOVWLZX at(DX), CX; \
	MOVW    R15, at(DX); \
	NOTL    CX; \
	ADDW    CX, AX; \
	ADCW    R15, AX; \
	ADCW    $0, AX; \
	MOVWLZX AX, AX

// HEARD counts a packet of AX bytes on the part CX, whose counts are those of a direction, 0
// or 8, at the tick R15.
#define HEARD(way) \
	INCQ (const_connPackets+way)(CX); \
	ADDQ AX, (const_connBytes+way)(CX); \
	MOVL R15, const_connSeen(CX)

// WENT notes that the lowest frame in the set R9 went through.
#define WENT(w) \
	MOVQ R9, AX; \
	NEGQ AX; \
	ANDQ R9, AX; \
	ORQ  AX, (Worker_fast+fast_through)(w)

// CARRIES goes to a label unless the guest's port takes a frame of this length, as
// Queue.carries. CX becomes the length.
#define CARRIES(no) \
	MOVL const_keyWho(R14), AX; \
	ANDL $const_whoENI, AX; \
	MOVQ (R13)(AX*8), AX; \
	MOVL const_frameLen(SI), CX; \
	SUBL $50, CX; \
	CMPL CX, Queue_room(AX); \
	JGT  no

// COUNT takes the tunnel off and counts the packet, whose size is AX.
#define COUNT \
	ADDW $50, const_frameOff(SI); \
	MOVL CX, const_frameLen(SI); \
	INCQ const_connPackets(BX); \
	ADDQ AX, const_connBytes(BX); \
	MOVL Worker_tick(DI), AX; \
	MOVL AX, const_connSeen(BX)

// LEADS goes to done unless the way of the connection R15 is there, and carries the frame:
// DI becomes its station, X4 the hop's MAC and X5 the outer headers. The way carries a
// packet of this length, which is no more than 64 KB, and the uplink a frame (Queue.carries).
#define LEADS \
	MOVQ   R15, DI; \
	SHRQ   $const_statusExit, DI; \
	MOVL   DI, AX; \
	SHRL   $const_stationBits, AX; \
	CMPQ   AX, count+32(FP); \
	JCC    done; \
	MOVQ   stations+24(FP), CX; \
	MOVQ   (CX)(AX*8), AX; \
	ANDL   $const_stationMask, DI; \
	LEAQ   (DI)(DI*4), DI; \
	LEAQ   (AX)(DI*4), DI; \
	MOVWLZX const_stationVTEP(DI), AX; \
	MOVQ   AX, CX; \
	SHLQ   $6, CX; \
	ADDQ   (Worker_underlay+underlay_tunnels)(R12), CX; \
	MOVQ   CX, X5; \
	IMULQ  $hop__size, AX; \
	ADDQ   (Worker_underlay+underlay_hops)(R12), AX; \
	MOVQ   hop_mac(AX), AX; \
	TESTQ  AX, AX; \
	JEQ    done; \
	MOVQ   AX, X4; \
	MOVL const_frameLen(SI), CX; \
	LEAL -14(CX), AX; \
	CMPW AX, const_stationMTU(DI); \
	JHI  done; \
	ADDL $50, CX; \
	MOVQ (Worker_part+part_uplink)(R12), AX; \
	CMPL CX, Queue_room(AX); \
	JGT  done

// func steadyIn(w *worker, conns *flow.Conn, frames *pmd.Frame, todo uint64) (ready uint64)
TEXT ·steadyIn(SB), NOSPLIT, $64-40
	MOVQ w+0(FP), DI
	MOVQ conns+8(FP), R11
	MOVQ frames+16(FP), R8
	MOVQ todo+24(FP), R9
	XORQ R10, R10
	MOVQ (Worker_part+part_queues)(DI), R13

frame:
	LOWEST(DI)

	// As knownInbound: the connection's findings are of this policy, direction and tunnel
	// end. flow.Conn.Under says why the epoch is read first.
	MOVL   const_connEpoch(BX), AX
	CMPL   AX, Worker_epoch(DI)
	JNE    done
	MOVQ   const_connStatus(BX), R15
	TESTL  $const_statusWalkedIn, R15
	JEQ    done
	MOVWLZX const_frameOff(SI), DX
	ADDQ   (SI), DX
	MOVQ   R15, AX
	SHRQ   $const_statusVTEP, AX
	CMPQ   AX, (Worker_underlay+underlay_addrs+8)(DI)
	JCC    done
	MOVQ   (Worker_underlay+underlay_addrs)(DI), CX
	MOVL   (CX)(AX*4), AX
	BSWAPL AX
	CMPL   AX, 26(DX)
	JNE    done

	TESTL  $const_whoIPv6, const_keyWho(R14)
	JNE    six

	// As unpublished in Go: the edge may send to public addresses only.
	BSWAPL AX
	CMPL   AX, (Worker_underlay+underlay_edge)(DI)
	JEQ    edge

port:
	CARRIES(through)

	// The state stays.
	CMPB  73(DX), $6
	JNE   datagram
	SEGMENT(97, done)

count:
	MOVWLZX 66(DX), AX
	ROLW    $8, AX
	COUNT

	// A public destination becomes the private one; the checksums of IPv4, TCP and UDP
	// change with it.
	MOVL   const_keyLocal(R14), AX
	MOVL   80(DX), CX
	BSWAPL AX
	CMPL   AX, CX
	JEQ    next
	MOVL   AX, 80(DX)
	CHANGE
	UPDATE(74, BX, CX)
	CMPB   73(DX), $6
	JNE    udp
	UPDATE(100, BX, CX)

next:
	PASSED
	JNE frame

done:
	MOVQ R10, ready+32(FP)
	RET

edge:
	MOVL   80(DX), AX
	BSWAPL AX
	CMPL   AX, const_keyLocal(R14)
	JNE    port
	JMP    done

	// The initiator here is the remote side.
datagram:
	STAYS($const_udpOneWay, count)
	JMP  done

udp:
	UPDATEUDP(90, BX, CX, next)

	// The same for IPv6, whose addresses are never translated.
six:
	BSWAPL AX
	CMPL   AX, (Worker_underlay+underlay_edge)(DI)
	JNE    port6
	CMPB   88(DX), $0xfc
	JCC    done

port6:
	CARRIES(done)
	CMPB  (const_keyWho+3)(R14), $6
	JNE   datagram6
	SEGMENT(117, done)

count6:
	MOVWLZX 68(DX), AX
	ROLW    $8, AX
	ADDL    $40, AX
	COUNT
	JMP     next

datagram6:
	STAYS($const_udpOneWay, count6)
	JMP done

	// A packet from the outside to a Translator's ENI, whose queue is AX: the parts are BX, the
	// passage and the end, a guest of this card.
through:
	MOVQ  Queue_gate(AX), R12
	TESTQ R12, R12
	JEQ   done
	SUBL  $14, CX
	CMPL  CX, entrance_most(R12)
	JGT   done
	WANT(73, 97, wanted, wanted)

	// The head has what comes by a tunnel alone, so that UDP there is no stream.
wanted:
	MOVL R15, AX
	ANDL $const_statusSide, AX
	CMPL AX, $const_udpOneWay
	JEQ  known
	STATE

known:
	TRAIL(DI)
	MOVQ AX, trail-32(SP)
	PASSAGE(R12, $5, DI)
	MOVQ const_keyLocal(R14), AX
	ROLQ $32, AX
	MOVL const_keyPorts(R14), DX
	ROLL $16, DX
	BETWEEN(DX)
	MOVQ CX, passage-48(SP)

	// On from there to a guest of this card.
	MOVL R15, AX
	ANDL $const_statusWaysOut, AX
	CMPL AX, $const_statusWaysOut
	JNE  done
	SHRQ $const_statusExit, R15
	MOVL R15, R15
	MOVL const_keyWho(R14), AX
	ANDL $const_whoProto, AX
	ORL  R15, AX
	MOVL AX, who-24(SP)
	MOVQ (R13)(R15*8), AX
	TESTQ AX, AX
	JEQ  done
	MOVL const_frameLen(SI), CX
	SUBL $50, CX
	CMPL CX, Queue_room(AX)
	JGT  done
	IMULQ $guest__size, R15
	ADDQ (Worker_part+part_guests)(DI), R15
	SUBL $14, CX
	MOVWLZX guest_mtu(R15), AX
	CMPL CX, AX
	JGT  done
	MOVQ R15, guest-56(SP)

	MOVQ trail-32(SP), AX
	PART(trail_end, DI)
	STATE
	TESTL $const_statusWalkedIn, R15
	JEQ  done
	SHRQ $const_statusVTEP, R15
	JNE  done
	MOVL const_keyRemote(R14), AX
	MOVL addr-12(SP), DX
	SHLQ $32, AX
	ORQ  DX, AX
	KEYED(const_keyLocal)
	MOVL who-24(SP), AX
	SHLQ $32, AX
	MOVWLZX (const_keyPorts+2)(R14), DX
	SHLL $16, DX
	ORL  port-8(SP), DX
	ORQ  DX, AX
	KEYED(const_keyPorts)

	MOVWLZX const_frameOff(SI), DX
	ADDQ    (SI), DX
	MOVWLZX 66(DX), AX
	ROLW    $8, AX
	MOVL    Worker_tick(DI), R15
	HEARD(0)
	MOVQ    passage-48(SP), CX
	MOVL    R15, (const_passageValue+Passage_Seen)(CX)
	INCQ    const_connPackets(BX)
	ADDQ    AX, const_connBytes(BX)
	MOVL    R15, const_connSeen(BX)
	MOVL    const_frameLen(SI), CX
	SUBL    $64, CX
	INCQ    (entrance_passed+Passed_In+Traffic_Packets)(R12)
	ADDQ    CX, (entrance_passed+Passed_In+Traffic_Bytes)(R12)
	ADDL    $14, CX
	MOVL    CX, const_frameLen(SI)
	ADDW    $50, const_frameOff(SI)
	WENT(DI)
	MOVL    who-24(SP), AX
	MOVL    AX, const_keyWho(R14)

	MOVQ   guest-56(SP), R15
	MOVQ   guest_mac(R15), AX
	MOVQ   AX, 50(DX)
	MOVL   (guest_mac+8)(R15), AX
	MOVL   AX, 58(DX)
	MOVL   addr-12(SP), AX
	MOVL   80(DX), CX
	BSWAPL AX
	MOVL   AX, 80(DX)
	CHANGE
	UPDATE(74, BX, CX)
	PORT(86)
	CMPB   73(DX), $6
	JNE    udp
	UPDATE(100, BX, CX)
	JMP    next

// Once each is found, the frame's descriptor is at SI, its headers at DX, its key at R14
// and its connection at BX. The station is at DI until X3 holds it. X5 holds the address
// of the outer headers, which then is in DI, and X4 the hop's MAC.

// func steadyOut(w *worker, from *guest, conns *flow.Conn, stations **vpc.Stations, count int, frames *pmd.Frame, todo uint64) (ready uint64)
TEXT ·steadyOut(SB), NOSPLIT, $64-64
	MOVQ w+0(FP), R12
	MOVQ conns+16(FP), R11
	MOVQ frames+40(FP), R8
	MOVQ todo+48(FP), R9
	XORQ R10, R10
	MOVQ from+8(FP), R13

frame:
	LOWEST(R12)

	// As knownOutbound: the connection's findings are of this policy and direction, and lead
	// by the router into a tunnel; and the frame is for the router.
	MOVL   const_connEpoch(BX), AX
	CMPL   AX, Worker_epoch(R12)
	JNE    done
	MOVQ   const_connStatus(BX), R15
	MOVL   R15, AX
	ANDL   $const_statusWaysOut, AX
	CMPL   AX, $const_statusRoutedOut
	JNE    through
	MOVWLZX const_frameOff(SI), DX
	CMPL   DX, $50
	JLT    done
	ADDQ   (SI), DX
	MOVQ   0(DX), AX
	XORQ   guest_router(R13), AX
	SHLQ   $16, AX
	JNE    done
	LEADS

	TESTL $const_whoIPv6, const_keyWho(R14)
	JNE   six

	// The state stays.
	CMPB  23(DX), $6
	JNE   datagram
	SEGMENT(47, done)

address:
	TESTL $const_statusNAT, R15
	JEQ   count
	MOVL  26(DX), CX
	MOVL  CX, AX
	BSWAPL AX
	CMPL  AX, guest_primary(R13)
	JNE   done
	MOVL  guest_public(R13), AX
	BSWAPL AX
	MOVL  AX, 26(DX)
	CHANGE
	UPDATE(24, R15, CX)
	CMPB  23(DX), $6
	JNE   udp
	UPDATE(50, R15, CX)

count:
	MOVWLZX 16(DX), AX
	ROLW    $8, AX
	MOVWLZX 14(DX), R15

	// AX is the packet's size. R15 has its congestion mark, as IPv4 has it in these bytes.
leave:
	INCQ    (const_connPackets+8)(BX)
	ADDQ    AX, (const_connBytes+8)(BX)
	MOVL    Worker_tick(R12), AX
	MOVL    AX, const_connSeen(BX)

	// As wrap: the prebuilt outer headers, and over their end the station's VNI and inner
	// MACs. Then the fields that differ from packet to packet: both outer MACs, the
	// congestion mark, the lengths, the checksum, and the source port, which is entropy of
	// the key.
	MOVOU   0(DI), X3
	MOVQ    X5, DI
	MOVQ    X4, CX
	ANDL    $0x0300, R15
	MOVOU   0(DI), X0
	MOVOU   16(DI), X1
	MOVOU   32(DI), X2
	SUBQ    $50, DX
	MOVOU   X0, 0(DX)
	MOVOU   X1, 16(DX)
	MOVOU   X2, 32(DX)
	MOVOU   X3, 46(DX)
	ORQ     (Worker_underlay+underlay_source)(R12), CX
	MOVQ    CX, 0(DX)
	MOVL    (Worker_underlay+underlay_sourceRest)(R12), CX
	MOVL    CX, 8(DX)
	MOVL    const_frameLen(SI), CX
	SUBW    $50, const_frameOff(SI)
	ADDL    $50, CX
	MOVL    CX, const_frameLen(SI)
	SUBL    $14, CX
	MOVL    CX, AX
	ROLW    $8, AX
	MOVW    AX, 16(DX)
	ORW     R15, 14(DX)
	MOVWLZX 24(DI), BX
	NOTL    BX
	ADDW    AX, BX
	ADCW    R15, BX
	ADCW    $0, BX
	NOTL    BX
	MOVW    BX, 24(DX)
	SUBL    $20, CX
	ROLW    $8, CX
	MOVW    CX, 38(DX)
	MOVQ    DX, CX
	MOVQ    $0x9e3779b97f4a7c15, AX
	XORQ    0(R14), AX
	MOVQ    $0xd1b54a32d192ed03, DX
	XORQ    8(R14), DX
	MULQ    DX
	XORL    DX, AX
	ORL     $0xc000, AX
	ROLW    $8, AX
	MOVW    AX, 34(CX)

	PASSED
	JNE frame

done:
	MOVQ R10, ready+56(FP)
	RET

datagram:
	STAYS($const_udpAsked, address)
	JMP done

udp:
	UPDATEUDP(40, R15, CX, count)

	// The same for IPv6, whose addresses are never translated.
six:
	TESTL $const_statusNAT, R15
	JNE   done
	CMPB  (const_keyWho+3)(R14), $6
	JNE   datagram6
	SEGMENT(67, done)

count6:
	MOVWLZX 18(DX), AX
	ROLW    $8, AX
	ADDL    $40, AX
	MOVWLZX 14(DX), R15
	SHRL    $4, R15
	JMP     leave

datagram6:
	STAYS($const_udpAsked, count6)
	JMP done

	// A packet to a Translator's ENI: the parts are BX and the passage.
through:
	CMPL    AX, $const_statusWaysOut
	JNE     done
	MOVWLZX const_frameOff(SI), DX
	CMPL    DX, $50
	JLT     done
	ADDQ    (SI), DX
	MOVQ    0(DX), AX
	XORQ    guest_router(R13), AX
	SHLQ    $16, AX
	JNE     done
	TESTL   $const_whoIPv6, const_keyWho(R14)
	JNE     done
	WANT(23, 47, wanted, wanted)

wanted:
	STATE
	SHRQ $const_statusExit, R15
	MOVL R15, R15
	MOVQ (Worker_part+part_queues)(R12), AX
	MOVQ (AX)(R15*8), AX
	TESTQ AX, AX
	JEQ  done
	MOVQ Queue_gate(AX), DI
	TESTQ DI, DI
	JEQ  done
	MOVL const_frameLen(SI), AX
	SUBL $14, AX
	CMPL AX, entrance_most(DI)
	JGT  done
	MOVL const_keyWho(R14), AX
	ANDL $const_whoProto, AX
	ORL  R15, AX
	SHLQ $32, AX
	MOVQ AX, who-24(SP)

	TRAIL(R12)
	PASSAGE(DI, $7, R12)
	MOVQ const_keyLocal(R14), AX
	MOVL const_keyPorts(R14), DX
	BETWEEN(DX)
	MOVQ CX, passage-48(SP)
	MOVL R15, AX
	ANDL $const_statusWaysHere, AX
	CMPL AX, $const_statusWayHere
	JNE  done

	// The packet's key on the way on, for its entropy.
	MOVL const_keyRemote(R14), AX
	SHLQ $32, AX
	MOVL addr-12(SP), DX
	ORQ  DX, AX
	MOVQ AX, key-40(SP)
	MOVWLZX (const_keyPorts+2)(R14), AX
	SHLL $16, AX
	ORL  port-8(SP), AX
	ORQ  who-24(SP), AX
	MOVQ AX, keyPorts-32(SP)
	MOVWLZX const_frameOff(SI), DX
	ADDQ (SI), DX
	MOVQ DI, gate-64(SP)
	LEADS

	// The source becomes the passage's, or the public address of that.
	MOVL  addr-12(SP), AX
	TESTL $const_statusNAT, R15
	JEQ   source
	MOVL  whoHigh-20(SP), CX
	ANDL  $const_whoENI, CX
	IMULQ $guest__size, CX
	ADDQ  (Worker_part+part_guests)(R12), CX
	CMPL  AX, guest_primary(CX)
	JNE   done
	MOVL  guest_public(CX), AX

source:
	MOVL   26(DX), CX
	BSWAPL AX
	MOVL   AX, 26(DX)
	CHANGE
	UPDATE(24, R15, CX)
	PORT(34)
	CMPB   23(DX), $6
	JNE    datagramThrough
	UPDATE(50, R15, CX)

countThrough:
	MOVWLZX 16(DX), AX
	ROLW    $8, AX
	MOVL    Worker_tick(R12), R15
	MOVQ    passage-48(SP), CX
	MOVL    R15, (const_passageValue+Passage_Seen)(CX)
	MOVQ    gate-64(SP), CX
	MOVL    const_frameLen(SI), AX
	SUBL    $14, AX
	INCQ    (entrance_passed+Passed_Out+Traffic_Packets)(CX)
	ADDQ    AX, (entrance_passed+Passed_Out+Traffic_Bytes)(CX)
	WENT(R12)
	LEAQ    key-40(SP), R14
	JMP     count

datagramThrough:
	UPDATEUDP(40, R15, CX, countThrough)
