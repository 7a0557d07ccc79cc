package pipeline

import (
	"cmp"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// Translation is a connection through a Translator: of two, of which the Translator is the other end of each.
//
//	Host ── inner leg ──▶ Translator's ENI ── outer leg, from Own ──▶ Remote
//
// Of an ICMP query the identifiers are the ports of Host and Own, and the query's type is Remote's.
type Translation struct {
	Proto     uint8  // as the outside has it
	Host, Own Socket // Host may have IPv6 (NAT64)
	Remote    Socket
	State     flow.State
	Seen      uint32 // tick of the last packet of either direction
}

// Known is the connection as the record of the Translator's ENI, of a number, that the host's packets would
// leave there if the host were its guest.
func (t *Translation) Known(eni uint32) Known {
	k := leg{local: t.Host, remote: t.Remote, proto: t.Proto}.known(eni, wire.Out)
	k.Conn = flow.Untracked(wire.Out, t.State, t.Seen)
	return k
}

// Through is what the connection's next packet of a direction, Out being that from the host, would meet
// at the Translator's ENI, of a number: on its way in and, if the stages let it pass, on its way out.
func (r *DryRun) Through(t *Translation, eni uint32, d wire.Direction) Judgement {
	inner := leg{local: t.Remote, remote: t.Host, proto: t.Proto}.known(eni, wire.In)
	outer := leg{local: t.Own, remote: t.Remote, proto: t.Proto}.known(eni, wire.Out)
	for _, k := range []*Known{&inner, &outer} {
		ends := r.worker.flows.Fold(&k.Pair)
		k.Key.Local, k.Key.Remote = ends.Local, ends.Remote
	}
	comes, goes := &inner, &outer
	if d == wire.In {
		comes, goes = goes, comes
	}
	in := r.Next(comes, wire.In)
	if in.Verdict != Sent {
		return in
	}
	if d == wire.In && r.packet.pair.Local != t.Own.Addr {
		return Judgement{Verdict: NATUnknown} // the answers are for a public address that stands for Own no more
	}
	out := r.Next(goes, wire.Out)
	out.First = cmp.Or(out.First, in.First)
	return out
}

// leg is a half of a Translation at the Translator's ENI.
type leg struct {
	local, remote Socket
	proto         uint8
}

// known is the leg as a connection that began in a direction. Its key lacks the addresses.
func (l leg) known(eni uint32, begins wire.Direction) (k Known) {
	v6 := !l.local.Addr.Is4() || !l.remote.Addr.Is4()
	if v6 {
		l.local.Addr, l.remote.Addr = converted(l.local.Addr), converted(l.remote.Addr)
	}
	ends := flow.Ends{LocalPort: l.local.Port, RemotePort: l.remote.Port}
	if l.proto == wire.ProtoICMP {
		query, identifier := l.remote.Port, l.local.Port
		if begins == wire.In {
			query, identifier = identifier, query
		}
		if v6 {
			l.proto, query = wire.ProtoICMPv6, uint16(wire.ICMPv6Echo)
		}
		ends.LocalPort, ends.RemotePort = identifier, query<<8|1+uint16(begins)
	}
	k.Pair = flow.Pair{Local: l.local.Addr, Remote: l.remote.Addr}
	k.Key.Set(eni, l.proto, ends)
	if v6 {
		k.Key.Who |= flow.WhoIPv6
	}
	k.Conn = flow.Untracked(begins, flow.None, 0)
	return k
}

// converted is an address as a packet of IPv6 has it.
func converted(a wire.Addr) wire.Addr {
	if a.Is4() {
		return a.Converted()
	}
	return a
}
