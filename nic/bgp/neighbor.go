package bgp

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// Neighbor is a router that is told what the edge serves.
type Neighbor struct {
	Address netip.Addr
	ASN     uint32 // its autonomous system
	BFD     bool   // whether its link is watched by BFD (RFC 5881), as it must be on both sides
}

// ParseNeighbor reads a neighbor as users name one: its address, @ and the number of its
// autonomous system, and +bfd where both sides speak that.
func ParseNeighbor(text string) (n Neighbor, err error) {
	wrong := errors.New("an address, @ and the number of its autonomous system are expected, such as 203.0.113.254@64511 or 203.0.113.254@64511+bfd")
	text, n.BFD = strings.CutSuffix(text, "+bfd")
	address, number, _ := strings.Cut(text, "@")
	if n.Address, err = netip.ParseAddr(address); err != nil || n.Address.Zone() != "" {
		return n, wrong
	}
	n.Address = n.Address.Unmap()
	asn, err := strconv.ParseUint(number, 10, 32)
	if err != nil || asn == 0 {
		return n, wrong
	}
	n.ASN = uint32(asn)
	return n, nil
}

// String is the neighbor as ParseNeighbor reads it.
func (n Neighbor) String() string {
	text := n.Address.String() + "@" + strconv.FormatUint(uint64(n.ASN), 10)
	if n.BFD {
		text += "+bfd"
	}
	return text
}
