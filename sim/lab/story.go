//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"golang.org/x/crypto/ssh"

	"nitrocard/nic/vpc"
)

// story is a run of the lab: the stage, and the people the checks are about.
type story struct {
	*stage

	a1, a2, a3, b1, c1, d1, e1, m1 *machine

	key     ssh.Signer       // of who may log in at b1; nil: b1 is no cloud image
	idle    *idleConnections // of b1, while its card is attacked
	journey *Journey         // nil: none was made
}

// checks are those that this lab can do, in the order in which they are told.
func (s *story) checks() (all []check) {
	switch {
	case s.key != nil:
		all = append(all, check{"a cloud image", s.cloudImage})
	case s.b1.vm != nil:
		all = append(all, check{"a virtual machine", s.virtual}, check{"a virtual machine that dies", s.mortal})
	}
	all = append(all,
		check{"two customers, one address", s.twoCustomers},
		check{"a closed port", s.closedPort},
		check{"a capture", s.captured},
		check{"a rule for one address", s.trackedRule},
		check{"a rule for everyone", s.untrackedRule},
		check{"neighbours", s.neighbours},
		check{"ping", s.ping},
		check{"what a machine asks when it boots", s.services},
		check{"clients that others wrote", s.clients},
		check{"a container on a guest", s.container},
		check{"a guest that floods the services", s.flooded},
		check{"an instance that meets its allowance", s.meetsAllowance},
		check{"a port scan", s.scans},
		check{"1 GiB each way", s.bulk},
		check{"a hundred at once", s.hundred},
		check{"a guest that lies", s.spoof},
		check{"a network ACL that cuts replies", s.cutReplies},
		check{"a NAT gateway", s.natGateway},
		check{"peering", s.peering},
		check{"a middlebox", s.middlebox},
	)
	if s.underlay.HasIPv6() {
		all = append(all, check{"IPv6", s.ipv6}, check{"NAT64", s.nat64})
	}
	if !s.region.foreign {
		all = append(all, check{"a trace that goes dark", s.dark}, check{"edges that go", s.edgesGo})
	}
	if s.b1.vm == nil && s.region.driver != DPDK { // whose ports stay in their server's namespace
		all = append(all, check{"an instance that moves", s.moves})
	}
	return append(all,
		check{"a datagram in fragments", s.fragments},
		check{"path MTU", s.pathMTU},
		check{"a controller that goes", s.controllerGone},
		check{"a packet's journey", s.follow},
	)
}

// cast are the guests that the story is about, and their groups.
var cast = map[string]string{"eni-a1": "sg-web", "eni-a2": "sg-db", "eni-a3": "sg-jobs", "eni-b1": "sg-shop",
	"eni-c1": "sg-c", "eni-d1": "sg-d", "eni-e1": "sg-six", "eni-m1": "sg-box"}

// isStory tells whether a configuration has the story's guests with their groups.
func isStory(c *vpc.Config) bool {
	found := 0
	for _, e := range c.NetworkInterfaces {
		if group, is := cast[e.NetworkInterfaceId]; is && isMember(e, group) {
			found++
		}
	}
	return found == len(cast)
}

// beginStory builds the story's stage.
func beginStory(ctx context.Context, ord order, config *vpc.Config, out io.Writer) (*story, error) {
	s := &story{}
	switch vm := ord.VM; {
	case vm != nil && vm.Disk != "":
		var err error
		if s.key, err = launchImage(config); err != nil {
			return nil, err
		}
	case vm != nil:
		launch(config, vmUserData)
	}
	config.Placement.Edges = edgesNamed(config.Placement.Edges)
	region, err := readRegion(config)
	if err != nil {
		return nil, err
	}
	region.driver = ord.Driver
	region.controlled = ord.Attack == 0 // attacks are on what a card reads itself, too
	region.foreign, region.routers = ord.Attack > 0, ord.Routers
	if ord.VM != nil {
		region.virtual = map[string]*machinery{"b1": ord.VM}
	}
	file, err := fileFor(config)
	if err != nil {
		return nil, err
	}
	if s.stage, err = newStage(ctx, region, file, out); err != nil {
		return nil, err
	}
	files := servePages(ctx, s.client.Host, pages("client", "the internet"), filesPort)
	if err := errors.Join(files, s.findCast(), s.serve(ctx)); err != nil {
		s.close()
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// edgesNamed are the edges that the controller is to know: those of the lab, beside others.
func edgesNamed(given []vpc.EdgeHost) []vpc.EdgeHost {
	for _, name := range edgeNames {
		if !slices.ContainsFunc(given, func(e vpc.EdgeHost) bool { return e.Name == name }) {
			given = append(given, vpc.EdgeHost{Name: name})
		}
	}
	return given
}

// perform tells the whole story, or attacks its cards.
func (s *story) perform(ctx context.Context, ord order, out io.Writer) (o outcome) {
	if ord.Attack > 0 {
		return s.beAttacked(ctx, out, ord.Attack)
	}
	o = doAll(ctx, out, s.checks(), check.do)
	if ctx.Err() == nil {
		s.drawJourney(out)
		s.drawAccounts(ctx, out)
	}
	return o
}

// drawJourney draws the journey that was made.
func (s *story) drawJourney(out io.Writer) {
	if s.journey == nil {
		return
	}
	fmt.Fprint(out, "\none packet's journey, as routers, links and cards saw it\n\n")
	_ = s.journey.Draw(out) // nobody else listens
	fmt.Fprintln(out)
}

// findCast finds the guests the checks speak of.
func (s *story) findCast() error {
	for name, role := range map[string]**machine{"a1": &s.a1, "a2": &s.a2, "a3": &s.a3, "b1": &s.b1, "c1": &s.c1, "d1": &s.d1, "e1": &s.e1, "m1": &s.m1} {
		*role = s.guests[name]
	}
	for _, m := range []*machine{s.a1, s.b1} {
		if !m.Public.IsValid() {
			return fmt.Errorf("%s has no public address, which the checks are about", m.ENI)
		}
	}
	return nil
}

// public is a port at a guest's public address, private at its private one.
func (m *machine) public(port uint16) netip.AddrPort  { return netip.AddrPortFrom(m.Public, port) }
func (m *machine) private(port uint16) netip.AddrPort { return netip.AddrPortFrom(m.Addr.Addr(), port) }
