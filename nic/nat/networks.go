package nat

import (
	"math/bits"

	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// networks count the connections of the hosts of each /80, of IPv6 alone. An ENI to which EC2 delegated a
// prefix has all of a /80's addresses, so that the ENI might pass for many hosts with a connection or two each.
// Counted by its network, the ENI is one host.
//
// Several networks may share a count, which then is more than each has. No sender can choose which share one,
// because that depends on a secret.
type networks struct {
	list *tables.Array[uint32]
	uses *counts // whose secret it is
}

// fewestNetworks is how many counts there are at least.
const fewestNetworks = 1 << 10

// newNetworks makes counts for so many connections.
func newNetworks(connections int, uses *counts) (n networks, err error) {
	n.uses = uses
	n.list, err = tables.NewArray[uint32](max(fewestNetworks, 1<<bits.Len(uint(connections/8))))
	return n, err
}

func (n *networks) close() {
	if n.list != nil {
		n.list.Close()
	}
}

// at is the count of the network that a host of IPv6 is in.
func (n *networks) at(host wire.Addr) *uint32 {
	list := n.list.All()
	return &list[uint64(n.uses.network(host, 4))&uint64(len(list)-1)]
}

// add counts one connection more of a host.
func (n *networks) add(host wire.Addr) {
	if !host.Is4() {
		*n.at(host)++
	}
}

// take counts one less.
func (n *networks) take(host wire.Addr) {
	if !host.Is4() {
		*n.at(host)--
	}
}
