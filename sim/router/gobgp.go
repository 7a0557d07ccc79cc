//go:build linux

package router

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/server"
)

// lookEvery is how often the kernel's table follows GoBGP's.
const lookEvery = 100 * time.Millisecond

// Run is a router of this plan, on the host on which the process runs, until ctx ends. Its routes
// are in the file, too (ReadTable).
func Run(ctx context.Context, p Plan, file string, log *slog.Logger) error {
	s := server.NewBgpServer(server.LoggerOption(log, &slog.LevelVar{}))
	go s.Serve()
	defer s.Stop()
	if err := p.begin(ctx, s); err != nil {
		return fmt.Errorf("BGP: %w", err)
	}
	t := table{file: file}
	if err := t.tell(); err != nil {
		return err
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		routes, err := learned(s)
		if err == nil {
			err = t.become(routes)
		}
		if err != nil {
			log.Error("the kernel's table is not as BGP's", "error", err) // a link may come back
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// begin opens the sessions, and originates the networks.
func (p Plan) begin(ctx context.Context, s *server.BgpServer) error {
	global := &api.Global{Asn: p.ASN, RouterId: p.ID.String(), ListenPort: bgp.BGP_PORT}
	for _, a := range p.own() {
		global.ListenAddresses = append(global.ListenAddresses, a.String())
	}
	if err := s.StartBgp(ctx, &api.StartBgpRequest{Global: global}); err != nil {
		return err
	}
	for _, n := range p.Neighbors {
		if err := s.AddPeer(ctx, &api.AddPeerRequest{Peer: n.peer()}); err != nil {
			return fmt.Errorf("neighbor %s: %w", n.Address, err)
		}
	}
	var paths []*apiutil.Path
	for _, network := range p.Networks {
		path, err := p.originate(network)
		if err != nil {
			return fmt.Errorf("network %s: %w", network, err)
		}
		paths = append(paths, path)
	}
	if len(paths) == 0 {
		return nil
	}
	_, err := s.AddPath(apiutil.AddPathRequest{Paths: paths})
	return err
}

// peer is a neighbor in GoBGP's words. A session carries the family of its addresses.
func (n Neighbor) peer() *api.Peer {
	p := &api.Peer{
		Conf:      &api.PeerConf{NeighborAddress: n.Address.String(), PeerAsn: n.ASN},
		Transport: &api.Transport{LocalAddress: n.Own.String()},
		Timers:    &api.Timers{Config: &api.TimersConfig{ConnectRetry: 1, IdleHoldTimeAfterReset: 1}},
		AfiSafis:  []*api.AfiSafi{{Config: &api.AfiSafiConfig{Family: &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_UNICAST}, Enabled: true}}},
	}
	if n.Address.Is6() {
		p.AfiSafis[0].Config.Family.Afi = api.Family_AFI_IP6
	}
	if n.BFD {
		const µs = bfdInterval * 1_000_000
		p.Bfd = &api.BfdPeerConfig{Enabled: true, DesiredMinimumTxInterval: µs, RequiredMinimumReceive: µs, DetectionMultiplier: bfdMultiplier}
	}
	return p
}

// originate is a path to a network of the router's own. GoBGP puts the address of each session in
// place of the next hop.
func (p Plan) originate(network netip.Prefix) (*apiutil.Path, error) {
	nlri, err := bgp.NewIPAddrPrefix(network.Masked())
	if err != nil {
		return nil, err
	}
	path := &apiutil.Path{Family: bgp.RF_IPv4_UC, Nlri: nlri, Attrs: []bgp.PathAttributeInterface{bgp.NewPathAttributeOrigin(bgp.BGP_ORIGIN_ATTR_TYPE_IGP)}}
	var next bgp.PathAttributeInterface
	if network.Addr().Is4() {
		next, err = bgp.NewPathAttributeNextHop(netip.IPv4Unspecified())
	} else {
		path.Family = bgp.RF_IPv6_UC
		next, err = bgp.NewPathAttributeMpReachNLRI(bgp.RF_IPv6_UC, []bgp.PathNLRI{{NLRI: nlri}}, netip.IPv6Unspecified())
	}
	path.Attrs = append(path.Attrs, next)
	return path, err
}

// learned are the routes by what neighbors told.
func learned(s *server.BgpServer) (routes []Route, err error) {
	for _, family := range []bgp.Family{bgp.RF_IPv4_UC, bgp.RF_IPv6_UC} {
		request := apiutil.ListPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Family: family}
		err := s.ListPath(request, func(to bgp.NLRI, paths []*apiutil.Path) {
			if r, ok := routeOf(to, paths); ok {
				routes = append(routes, r)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return routes, nil
}

// routeOf is the route by these paths to a prefix, the best of them first; ok is false if the
// prefix is the router's own.
func routeOf(to bgp.NLRI, paths []*apiutil.Path) (r Route, ok bool) {
	prefix, err := netip.ParsePrefix(to.String())
	if err != nil || len(paths) == 0 || !paths[0].PeerAddress.IsValid() {
		return r, false
	}
	r = Route{Prefix: prefix, ASPath: asPath(paths[0])}
	for _, p := range paths {
		if p.PeerAddress.IsValid() && len(asPath(p)) == len(r.ASPath) && p.IsFromExternal == paths[0].IsFromExternal {
			r.Via = append(r.Via, p.PeerAddress)
		}
	}
	slices.SortFunc(r.Via, netip.Addr.Compare)
	return r, true
}

// asPath are the systems that a path goes through.
func asPath(p *apiutil.Path) []uint32 {
	all := []uint32{}
	for _, a := range p.Attrs {
		if path, is := a.(*bgp.PathAttributeAsPath); is {
			for _, segment := range path.Value {
				all = append(all, segment.GetAS()...)
			}
		}
	}
	return all
}
