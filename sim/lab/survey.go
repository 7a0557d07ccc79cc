//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/sim/netlab"
	"nitrocard/sim/oracle"
)

// survey is a lab of somebody's own configuration, such as a dump of EC2: it tries what the
// configuration lets pass, and one of each that it denies. The oracle says which is which.
type survey struct {
	*stage
	atlas  *atlas
	trials []trial
	losses losses
}

// beginSurvey places what the configuration does not place, and builds a stage of it.
func beginSurvey(ctx context.Context, ord order, config *vpc.Config, out io.Writer) (*survey, error) {
	told := len(config.NetworkInterfaces)
	config, err := inForce(config)
	if err != nil {
		return nil, err
	}
	guests := chosen(config)
	switch {
	case len(guests) == 0 && told > len(config.NetworkInterfaces):
		return nil, fmt.Errorf("the lab needs an ENI: cards leave out the %d of the configuration that others do not complete; nitrocard check says what is missing", told-len(config.NetworkInterfaces))
	case len(guests) == 0:
		return nil, errors.New("the lab needs an ENI with an address: the configuration's NetworkInterfaces have none")
	}
	config = placed(config, guests)
	region, err := readRegion(config)
	if err != nil {
		return nil, err
	}
	region.driver, region.foreign = ord.Driver, true
	region.rename(guests)
	file, err := fileFor(config)
	if err != nil {
		return nil, err
	}
	s := &survey{atlas: newAtlas(config, guests)}
	if s.stage, err = newStage(ctx, region, file, out); err != nil {
		return nil, err
	}
	if s.underlay.HasIPv6() {
		s.atlas.speakIPv6()
	}
	s.foretell(guests)
	if err := errors.Join(s.settle(), s.speakIPv6(ctx), s.serve(ctx)); err != nil {
		s.close()
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// longestNick is the length of a guest's name that is the name of a link, too.
const longestNick = 12

// rename gives the guests short names, unless their IDs are short.
func (r *region) rename(order []string) {
	long := func(g guest) bool { return len(g.Nick) > longestNick || r.hostNamed(g.Nick) }
	if !slices.ContainsFunc(r.guests, long) {
		return
	}
	for i := range r.guests {
		r.guests[i].Nick = fmt.Sprintf("h%d", 1+slices.Index(order, r.guests[i].ENI))
	}
	slices.SortFunc(r.guests, func(a, b guest) int { return slices.Index(order, a.ENI) - slices.Index(order, b.ENI) })
}

// hostNamed tells whether a host that is no guest has a name.
func (r *region) hostNamed(name string) bool {
	return slices.Contains([]string{"client", "edge", "underlay", uplink}, name) || slices.Contains(r.cards, name)
}

// foretell chooses the trials.
func (s *survey) foretell(guests []string) {
	p := newProphet(s.atlas.Config, guests)
	var all []trial
	for _, f := range s.atlas.flows() {
		if end, ok := p.foretell(f); ok {
			all = append(all, trial{f, end})
		}
	}
	s.trials = pick(all)
	place := func(t trial) [2]int {
		return [2]int{slices.Index(guests, t.from), slices.IndexFunc(s.atlas.guests, func(e ec2.NetworkInterface) bool {
			return t.far() == primary(e) || t.far() == publicOf(e) || t.far() == first6(e)
		})}
	}
	slices.SortStableFunc(s.trials, func(a, b trial) int {
		from, to := place(a), place(b)
		return slices.Compare(from[:], to[:])
	})
}

// settle gives the client the addresses of the internet that the configuration names.
func (s *survey) settle() (err error) {
	for _, a := range s.atlas.internet {
		own := clientAddr.Addr()
		if a.Is6() {
			own = clientAddr6.Addr()
		}
		if alone := netip.PrefixFrom(a, a.BitLen()); a != own {
			err = errors.Join(err, s.client.Address("eth0", alone), s.edges[0].Via(alone, own))
		}
	}
	return err
}

// speakIPv6 has the guests of IPv6 learn their routers.
func (s *survey) speakIPv6(ctx context.Context) error {
	if !s.atlas.speaksIPv6() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, m := range s.guests {
		if m.Addr6.IsValid() {
			if err := m.beginIPv6(); err != nil {
				return err
			}
		}
	}
	for _, m := range s.guests {
		if m.Addr6.IsValid() {
			if _, err := m.learnRouter(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// serve has everybody answer at the ports of the trials, and at the web's.
func (s *survey) serve(ctx context.Context) (err error) {
	err = s.serveAt(ctx, s.client.Host, "", s.atlas.internet)
	for _, g := range s.region.guests {
		err = errors.Join(err, s.serveAt(ctx, s.byENI(g.ENI).Host, g.ENI, s.atlas.own(*s.atlas.ENI(g.ENI))))
	}
	return err
}

// serveAt has a host with these addresses answer.
func (s *survey) serveAt(ctx context.Context, h *netlab.Host, eni string, addrs []netip.Addr) error {
	ports := map[uint8][]uint16{oracle.TCP: {webPort}}
	for _, t := range s.trials {
		proto, port := t.packet.Proto, t.packet.DstPort
		if t.at == eni && t.from != eni && !slices.Contains(ports[proto], port) {
			ports[proto] = append(ports[proto], port)
		}
	}
	err := servePages(ctx, h, pages(s.nick(eni), eni), ports[oracle.TCP]...)
	for _, addr := range addrs {
		for _, port := range ports[oracle.UDP] {
			err = errors.Join(err, s.serveDatagrams(ctx, h, eni, netip.AddrPortFrom(addr, port)))
		}
	}
	return err
}

// serveDatagrams answers each datagram to an address with the host's page until ctx ends.
func (s *survey) serveDatagrams(ctx context.Context, h *netlab.Host, eni string, at netip.AddrPort) error {
	var c *net.UDPConn
	err := h.Do(func() (err error) { c, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(at)); return err })
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { c.Close() })
	go func() {
		for buf := make([]byte, 1500); ; {
			_, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = c.WriteToUDPAddrPort([]byte(page(s.nick(eni), eni, from.Addr().Unmap().String())), from)
		}
	}()
	return nil
}

// perform tries all trials.
func (s *survey) perform(ctx context.Context, _ order, out io.Writer) outcome {
	var checks []check
	for _, t := range s.trials {
		checks = append(checks, check{s.title(t), func(ctx context.Context) (string, error) { return s.try(ctx, t) }})
	}
	checks = append(checks, s.dns64s()...)
	checks = append(checks, check{"packets that were lost for a moment alone", s.passed})
	if t := s.served(); t != nil {
		checks = append(checks, check{"a foreign tunnel end", func(ctx context.Context) (string, error) { return s.foreignEnd(ctx, *t) }})
	}
	return doAll(ctx, out, checks, check.do)
}

// title is who tries to reach whom, and how.
func (s *survey) title(t trial) string {
	to := t.packet.Dst.String()
	if t.traffic().proto != oracle.ICMP {
		to = netip.AddrPortFrom(t.packet.Dst, t.packet.DstPort).String()
	}
	proto := strings.Fields(t.traffic().String())[0]
	return fmt.Sprintf("%s → %s, %s from %s to %s", s.nick(t.from), s.whose(t.far(), t.from), proto, t.packet.Src, to)
}

// whose is who has an address, as a guest sees it.
func (s *survey) whose(addr netip.Addr, from string) string {
	if slices.Contains(s.atlas.internet, addr) {
		return "internet"
	}
	vpc := ""
	if m := s.byENI(from); m != nil {
		vpc = m.VPC
	}
	name := ""
	for _, g := range s.region.guests {
		if g.Public == addr || g.Addr6 == addr || g.Addr.Addr() == addr && (name == "" || g.VPC == vpc) {
			name = g.Nick
		}
	}
	if name == "" {
		return "nobody"
	}
	return name
}

// viaWords tells who passed the flow on.
func (s *survey) viaWords(t trial) (words string) {
	for _, eni := range t.via {
		words += ", through " + s.nick(eni)
	}
	switch {
	case t.nat && t.family() == both:
		words += ", through a NAT gateway's NAT64"
	case t.nat:
		words += ", through a NAT gateway"
	}
	return words
}

// byENI is the guest of an ENI, nil if it has none.
func (s *survey) byENI(id string) *machine {
	for _, m := range s.guests {
		if m.ENI == id {
			return m
		}
	}
	return nil
}

// nick is a short name of an ENI, or of the internet.
func (s *survey) nick(eni string) string {
	if eni == "" {
		return "internet"
	}
	if m := s.byENI(eni); m != nil {
		return m.Nick
	}
	for _, n := range s.region.nats {
		if n.ENI == eni {
			return n.ID
		}
	}
	return eni
}

// introduction says what was built, and what was not.
func (s *survey) introduction() string {
	text := strings.TrimSuffix(s.stage.introduction(), "\n")
	if left := len(s.atlas.Config.NetworkInterfaces) - len(s.region.guests) - len(s.region.nats); left > 0 {
		text += fmt.Sprintf("  %d more ENIs have no guest: those have one that routes lead to, and the first of each subnet,\n"+
			"  set of groups and way to the internet, instances before services\n", left)
	}
	return text + "\n"
}
