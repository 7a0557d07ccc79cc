//go:build linux

package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"

	"nitrocard/nic/ctl"
	"nitrocard/sim/netlab"
	"nitrocard/sim/router"
)

// routing is the process that makes a router of the internet of a host.
type routing struct {
	*process
	host   *netlab.Host
	client string // BIRD's; "": GoBGP
}

// startRouters starts those that speak BGP. They find each other while the rest starts.
func (s *stage) startRouters() error {
	for _, name := range []string{"isp1", "isp2", "carrier"} {
		r, err := startRouter(s.named(name), planOf(name, s.families()), s.region.routers)
		if err != nil {
			return err
		}
		s.routers = append(s.routers, r)
	}
	return nil
}

// startRouter starts BIRD, or what is in its place where the machine has none.
func startRouter(h *netlab.Host, p router.Plan, by string) (r *routing, err error) {
	base := runDir + "/" + h.Name
	r = &routing{host: h}
	if daemon, client, ok := router.FindBIRD(); ok && by != GoBGP {
		if err := os.WriteFile(base+".conf", []byte(p.BIRD()), 0o600); err != nil {
			return nil, err
		}
		r.client = client
		cmd := exec.Command(daemon, "-f", "-c", base+".conf", "-s", base+".ctl", "-P", base+".pid")
		r.process, err = startCommand(h, "router "+h.Name, base+".log", cmd)
		return r, err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	r.process, err = start(h, "router "+h.Name, base+".log", []string{InnerCommand, routerWord, string(text), base + ".routes"})
	return r, err
}

// routerWord has Inner be a router.
const routerWord = "router"

// daemon is who speaks BGP.
func (r *routing) daemon() string {
	if r.client == "" {
		return "GoBGP"
	}
	return "BIRD"
}

// lookup is the router's route to an address; ok is false if it has none.
func (r *routing) lookup(ctx context.Context, to netip.Addr) (_ router.Route, ok bool, err error) {
	base := runDir + "/" + r.host.Name
	if r.client != "" {
		return router.AskBIRD(ctx, r.client, base+".ctl", to)
	}
	all, err := router.ReadTable(base + ".routes")
	found, ok := router.Lookup(all, to)
	return found, ok, err
}

// startEdges starts both edges, which follow the controller.
func (s *stage) startEdges(ctx context.Context) (cards, error) {
	all := cards{}
	for _, h := range s.edges {
		socket := cardSocket(h.Name)
		args := append(s.edgeFlags(h.Name), "--socket", socket)
		e := &card{Client: ctl.Dial(socket), host: h, args: append(args, s.controller.flags(h.Name)...)}
		if err := e.begin(ctx, "edge"); err != nil {
			return nil, errors.Join(err, all.stop())
		}
		all[h.Name] = e
	}
	return all, nil
}

// edgeFlags say how an edge stands on its links, and whom it tells of the region. At the lab's end
// nobody needs it any more.
func (s *stage) edgeFlags(name string) []string {
	p := planOf(name, s.families())
	args := []string{"edge", "--uplink", "afpacket:" + uplink, "--port", "afpacket:" + outside, "--asn", fmt.Sprint(p.ASN), "--drain", "0s"}
	for _, six := range s.families() {
		args = append(args, "--address", addressAt(name, exchange, six).String(), "--gateway", neighborAt(name, "carrier", six).String())
	}
	for _, n := range p.Neighbors {
		if n.ASN != p.ASN { // edges keep nothing that others need to know
			args = append(args, "--neighbor", fmt.Sprintf("%s@%d+bfd", n.Address, n.ASN))
		}
	}
	return args
}

// converge waits until the client's ISP can send to the region, by way of both edges.
func (s *stage) converge(ctx context.Context) error {
	isp, carrier := s.routers[0], s.routers[len(s.routers)-1]
	return carrier.until(ctx, func(ctx context.Context) error {
		view, err := s.edgeCards[s.edges[0].Name].BGP(ctx)
		if err == nil && len(view.Prefixes) == 0 && len(s.region.public) > 0 {
			err = errors.New("the edges announce nothing yet")
		}
		for _, p := range view.Prefixes {
			err = errors.Join(err, carrier.spreads(p, len(s.edges)), isp.spreads(p, 1))
		}
		return err
	})
}

// spreads is an error unless the router's kernel sends what is for a prefix to so many neighbors.
func (r *routing) spreads(p netip.Prefix, over int) error {
	via, err := r.host.NextHops(p)
	if err == nil && len(via) != over {
		err = fmt.Errorf("%s sends what is for %s to %v", r.host.Name, p, via)
	}
	return err
}
