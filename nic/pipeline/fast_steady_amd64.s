//go:build !race

#include "go_asm.h"
#include "textflag.h"

// UPDATE applies a change of the summed bytes, which CHANGE left in AX, to the checksum at
// an offset of DX: takes it away, and the borrow once more (RFC 1624 equation 4).
#define UPDATE(at) \
	SUBW AX, at(DX); \
	SBBW $0, at(DX)

// UPDATEUDP is UPDATE for the checksum of UDP, of which 0 is none, and stays none (RFC 768). It
// goes on at out.
#define UPDATEUDP(at, out) \
	CMPW at(DX), $0; \
	JEQ  out; \
	UPDATE(at); \
	CMPW at(DX), $0; \
	JNE  out; \
	MOVW $0xffff, at(DX); \
	JMP  out

// CHANGE makes AX, the new address, the change of a checksum from CX, the old address, to
// AX, for UPDATE.
#define CHANGE \
	SUBL CX, AX; \
	SBBL $0, AX; \
	MOVL AX, CX; \
	SHRL $16, CX; \
	ADDW CX, AX; \
	ADCW $0, AX

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

// PASSED takes the lowest frame out of the set R9. The zero flag says that R9 is empty.
#define PASSED \
	LEAQ -1(R9), AX; \
	ANDQ AX, R9

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
// goes to done where the Go has to look. Of UDP the assembly takes streams alone. The passage is at
// BP.

// TRAIL makes AX the index of the connection of the lowest frame in the set R9, and BP the first trail.
#define TRAIL(w) \
	TZCNTQ R9, AX; \
	MOVL   (Worker_fast+fast_gather+gather_at)(w)(AX*4), AX; \
	MOVQ   Worker_trails(w), BP

// PASSAGE makes BP the key of the passage whose index BP is, and X9 ones if the passage lives,
// knows its way under the policy in force, had a packet of late, and is the assembly's to serve:
// four words that X10 and X11 are for (FRESH). gate is the Translator's entrance. Next the assembly
// loads what the passage says, and then BETWEEN follows.
//
// A passage may end beside this, and its place become another's after the burst. The proof that it
// is the packet's is the order of loads, which a processor of this kind keeps, as it keeps 16
// aligned bytes together. The table writes over the key of a passage that ends, before it makes the
// value zero; BETWEEN loads the key last, so all other words were loaded before the end. Insert
// writes the key first, and the stages find a way later; the epoch is loaded first, so the passage
// was whole. Of the way, the epoch is loaded before, and what leaves after (Passage.keep).
#define PASSAGE(gate) \
	CMPL    BP, entrance_room(gate); \
	JCC     done; \
	SHLQ    $6, BP; \
	ADDQ    entrance_first(gate), BP; \
	MOVO    (const_passageValue+Passage_Epoch)(BP), X9; \
	PSUBL   X10, X9; \
	PCMPGTL X11, X9

// FRESH makes X10 and X11 what PASSAGE compares a passage's words Epoch, Leaves, Seen and State
// with, all at once: less those of X10, each is more than that of X11, as signed numbers. State
// passes with the wanted highest bits of three, which turned makes the greatest numbers. Leaves
// passes unless it is the least number, which no frame's way has.
#define FRESH(w, turned) \
	MOVL       Worker_epoch(w), X10; \
	MOVL       Worker_tick(w), AX; \
	MOVQ       turned, CX; \
	ORQ        CX, AX; \
	MOVQ       AX, X0; \
	PUNPCKLQDQ X0, X10; \
	MOVOU      freshness<>(SB), X11

DATA freshness<>+0(SB)/8, $const_freshWay
DATA freshness<>+8(SB)/8, $const_freshState
GLOBL freshness<>(SB), RODATA|NOPTR, $16

// BETWEEN leaves X9 ones if the passage BP is for what X0 has: addresses, ports and protocol of a
// PassageKey.
#define BETWEEN \
	PCMPEQB 0(BP), X0; \
	PAND    X0, X9

// ONES goes to done unless X9 is ones.
#define ONES \
	PMOVMSKB X9, AX; \
	CMPL     AX, $0xffff; \
	JNE      done

