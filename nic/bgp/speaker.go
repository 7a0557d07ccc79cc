package bgp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/server"
)

// Options are what a speaker needs.
type Options struct {
	ASN       uint32       // the provider's autonomous system
	RouterID  netip.Addr   // an IPv4 address that no other router of it has
	Addresses []netip.Addr // of the edge on its link, one of each family at most: where sessions end, and who announced prefixes lead to
	Neighbors []Neighbor
	Log       *slog.Logger // nil: nothing is logged
}

// Speaker announces prefixes to its neighbors. Its methods may be called by any goroutine.
type Speaker struct {
	options Options
	server  *server.BgpServer

	mu        sync.Mutex
	announced []netip.Prefix
	draining  bool
	closed    bool
}

// port is BGP's (RFC 4271 section 8).
const port = 179

// hold is for how many seconds a silent neighbor is believed to live, without BFD: the shortest
// hold time (RFC 4271 section 4.2) of which a third, the time from one keepalive to the next, is
// whole seconds. A neighbor with longer ones takes it over.
const hold, keepalive = 9, 3

// Start opens sessions with all neighbors, and announces nothing yet. The sockets for sessions are
// open when Start returns: it takes the right to bind port 179.
func Start(ctx context.Context, o Options) (*Speaker, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	quiet := slog.New(quietly{o.Log.Handler()})
	s := &Speaker{options: o, server: server.NewBgpServer(server.LoggerOption(quiet, &slog.LevelVar{}))}
	go s.server.Serve()
	var listen []string
	for _, a := range o.Addresses {
		listen = append(listen, a.String())
	}
	err := s.server.StartBgp(ctx, &api.StartBgpRequest{Global: &api.Global{
		Asn: o.ASN, RouterId: o.RouterID.String(), ListenPort: port, ListenAddresses: listen,
	}})
	if err != nil {
		s.server.Stop()
		return nil, fmt.Errorf("BGP: %w", err)
	}
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// open refuses what neighbors tell, and begins to speak to them.
func (s *Speaker) open(ctx context.Context) error {
	if err := s.refuse(ctx); err != nil {
		return fmt.Errorf("BGP: %w", err)
	}
	if err := s.watch(ctx); err != nil {
		return fmt.Errorf("BGP: %w", err)
	}
	for _, n := range s.options.Neighbors {
		if err := s.server.AddPeer(ctx, &api.AddPeerRequest{Peer: s.peer(n)}); err != nil {
			return fmt.Errorf("BGP neighbor %s: %w", n, err)
		}
	}
	return nil
}

// refuse has the speaker believe no neighbor, of its own autonomous system or of another.
func (s *Speaker) refuse(ctx context.Context) error {
	reject := &api.Actions{RouteAction: api.RouteAction_ROUTE_ACTION_REJECT}
	policy := &api.Policy{Name: "neighbors", Statements: []*api.Statement{
		{Name: "external", Conditions: &api.Conditions{RouteType: api.Conditions_ROUTE_TYPE_EXTERNAL}, Actions: reject},
		{Name: "internal", Conditions: &api.Conditions{RouteType: api.Conditions_ROUTE_TYPE_INTERNAL}, Actions: reject},
	}}
	if err := s.server.AddPolicy(ctx, &api.AddPolicyRequest{Policy: policy}); err != nil {
		return err
	}
	return s.server.SetPolicyAssignment(ctx, &api.SetPolicyAssignmentRequest{Assignment: &api.PolicyAssignment{
		Name: "global", Direction: api.PolicyDirection_POLICY_DIRECTION_IMPORT,
		Policies: []*api.Policy{{Name: policy.Name}}, DefaultAction: api.RouteAction_ROUTE_ACTION_ACCEPT,
	}})
}

// peer is a neighbor in GoBGP's words. It is told the prefixes of its address's family.
func (s *Speaker) peer(n Neighbor) *api.Peer {
	family := api.Family_AFI_IP
	if n.Address.Is6() {
		family = api.Family_AFI_IP6
	}
	p := &api.Peer{
		Conf:      &api.PeerConf{NeighborAddress: n.Address.String(), PeerAsn: n.ASN},
		Transport: &api.Transport{LocalAddress: s.own(n.Address).String()},
		Timers:    &api.Timers{Config: &api.TimersConfig{HoldTime: hold, KeepaliveInterval: keepalive, ConnectRetry: 1, IdleHoldTimeAfterReset: 1}},
		AfiSafis:  []*api.AfiSafi{{Config: &api.AfiSafiConfig{Family: &api.Family{Afi: family, Safi: api.Family_SAFI_UNICAST}, Enabled: true}}},
	}
	if n.BFD {
		p.Bfd = &api.BfdPeerConfig{Enabled: true, DesiredMinimumTxInterval: bfdInterval, RequiredMinimumReceive: bfdInterval, DetectionMultiplier: bfdMultiplier}
	}
	return p
}

// A neighbor that BFD watches is gone after three packets that did not come, 300 ms apart.
const bfdInterval, bfdMultiplier = 300_000, 3 // µs

// own is the edge's address of the family of a.
func (s *Speaker) own(a netip.Addr) (own netip.Addr) {
	for _, own := range s.options.Addresses {
		if own.Is4() == a.Is4() {
			return own
		}
	}
	return own
}

// Announce has the neighbors know these prefixes as the edge's, and no other. A speaker that drains
// announces nothing more.
func (s *Speaker) Announce(prefixes []netip.Prefix) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining || s.closed {
		return nil
	}
	return s.become(prefixes)
}

// Drain withdraws all prefixes for good: the neighbors send to others what is for them, and the
// edge still takes what they have sent.
func (s *Speaker) Drain() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	return s.become(nil)
}

