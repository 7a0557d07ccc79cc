package explain

import (
	"fmt"
	"net/netip"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// fall is where a path's packet, or its answer, fell.
type fall struct {
	*Network
	path   *Path
	hop    *Hop
	pass   *Pass
	answer bool // the answer fell
}

// fallOf is where a path ended early; nil if no card dropped the packet.
func (n *Network) fallOf(p *Path) *fall {
	hops, answer := p.Forward, false
	if p.There() {
		hops, answer = p.Return, true
	}
	if len(hops) == 0 {
		return nil
	}
	last := &hops[len(hops)-1]
	if pass := last.dropped(); pass != nil {
		return &fall{n, p, last, pass, answer}
	}
	return nil
}

// remote is the address at the other end, as the stages of the ENI saw it.
func (f *fall) remote() netip.Addr {
	if f.pass.Direction == wire.Out {
		return f.pass.Packet.Dst
	}
	return f.pass.Packet.Src
}

// block is the smallest block for rules: the other end's address, or all if it stands for all.
func (f *fall) block() netip.Prefix {
	a := f.remote()
	if q := &f.path.Question; q.Anyone && (q.From == "" && a == q.Packet.Src || q.To == "" && a == q.Packet.Dst) {
		return netip.PrefixFrom(a, 0).Masked()
	}
	return netip.PrefixFrom(a, a.BitLen())
}

// service is the packet's protocol and port, or ICMP type, as a rule has them.
func (f *fall) service() (proto string, from, to *int, text string) {
	p := &f.pass.Packet
	proto = wire.ProtocolName(p.Protocol)
	switch {
	case p.hasPorts():
		lo, hi := int(p.DstPort), int(p.DstPort)
		if f.answer && f.path.Packet.SrcPort >= Ephemeral { // clients choose among many, and NAT gateways from 1024 on
			lo, hi = 1024, 65535
		}
		if text = fmt.Sprintf("%s %d", proto, lo); lo != hi {
			text += fmt.Sprintf("-%d", hi)
		}
		return proto, &lo, &hi, text
	case p.isICMP():
		kind, code := int(p.Type), -1
		return proto, &kind, &code, fmt.Sprintf("%s type %d", proto, kind)
	}
	return proto, nil, nil, "protocol " + proto
}

// editENI is a change of the ENI at which the packet fell.
func (f *fall) editENI(text string, edit func(*ec2.NetworkInterface)) []Change {
	return f.editObject(f.hop.ENI.ID, text, edit)
}

// editObject is a change of an ENI.
func (f *fall) editObject(eni, text string, edit func(*ec2.NetworkInterface)) []Change {
	was, ok := f.base.Edit("NetworkInterfaces", eni).Object.(*ec2.NetworkInterface)
	if !ok {
		return nil
	}
	next := *was
	edit(&next)
	return []Change{{Text: text, Edits: []vpc.Edit{{Kind: "NetworkInterfaces", ID: eni, Object: &next}}}}
}

// openMail lifts the block of port 25, which AWS does if asked.
func (f *fall) openMail() []Change {
	p, ok := f.base.Edit(vpc.KindRegionPlacement, "").Object.(*vpc.Placement)
	if !ok {
		return nil
	}
	next := *p
	next.Port25 = "open"
	return []Change{{Text: "ask AWS to lift the block of TCP port 25 (here: Placement, Port25: open)", Edits: []vpc.Edit{{Kind: vpc.KindRegionPlacement, Object: &next}}}}
}