// Masks of a flow.Key. A PassageKey has all but the ENI; the key of the same packets at another ENI has the
// remote socket and the protocol.
DATA ofPassage<>+0(SB)/8, $-1
DATA ofPassage<>+8(SB)/8, $0xff000000ffffffff
GLOBL ofPassage<>(SB), RODATA|NOPTR, $16
DATA ofRemote<>+0(SB)/8, $0xffffffff00000000
DATA ofRemote<>+8(SB)/8, $0xff000000ffff0000
GLOBL ofRemote<>(SB), RODATA|NOPTR, $16

// Mask of the words Epoch, Seen and Status of a connection whose remote side a router of this card
// brings packets from (fromHere): the epoch, the state, and the findings that StatusVTEP begins.
DATA ofEnd<>+0(SB)/8, $0xffffffff
DATA ofEnd<>+8(SB)/8, $const_statusEnd
GLOBL ofEnd<>(SB), RODATA|NOPTR, $16

// END makes x what ofEnd leaves of an end under the policy in force.
#define END(x, status) \
	MOVL       Worker_epoch(DI), x; \
	MOVQ       status, AX; \
	MOVQ       AX, X0; \
	PUNPCKLQDQ X0, x

// PORT writes a port to an offset of DX, in the place of another, and adds the change to the
// change of a checksum in AX.
#define PORT(port, at) \
	ROLW    $8, port; \
	MOVWLZX at(DX), CX; \
	MOVW    port, at(DX); \
	ADDW    port, AX; \
	ADCW    $0, AX; \
	SUBW    CX, AX; \
	SBBW    $0, AX

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

// LEAVE counts the packet, whose size is AX and whose congestion mark R15 has, as IPv4 has it in these
// bytes, and puts it into a tunnel; but for the outer source port.
//
// As wrap: the prebuilt outer headers, and over their end the station's VNI and inner
// MACs. Then the fields that differ from packet to packet: both outer MACs, the
// congestion mark, the lengths and the checksum.
#define LEAVE \
	INCQ    (const_connPackets+8)(BX); \
	ADDQ    AX, (const_connBytes+8)(BX); \
	MOVL    Worker_tick(R12), AX; \
	MOVL    AX, const_connSeen(BX); \
	MOVOU   0(DI), X3; \
	MOVQ    X5, DI; \
	MOVQ    X4, CX; \
	ANDL    $0x0300, R15; \
	MOVOU   0(DI), X0; \
	MOVOU   16(DI), X1; \
	MOVOU   32(DI), X2; \
	SUBQ    $50, DX; \
	MOVOU   X0, 0(DX); \
	MOVOU   X1, 16(DX); \
	MOVOU   X2, 32(DX); \
	MOVOU   X3, 46(DX); \
	ORQ     (Worker_underlay+underlay_source)(R12), CX; \
	MOVQ    CX, 0(DX); \
	MOVL    (Worker_underlay+underlay_sourceRest)(R12), CX; \
	MOVL    CX, 8(DX); \
	MOVL    const_frameLen(SI), CX; \
	SUBW    $50, const_frameOff(SI); \
	ADDL    $50, CX; \
	MOVL    CX, const_frameLen(SI); \
	SUBL    $14, CX; \
	MOVL    CX, AX; \
	ROLW    $8, AX; \
	MOVW    AX, 16(DX); \
	ORW     R15, 14(DX); \
	MOVWLZX 24(DI), BX; \
	NOTL    BX; \
	ADDW    AX, BX; \
	ADCW    R15, BX; \
	ADCW    $0, BX; \
	NOTL    BX; \
	MOVW    BX, 24(DX); \
	SUBL    $20, CX; \
	ROLW    $8, CX; \
	MOVW    CX, 38(DX)

// func steadyIn(w *worker, conns *flow.Conn, frames *pmd.Frame, todo uint64) (ready uint64)
TEXT ·steadyIn(SB), NOSPLIT, $8-40
	MOVQ w+0(FP), DI
	MOVQ conns+8(FP), R11
	MOVQ frames+16(FP), R8
	MOVQ todo+24(FP), R9
	MOVQ (Worker_part+part_queues)(DI), R13
	MOVOU ofPassage<>(SB), X7
	MOVOU ofRemote<>(SB), X6
	MOVOU ofEnd<>(SB), X5
	FRESH(DI, $0)
	END(X12, $const_statusEndTCP)
	END(X13, $const_statusEndUDP)

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
	UPDATE(74)
	CMPB   73(DX), $6
	JNE    udp
	UPDATE(100)

