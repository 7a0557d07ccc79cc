package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os/user"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"nitrocard/nic"
	"nitrocard/nic/pipeline"
)

// number is a flag's value: a whole number between two.
type number[N int | uint64] struct {
	to          *N
	least, most N
}

// between makes n, which is what it is unless told, the value of a flag.
func between[N int | uint64](n *N, least, most N) number[N] { return number[N]{n, least, most} }

func (n number[N]) String() string { return fmt.Sprint(*n.to) }
func (n number[N]) Type() string   { return "number" }

func (n number[N]) Set(text string) error {
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil || v < uint64(n.least) || v > uint64(n.most) {
		return fmt.Errorf("a number from %d to %d is expected", n.least, n.most)
	}
	*n.to = N(v)
	return nil
}

// span is a flag's value: a length of time.
type span struct{ to *time.Duration }

func (s span) Type() string { return "time" }

// String is the time, and "0" of none, which help does not tell as a default.
func (s span) String() string {
	if *s.to == 0 {
		return "0"
	}
	return s.to.String()
}

func (s span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("a time from 0 on is expected, with its unit, such as 10s or 500ms")
	}
	*s.to = d
	return nil
}

// group is a flag's value: a group of this system, by name or number.
type group struct{ to **uint32 }

func (g group) Type() string { return "group" }

func (g group) String() string {
	if g.to == nil || *g.to == nil {
		return ""
	}
	return fmt.Sprint(**g.to)
}

func (g group) Set(text string) error {
	if found, err := user.LookupGroup(text); err == nil {
		text = found.Gid
	}
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return fmt.Errorf("there is no such group here; `getent group` lists those that are")
	}
	*g.to = new(uint32(id))
	return nil
}

// resolver is a flag's value: the address of a DNS resolver, with its port or without.
type resolver struct{ to *netip.AddrPort }

func (r resolver) Type() string { return "address" }

func (r resolver) String() string {
	if r.to == nil || !r.to.IsValid() {
		return ""
	}
	return r.to.String()
}

func (r resolver) Set(text string) error {
	at, err := netip.ParseAddrPort(text)
	if addr, alone := netip.ParseAddr(text); alone == nil {
		at, err = netip.AddrPortFrom(addr, pipeline.PortDNS), nil
	}
	if err != nil || at.Port() == 0 || at.Addr().IsUnspecified() || at.Addr().IsMulticast() {
		return errors.New("an address is expected, such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353")
	}
	*r.to = at
	return nil
}

// mostConnections is more than any machine has memory for.
const mostConnections = 1 << 30

func connectionsFlag(cmd *cobra.Command) *int {
	n := nic.DefaultConnections
	cmd.Flags().Var(between(&n, 1, mostConnections), "max-connections", "`connections` tracked by all instances together")
	return &n
}
