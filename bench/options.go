package bench

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"nitrocard/pmd"
)

// Options say what is measured, and for how long.
type Options struct {
	Mode      Mode
	Cores     int   // threads that forward, each with queues of its own; 0 is one
	Burst     int   // frames that are taken from a port at a time, at most pmd.MaxBurst
	Flows     int   // rounded up so that each ENI has as many of each size
	ENIs      int   // each in a VPC of its own
	Addresses int   // public ones, of the mode edge; each of the first Flows has one flow
	Uses            // beside groups; a mode without a card has at most IPv6
	Sizes     Sizes // of the frames
	Seed      uint64
	Duration  time.Duration // of the measurement; 0: until it is stopped
	Period    time.Duration // from one rate to the next; 0: none are told

	// Ports are opened, the uplink first, then the guests of ENI 0, 1, …; the
	// modes without a card have two. A port in memory stands where there is
	// none. They belong to the caller.
	Ports []pmd.Port
}

// What a region, millions of connections and a machine can be.
const (
	MostENIs  = 1024
	MostFlows = 1 << 23 // half of what Sources holds
	MostCores = 64
)

// Check tells what of the options cannot be.
func (o *Options) Check() error {
	between := func(name string, n, least, most int) error {
		if n < least || n > most {
			return fmt.Errorf("%s %d: a number from %d to %d is expected", name, n, least, most)
		}
		return nil
	}
	if err := between("burst", o.Burst, 1, pmd.MaxBurst); err != nil {
		return err
	}
	if err := between("flows", o.Flows, 1, MostFlows); err != nil {
		return err
	}
	if err := between("enis", o.ENIs, 1, MostENIs); err != nil {
		return err
	}
	if err := between("nb-cores", cmp.Or(o.Cores, 1), 1, MostCores); err != nil {
		return err
	}
	if o.Mode == Edge {
		if err := o.checkEdge(); err != nil {
			return err
		}
	}
	if (o.ACL || o.NAT) && !o.Mode.hasCard() {
		return fmt.Errorf("forward mode %s has no card; --acl and --nat are for sg, encap and full", o.Mode)
	}
	if o.Duration < 0 || o.Period < 0 {
		return fmt.Errorf("a time of %v is no time to measure", min(o.Duration, o.Period))
	}
	return o.checkPorts()
}

// checkEdge tells what of the options an edge cannot have.
func (o *Options) checkEdge() error {
	if o.Flows > MostAddresses || o.Addresses > MostAddresses {
		return fmt.Errorf("forward mode edge has a public address for each flow, and %d are the most", MostAddresses)
	}
	return nil
}

// checkPorts tells if there are more ports than the mode has places for.
func (o *Options) checkPorts() error {
	most, places := 1+o.enis(), fmt.Sprintf("an uplink and a guest for each of %d ENIs", o.enis())
	switch o.Mode {
	case IO, MACSwap:
		most, places = 2, "two ports"
	case Edge:
		most, places = 2, "one to the servers and one to the internet"
	case Encap:
		most, places = 1, "an uplink; its guests wrap what they get"
	}
	if o.cores() > 1 && len(o.Ports) > 0 {
		return fmt.Errorf("nb-cores %d: only ports in memory have a queue for each core; name no port", o.Cores)
	}
	if len(o.Ports) > most {
		return fmt.Errorf("%d ports are too many: forward mode %s has %s", len(o.Ports), o.Mode, places)
	}
	return nil
}

// cores is how many are used.
func (o *Options) cores() int { return max(o.Cores, 1) }

// enis is how many ENIs are used: none without a flow.
func (o *Options) enis() int { return min(o.ENIs, o.Flows) }

// frameSize is Sizes in words. A frame of IPv6 has room for its longer header; beside NAT every other ENI has IPv6.
func (o *Options) frameSize() string {
	switch size := o.Sizes.String(); {
	case !o.IPv6 || len(o.Sizes) != 1 || o.Sizes[0] >= leastFrame6:
		return size
	case o.NAT:
		return fmt.Sprintf("%s and %d", size, leastFrame6)
	}
	return strconv.Itoa(leastFrame6)
}

// connections is the size of the card's table: a third of it stays free, and an
// ENI's share of it, which is one of one more than there are ENIs, holds all
// that the ENI has.
func connections(flows, enis int) int { return flows + max(flows/2, flows/enis) + 1000 }

// connections is the size of the table of the region's card. Behind a NAT gateway a flow has two
// connections more, at the gateway's ENI, whose share is as large as any other.
func (r Region) connections(flows int) int {
	if r.NAT {
		flows *= 2
	}
	return connections(flows*r.owners()/r.ENIs, r.owners())
}