next:
	PASSED
	JNE frame

done:
	XORQ todo+24(FP), R9
	MOVQ R9, ready+32(FP)
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
	UPDATEUDP(90, next)

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
	CMPB  R15, $const_established
	JNE   stream
	TESTB $7, 97(DX)
	JNE   done
	MOVO  X12, X3

known:
	TRAIL(DI)
	MOVL  trail_end(BP)(AX*8), R10
	MOVL  trail_passage(BP)(AX*8), BP
	PASSAGE(R12)

	// On from there to a guest of this card. X8 becomes the passage's socket and the guest's number, each where
	// a flow.Key has it.
	MOVO   (const_passageValue+Passage_End)(BP), X0
	PEXTRW $4, X0, AX
	TESTL  $const_statusNeighbor, AX
	JEQ    done
	CMPW   CX, (const_passageValue+Passage_Leaves+2)(BP)
	JHI    done
	PSRLQ  $const_statusExit, X0
	MOVL   (const_passageValue+Passage_Lo)(BP), X8
	SHUFPS $0x94, X0, X8

	// The packet comes from the remote socket, and is for the local one.
	MOVOU   0(R14), X2
	PSHUFD  $0xe1, X2, X0
	PSHUFHW $0xe1, X0, X0
	PAND    X7, X0
	BETWEEN

	// The end, R10, is a TCP connection or a stream of UDP, of which X3 has the epoch and the status. Its key
	// is of the passage's socket, the packet's remote socket and protocol, and the ENI, which R15 becomes.
	SHLQ    $6, R10
	ADDQ    R11, R10
	MOVO    const_connEpoch(R10), X1
	PAND    X5, X1
	PCMPEQL X3, X1
	PAND    X1, X9
	PAND    X6, X2
	POR     X8, X2
	PCMPEQB -const_keySize(R10), X2
	PAND    X2, X9
	ONES
	MOVL    (const_keyWho-const_keySize)(R10), R15
	ANDL    $const_whoENI, R15
	MOVQ    (R13)(R15*8), AX
	TESTQ   AX, AX
	JEQ     done
	CMPL    CX, Queue_room(AX)
	JGT     done
	MOVL    R15, const_keyWho(R14) // for putIn

	// Each part counts the packet.
	MOVWLZX 66(DX), AX
	ROLW    $8, AX
	INCQ    const_connPackets(R10)
	ADDQ    AX, const_connBytes(R10)
	INCQ    const_connPackets(BX)
	ADDQ    AX, const_connBytes(BX)
	MOVL    Worker_tick(DI), AX
	MOVL    AX, const_connSeen(R10)
	MOVL    AX, const_connSeen(BX)
	MOVL    AX, (const_passageValue+Passage_Seen)(BP)
	MOVL    CX, const_frameLen(SI)
	ADDW    $50, const_frameOff(SI)
	INCQ    (entrance_passed+Passed_In+Traffic_Packets)(R12)
	ADDQ    CX, (entrance_passed+Passed_In+Traffic_Bytes)(R12)

	// The end's MACs and socket. The socket comes from the key, which is known earlier than the passage.
	SHLQ   $7, R15
	ADDQ   (Worker_part+part_guests)(DI), R15
	MOVQ   guest_mac(R15), AX
	MOVQ   AX, 50(DX)
	MOVL   (guest_mac+8)(R15), AX
	MOVL   AX, 58(DX)
	MOVL   (const_keyLocal-const_keySize)(R10), AX
	MOVWLZX (const_keyPorts-const_keySize)(R10), R10
	MOVL   80(DX), CX
	BSWAPL AX
	MOVL   AX, 80(DX)
	CHANGE
	UPDATE(74)
	PORT(R10, 86)
	CMPB   73(DX), $6
	JNE    udp
	UPDATE(100)
	PASSED
	JNE frame
	JMP done

	// The head has what comes by a tunnel alone, so that UDP there is no stream.
stream:
	MOVO X13, X3
	STAYS($const_udpOneWay, known)
	JMP done

