package oracle

// Piece is the place of a fragment in its datagram: Len bytes of what follows the IP header, from At on.
type Piece struct {
	At, Len int
	More    bool // others follow
}

// end is where the piece ends.
func (f Piece) end() int { return f.At + f.Len }

// mostOfPacket is how long an IP packet may be (RFC 791 section 3.1, RFC 8200 section 4.5).
const mostOfPacket = 65535

// least is how many bytes a first fragment has at least: those of a whole header of what it carries, which rules ask.
var least = map[uint8]int{TCP: 20, UDP: 8, ICMP: 8, ICMPv6: 8}

// isTiny tells whether a fragment "splits" the header of what the datagram carries, so that no rule can ask for it: "IF
// FRAGMENT OFFSET=0 and PROTOCOL=TCP and TRANSPORTLEN < tmin then DROP PACKET", and "IF FRAGMENT OFFSET=1 and PROTOCOL=TCP
// then DROP PACKET" (RFC 1858 sections 3.3 and 3.4), of other protocols too.
func (f Piece) isTiny(proto uint8) bool {
	return f.At == 0 && f.Len < least[proto] || f.At == 8 && proto == TCP
}

// isSound tells whether a receiver can put a fragment together with others: its end is within a packet, and others follow
// on a multiple of 8 bytes.
func (f Piece) isSound() bool {
	return f.Len > 0 && f.end() <= mostOfPacket && (!f.More || f.Len%8 == 0)
}

// reassembly is what a datagram's receiver has of it. Ours, for AWS documents nothing: fragments "share the verdict of their
// first, and pass in order, each byte once; one that comes early waits".
type reassembly struct {
	begun, over bool
	next        int     // where the next fragment begins
	early       []Piece // wait for those before them
	passed      []Piece
}

// Passing are the fragments that arrive of those that came, if the packet passes: what the receiver puts together is what was judged.
func (p Packet) Passing(came []Piece) []Piece {
	r := &reassembly{}
	for _, f := range came {
		if !f.isTiny(p.Proto) && f.isSound() {
			r.add(f)
		}
	}
	return r.passed
}

// add takes a fragment that came.
func (r *reassembly) add(f Piece) {
	switch {
	case f.At == 0 && (!r.begun || r.over):
		r.begun, r.over, r.next = true, false, 0
		r.pass(f)
	case !r.begun || f.At > r.next && !r.over:
		r.early = append(r.early, f)
	case f.At == r.next && !r.over:
		r.pass(f)
	}
}

// pass lets a fragment on, and those that waited for it.
func (r *reassembly) pass(f Piece) {
	r.passed = append(r.passed, f)
	r.next, r.over = f.end(), !f.More
	early := r.early
	r.early = nil
	for _, f := range early {
		r.add(f)
	}
}
