//go:build linux

package lab

import (
	"errors"
	"fmt"
	"os"

	"nitrocard/pmd/dpdk"
	"nitrocard/sim/netlab"
	"nitrocard/sim/router"
)

// check refuses what this build or this user cannot have, before anything is
// built.
func (o Options) check() error {
	switch o.Driver {
	case "", AFPacket:
	case DPDK:
		if err := dpdk.Missing(); err != nil {
			return fmt.Errorf("the lab on DPDK ports: %w", err)
		}
		if os.Geteuid() != 0 {
			return errors.New("the lab on DPDK ports needs root: DPDK's net_af_packet locks more memory than an ordinary user may")
		}
	default:
		return fmt.Errorf("the lab has no driver %q; it has %s and %s", o.Driver, AFPacket, DPDK)
	}
	switch _, _, ok := router.FindBIRD(); {
	case o.Routers == "", o.Routers == GoBGP, o.Routers == BIRD && ok:
	case o.Routers == BIRD:
		return errors.New("the lab's routers: BIRD 2 is not installed (bird2 of Debian)")
	default:
		return fmt.Errorf("the lab's routers: there is no %q; there are %s and %s", o.Routers, BIRD, GoBGP)
	}
	if err := dpdk.Missing(); (o.VM || o.Cloud) && err != nil {
		return fmt.Errorf("the lab with a virtual machine: %w", err)
	}
	if o.Attack < 0 {
		return fmt.Errorf("the lab attacks for a time, not for %s", o.Attack)
	}
	return nil
}

// port is what a card opens for its nth link, the uplink or a guest's.
func (r *region) port(n int, link string) string {
	if r.virtual[link] != nil {
		return fmt.Sprintf("dpdk:net_vhost%d,iface=%s", n, vmSocket(link))
	}
	if r.driver != DPDK {
		return "afpacket:" + link
	}
	// The driver cuts frames above 2 KB unless its ring has larger places.
	return fmt.Sprintf("dpdk:net_af_packet%d,iface=%s,framesz=9216,blocksz=36864,framecnt=512", n, link)
}

// plug runs a cable to a card's link. Both ends keep their offloads, and the
// card's driver mends what they leave undone. DPDK's net_af_packet cannot
// tell which frames are finished, so the far end finishes them for it.
func (r *region) plug(far, card netlab.End, mtu int) error {
	err := netlab.Cable(far, card, mtu)
	if err == nil && r.driver == DPDK {
		err = far.Host.Finish(far.Name)
	}
	return err
}
