//go:build linux

package lab

import (
	"net/netip"
	"sync/atomic"

	"nitrocard/sim/netlab"
)

// visitor is whoever speaks to guests from a host: the client on the
// internet, or another guest.
type visitor struct {
	*netlab.Host
	addr  netip.Addr
	gate  *netlab.Host // where the visitor's cable ends
	link  string       // at the gate
	ports *sourcePorts
}

// sourcePorts hands out the source ports of a run, none of them twice. They
// begin where neither services nor the kernel's own choices are.
type sourcePorts struct{ given atomic.Uint32 }

const firstSourcePort = 20000

func (p *sourcePorts) next() uint16 { return uint16(firstSourcePort - 1 + p.given.Add(1)) }
