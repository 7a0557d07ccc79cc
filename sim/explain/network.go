package explain

import (
	"fmt"
	"time"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// Network is a region as cards in memory. It belongs to one goroutine.
type Network struct {
	cfg     *vpc.Config // as it was given
	base    *vpc.Region // all ENIs on one card, which stands for whatever no packet has met yet
	region  *vpc.Region // base, with the ENIs that packets met on cards of their own
	homes   map[string]int
	enis    []string                              // IDs, in the order of the configuration
	macs    map[station]string                    // ID of an ENI by VNI and MAC; nil: not made yet
	names   map[string]string                     // by ID; nil: not made yet
	called  [3]map[string][]*ec2.NetworkInterface // callings; nil: not made yet
	holders holders                               // by nil: not made yet

	hosts map[int]*host // by number of the card; those that a packet came to
	edge  *host         // nil: no packet came to it
	ended []pipeline.Event
	now   int64 // ns since 1970
}

// began is the time on the cards' clock of a network's first packet. Cards need a clock, and
// nothing that they decide depends on the day.
const began = int64(1_780_000_000e9)

// between is how long the cards' clock goes on from one question to the next: longer than any
// connection lives in silence, which is 5 days (vpc.Timeouts), so that no question meets what the
// one before left behind.
const between = int64(6 * 24 * time.Hour)

// New is the network of a configuration, which belongs to the network from then on.
func New(cfg *vpc.Config) (*Network, error) {
	placed := *cfg
	placed.Placement = placement(&cfg.Placement)
	region, err := vpc.EmptyRegion().Become(&placed)
	if err != nil {
		return nil, err
	}
	n := &Network{cfg: cfg, base: region}
	for i := range placed.NetworkInterfaces {
		n.enis = append(n.enis, placed.NetworkInterfaces[i].NetworkInterfaceId)
	}
	return n, n.restart()
}

// Changed is another network, of the region after some edits.
func (n *Network) Changed(edits ...vpc.Edit) (*Network, error) {
	region, err := n.base.Change(edits...)
	if err != nil {
		return nil, err
	}
	next := &Network{cfg: n.cfg, base: region, enis: n.enis}
	return next, next.restart()
}

// Close gives the cards' memory back. The network makes new cards if it is asked again.
func (n *Network) Close() {
	for _, h := range n.hosts {
		_ = h.card.Close() // which fails only while Run runs
	}
	if n.edge != nil {
		_ = n.edge.card.Close()
	}
	n.hosts, n.edge = map[int]*host{}, nil
}

// restart forgets where ENIs are, and all cards.
func (n *Network) restart() error {
	n.Close()
	n.region, n.homes, n.now = n.base, map[string]int{}, began
	if len(n.enis) > homes {
		return nil
	}
	return n.move(n.enis...)
}

// move gives ENIs cards of their own. Cards that are there end, because each card has the region
// as it was.
func (n *Network) move(enis ...string) error {
	if len(n.homes)+len(enis) > homes {
		if err := n.restart(); err != nil {
			return err
		}
	}
	var edits []vpc.Edit
	for _, id := range enis {
		number := len(n.homes) + 1
		n.homes[id] = number
		edits = append(edits, vpc.Edit{Kind: vpc.KindENIPlacement, ID: id, Object: &vpc.ENIPlacement{Card: cardName(number)}})
	}
	n.Close()
	if len(edits) == 0 {
		return nil
	}
	region, err := n.region.Change(edits...)
	if err != nil {
		return fmt.Errorf("%s on a card of its own: %w", enis[0], err)
	}
	n.region = region
	return nil
}

// homeOf is the number of an ENI's own card, once it has one.
func (n *Network) homeOf(eni string) (int, error) {
	if at, has := n.homes[eni]; has {
		return at, nil
	}
	return 0, noCard{eni}
}

// noCard is the error of a packet that comes to an ENI without a card of its own.
type noCard struct{ eni string }

// Error is the error in words.
func (u noCard) Error() string { return u.eni + " has no card yet" }

// withCards runs f, and once more each time that a packet met another ENI.
func (n *Network) withCards(f func() error) error {
	for {
		err := f()
		u, is := err.(noCard)
		if !is {
			return err
		}
		if err := n.move(u.eni); err != nil {
			return err
		}
	}
}

// station is who a frame is for, inside its tunnel.
type station struct {
	vni uint32
	mac uint64
}

// at is the ENI that a frame is for.
func (n *Network) at(s station) (string, error) {
	if n.macs == nil {
		n.macs = make(map[station]string, len(n.enis))
		for _, id := range n.enis {
			if e := n.base.ENI(id); e != nil {
				n.macs[station{e.Subnet.VPC.VNI, e.MAC.Bits()}] = id
			}
		}
	}
	id, known := n.macs[s]
	if !known {
		return "", fmt.Errorf("a card sent a frame to VNI %d and a MAC that no ENI there has", s.vni)
	}
	return id, nil
}