// become withdraws what is not among the prefixes, and announces what is new. The mutex is held.
func (s *Speaker) become(prefixes []netip.Prefix) error {
	var gone, come []*apiutil.Path
	var errs []error
	for _, p := range s.announced {
		if !slices.Contains(prefixes, p) {
			gone = append(gone, s.path(p, &errs))
		}
	}
	for _, p := range prefixes {
		if !slices.Contains(s.announced, p) && s.own(p.Addr()).IsValid() {
			come = append(come, s.path(p, &errs))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("BGP: %w", err)
	}
	if len(gone) > 0 {
		if err := s.server.DeletePath(apiutil.DeletePathRequest{Paths: gone}); err != nil {
			return fmt.Errorf("BGP: prefixes are not withdrawn: %w", err)
		}
	}
	if len(come) > 0 {
		if _, err := s.server.AddPath(apiutil.AddPathRequest{Paths: come}); err != nil {
			return fmt.Errorf("BGP: prefixes are not announced: %w", err)
		}
	}
	s.announced = slices.DeleteFunc(slices.Clone(prefixes), func(p netip.Prefix) bool { return !s.own(p.Addr()).IsValid() })
	return nil
}

// path is a prefix by way of the edge, which originates it (RFC 4271 section 5.1.1).
func (s *Speaker) path(p netip.Prefix, errs *[]error) *apiutil.Path {
	nlri, err := bgp.NewIPAddrPrefix(p)
	if err != nil {
		*errs = append(*errs, err)
		return nil
	}
	path := &apiutil.Path{Nlri: nlri, Attrs: []bgp.PathAttributeInterface{bgp.NewPathAttributeOrigin(bgp.BGP_ORIGIN_ATTR_TYPE_IGP)}}
	if hop := s.own(p.Addr()); p.Addr().Is4() {
		next, err := bgp.NewPathAttributeNextHop(hop)
		path.Family, path.Attrs, *errs = bgp.RF_IPv4_UC, append(path.Attrs, next), appendErr(*errs, err)
	} else {
		next, err := bgp.NewPathAttributeMpReachNLRI(bgp.RF_IPv6_UC, []bgp.PathNLRI{{NLRI: nlri}}, hop)
		path.Family, path.Attrs, *errs = bgp.RF_IPv6_UC, append(path.Attrs, next), appendErr(*errs, err)
	}
	return path
}

func appendErr(errs []error, err error) []error {
	if err != nil {
		return append(errs, err)
	}
	return errs
}

// View is what the speaker knows now.
func (s *Speaker) View(ctx context.Context) (View, error) {
	s.mu.Lock()
	v := View{ASN: s.options.ASN, RouterID: s.options.RouterID, Draining: s.draining, Prefixes: slices.Clone(s.announced), Neighbors: []NeighborView{}}
	s.mu.Unlock()
	err := s.server.ListPeer(ctx, &api.ListPeerRequest{EnableAdvertised: true}, func(p *api.Peer) {
		v.Neighbors = append(v.Neighbors, neighborView(p))
	})
	slices.SortFunc(v.Neighbors, func(a, b NeighborView) int { return a.Address.Compare(b.Address) })
	return v, err
}

// neighborView is a neighbor as GoBGP tells.
func neighborView(p *api.Peer) NeighborView {
	address, _ := netip.ParseAddr(p.Conf.NeighborAddress)
	v := NeighborView{Address: address, ASN: p.Conf.PeerAsn, State: word(p.State.SessionState.String())}
	if p.Bfd != nil && p.Bfd.Enabled {
		v.BFD = word(p.State.BfdState.GetSessionState().String())
	}
	if t := p.Timers.GetState().GetUptime(); v.State == "established" && t != nil {
		v.Since = t.AsTime()
	}
	for _, f := range p.AfiSafis {
		v.Announced += f.State.GetAdvertised()
		v.Refused += f.State.GetReceived()
	}
	return v
}

// word is the last word of an enumeration's name, such as SESSION_STATE_ESTABLISHED.
func word(name string) string {
	return strings.ToLower(name[strings.LastIndexByte(name, '_')+1:])
}

// watch logs when a session comes or goes.
func (s *Speaker) watch(ctx context.Context) error {
	return s.server.WatchEvent(context.WithoutCancel(ctx), server.WatchEventMessageCallbacks{OnPeerUpdate: s.told}, server.WatchPeer())
}

// Close ends all sessions, of which neighbors are told (RFC 4271 section 6.7), and gives the sockets
// back.
func (s *Speaker) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	s.server.Stop()
}

// quietly handles what of GoBGP's log is a warning at least: the rest told tells.
type quietly struct{ slog.Handler }

// Enabled is as slog.Handler says.
func (q quietly) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

// WithAttrs is as slog.Handler says.
func (q quietly) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quietly{q.Handler.WithAttrs(attrs)}
}

// WithGroup is as slog.Handler says.
func (q quietly) WithGroup(name string) slog.Handler { return quietly{q.Handler.WithGroup(name)} }

// told logs what became of a session.
func (s *Speaker) told(e *apiutil.WatchEventMessage_PeerEvent, _ time.Time) {
	if e.Type != apiutil.PEER_EVENT_STATE {
		return
	}
	switch p := e.Peer.State; p.SessionState {
	case bgp.BGP_FSM_ESTABLISHED:
		s.options.Log.Info("BGP session is up", "neighbor", p.NeighborAddress, "asn", p.PeerASN)
	case bgp.BGP_FSM_IDLE:
		s.options.Log.Warn("BGP session is down", "neighbor", p.NeighborAddress, "asn", p.PeerASN, "reason", word(p.DisconnectReason.String()), "message", p.DisconnectMessage)
	}
}