// Once each is found, the frame's descriptor is at SI, its headers at DX, its key at R14
// and its connection at BX. The station is at DI until X3 holds it. X5 holds the address
// of the outer headers, which then is in DI, and X4 the hop's MAC.

// func steadyOut(w *worker, from *guest, conns *flow.Conn, stations **vpc.Stations, count int, frames *pmd.Frame, todo uint64) (ready uint64)
TEXT ·steadyOut(SB), NOSPLIT, $0-64
	MOVQ w+0(FP), R12
	MOVQ conns+16(FP), R11
	MOVQ frames+40(FP), R8
	MOVQ todo+48(FP), R9
	MOVQ from+8(FP), R13
	MOVOU ofPassage<>(SB), X7
	FRESH(R12, $0x8000000000000000)

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
	UPDATE(24)
	CMPB  23(DX), $6
	JNE   udp
	UPDATE(50)

count:
	MOVWLZX 16(DX), AX
	ROLW    $8, AX
	MOVWLZX 14(DX), R15

leave:
	LEAVE

	// The source port is entropy of the key.
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
	XORQ todo+48(FP), R9
	MOVQ R9, ready+56(FP)
	RET

datagram:
	STAYS($const_udpAsked, address)
	JMP done

udp:
	UPDATEUDP(40, count)

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
	CMPB    R15, $const_established
	JNE     stream
	TESTB   $7, 47(DX)
	JNE     done

	// R10 becomes the number of the Translator's ENI, and DI its entrance.
known:
	SHRQ $const_statusExit, R15
	MOVL R15, R10
	MOVQ (Worker_part+part_queues)(R12), AX
	MOVQ (AX)(R10*8), AX
	TESTQ AX, AX
	JEQ  done
	MOVQ Queue_gate(AX), DI
	TESTQ DI, DI
	JEQ  done
	TRAIL(R12)
	MOVL trail_passage(BP)(AX*8), BP
	PASSAGE(DI)
	MOVQ (const_passageValue+Passage_Way)(BP), R15
	MOVL (const_passageValue+Passage_Leaves)(BP), AX
	MOVL AX, X6
	SHRL $16, AX
	CMPL AX, const_frameLen(SI)
	JLT  done
	MOVL   (const_passageValue+Passage_Lo)(BP), X8
	PINSRW $4, (const_passageValue+Passage_End+6)(BP), X8

	// The packet comes from the local socket, and is for the remote one.
	MOVOU 0(R14), X0
	PAND  X7, X0
	BETWEEN
	ONES
	MOVL R15, AX
	ANDL $const_statusWaysHere, AX
	CMPL AX, $const_statusWalkedIn
	JNE  done
	MOVQ DI, R14
	LEADS

	// The source becomes the passage's, or the public address of that. R15 becomes the port, and R14 is
	// the entrance.
	MOVL  X8, AX
	TESTL $const_statusNAT, R15
	JEQ   source
	IMUL3Q $guest__size, R10, CX
	ADDQ  (Worker_part+part_guests)(R12), CX
	CMPL  AX, guest_primary(CX)
	JNE   done
	MOVL  guest_public(CX), AX

source:
	PEXTRW  $4, X8, R15
	MOVL    26(DX), CX
	BSWAPL  AX
	MOVL    AX, 26(DX)
	CHANGE
	UPDATE(24)
	PORT(R15, 34)
	CMPB    23(DX), $6
	JNE     datagramThrough
	UPDATE(50)

countThrough:
	MOVL    Worker_tick(R12), CX
	MOVL    CX, (const_passageValue+Passage_Seen)(BP)
	MOVL    const_frameLen(SI), AX
	INCQ    (entrance_passed+Passed_Out+Traffic_Packets)(R14)
	ADDQ    AX, (entrance_passed+Passed_Out+Traffic_Bytes)(R14)
	MOVWLZX 16(DX), AX
	ROLW    $8, AX
	MOVWLZX 14(DX), R15
	LEAVE
	MOVL    X6, AX
	ROLW    $8, AX
	MOVW    AX, 34(DX)
	PASSED
	JNE frame
	JMP done

datagramThrough:
	UPDATEUDP(40, countThrough)

stream:
	CMPB R15, $const_udpStream
	JEQ  known
	JMP  done
