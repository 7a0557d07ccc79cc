package explain

// Question is one connection's first packet.
type Question struct {
	From   string // ID of the ENI whose guest sends the packet; "": a host on the internet does
	To     string // ID of the ENI whose guest the packet is for; "": it is for a host on the internet
	Packet Packet // as the sender sends it
	Anyone bool   // the host on the internet stands for all of them
}

// Path is what became of a packet, and of the answer to it.
type Path struct {
	Question
	Forward   []Hop
	End       End
	Return    []Hop // none if the packet did not arrive, or arrived beyond the configuration
	ReturnEnd End
}

// Unknown tells whether the packet is for an ENI of the configuration, and left by an exit. Whether
// what is beyond the exit sends the packet on to the ENI, nobody knows.
func (p *Path) Unknown() bool { return p.End.Arrived() && p.End.Exit != "" && p.To != "" }

// Reachable tells whether the packet arrived where it was for, and its answer where the packet came
// from. Of what is beyond the configuration nobody knows the answer, and a service of the sender's
// own card answers without a way back.
func (p *Path) Reachable() bool {
	return p.There() && (p.End.Exit != "" || p.End.Service || p.Back())
}

// There tells whether the packet arrived where it was for.
func (p *Path) There() bool {
	if p.End.Service {
		return p.To == "" && p.End.ENI == p.From
	}
	return p.End.Arrived() && !p.Unknown() && (p.End.Exit != "" || p.End.ENI == p.To && p.End.Internet == (p.To == ""))
}

// Back tells whether the answer arrived where the packet came from, as an answer to it.
func (p *Path) Back() bool {
	want, got := p.Packet.Answer(), p.ReturnEnd.Packet
	return p.ReturnEnd.Arrived() && p.ReturnEnd.ENI == p.From && p.ReturnEnd.Internet == (p.From == "") &&
		got.Src == want.Src && got.Dst == want.Dst && got.SrcPort == want.SrcPort && got.DstPort == want.DstPort
}

// Explain sends a question's packet and, where it arrives, the answer of who receives it.
func (n *Network) Explain(q Question) (p *Path, err error) {
	err = n.withCards(func() error {
		n.forget()
		p = &Path{Question: q}
		if p.Forward, p.End, err = n.send(q.From, q.Packet); err != nil || !p.End.Arrived() || p.End.Exit != "" || p.End.Service {
			return err
		}
		p.Return, p.ReturnEnd, err = n.send(p.End.ENI, p.End.Packet.Answer())
		return err
	})
	return p, err
}

// forget has every card forget its connections. A NAT gateway gives room free only while others
// take some, so its card ends, and another one comes. So does the card whose service may still answer.
func (n *Network) forget() {
	n.now += between
	for number, h := range n.hosts {
		if h.inside == nil || h.served {
			_ = h.card.Close()
			delete(n.hosts, number)
			continue
		}
		for h.card.Poll(n.now) > 0 {
		}
		h.drain()
	}
	if n.edge != nil {
		n.edge.card.Poll(n.now)
		n.edge.drain()
	}
}
