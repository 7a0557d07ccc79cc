package oracle

import "nitrocard/nic/wire"

// lengths are around what some part of a way carries.
var lengths = []int{1260, 1280, 1281, 1480, 1481, 1500, 1501, 1520, 1521, 4000, 8480, 8500, 8501, 8520, 8521, 9001, 9002, 9030}

// lengthen makes some packets long, those from the internet no longer than it carries.
func (g *generator) lengthen(p *Packet, internet bool) {
	if !g.oneIn(12) || p.Type == Timestamp {
		return
	}
	p.Len = one(g.dice, lengths)
	if internet {
		p.Len = min(p.Len, mtuInternet)
	}
	p.DF = p.Src.Is4() && g.oneIn(2)
}

// isTold tells whether an ICMP error is the one that a sender is to get. A router without an address of the
// family may answer from any.
func isTold(got, right Packet) bool {
	if !right.Src.IsValid() {
		right.Src = got.Src
	}
	return same(got, right)
}

// mayBeCut tells whether a router may cut a packet into fragments.
func (p Packet) mayBeCut() bool { return p.Src.Is4() && !p.DF && p.Len > mtuInternet }

// longestOf is the length of the longest of some frames, in bytes of IP.
func longestOf(frames [][]byte) (n int) {
	for _, f := range frames {
		n = max(n, len(f)-wire.EthernetLen)
	}
	return n
}
