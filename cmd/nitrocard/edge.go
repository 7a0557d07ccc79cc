package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"nitrocard/nic"
	"nitrocard/nic/bgp"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/pmd/afpacket"
)

// edgeOptions are edge's flags beside those of run.
type edgeOptions struct {
	port      string // to the internet
	addresses []netip.Prefix
	gateways  []netip.Addr

	asn       int
	routerID  string // "": the IPv4 address
	neighbors []bgp.Neighbor
	drain     time.Duration
	stale     time.Duration // age of the region from which it counts as lost; 0: never
	speaker   *bgp.Speaker  // nil: none
}

func newEdge() *cobra.Command {
	o := runOptions{idleSleep: nic.DefaultIdleSleep, ring: afpacket.DefaultRing, edge: &edgeOptions{drain: 6 * time.Second}}
	cmd := &cobra.Command{
		Use:   "edge (--config FILE|DIR | --controller URL --host HOST) --port PORT --address ADDRESS/LENGTH --gateway ADDRESS --uplink PORT",
		Short: "Be the router between the internet and the servers, until told to stop",
		Long: `Be the edge of a region, the router between the internet and the servers, until
told to stop (SIGTERM, Ctrl-C). SIGHUP reads the configuration again. What comes
from the internet for a public address is wrapped for the server of its ENI; what
servers send for their ENIs leaves for the gateway. The edge has the tunnel end of
Placement's Edge, as all edges of a region have, and announces PublicPrefixes of
Placement, or without these the prefixes that public addresses are of, to its BGP
neighbors: while both links are up, and not while it ends. For BGP, the host has the
addresses, too, and its kernel answers for them.

With --controller the configuration is the controller's, whose Placement names the
edge in Edges; of it, the edge is told what it needs, as it changes. An edge that does
not reach its controller goes on with what it has, also after its own restart. It
withdraws its prefixes when Edges does not name the edge, and with --stale-after when
what it has is older than that.

PORT is ` + portUsage() + `.`,
		Example: `  nitrocard edge --config region.yaml --uplink afpacket:eth0 \
    --port afpacket:eth1 --address 203.0.113.1/24 --gateway 203.0.113.254 \
    --address 2001:db8:9::1/64 --gateway 2001:db8:9::fe
  nitrocard edge --config region.yaml --uplink afpacket:eth0 \
    --port afpacket:eth1 --address 203.0.113.1/24 --gateway 203.0.113.254 \
    --asn 64500 --neighbor 203.0.113.254@64511    # BGP
  nitrocard edge --controller https://10.0.0.5:7443 --host edge-1 --trust keys.pem \
    --controller-ca ca.pem --controller-cert edge-1.pem --controller-cert-key edge-1.key \
    --uplink afpacket:eth0 --port afpacket:eth1 --address 203.0.113.1/24 --gateway 203.0.113.254
  nitrocard get drops                         # what the edge let nobody have, and why
  nitrocard get bgp`,
		Args:                  takes(0, 0, "flags only"),
		DisableFlagsInUseLine: true,
	}
	config, socket, reading := configFlag(cmd), socketFlag(cmd), readingFlag(cmd)
	o.eal = ealFlag(cmd)
	cmd.Flags().StringVar(&o.uplink, "uplink", "", "`port` to the underlay")
	o.edge.flags(cmd)
	controlledFlags(cmd, &o.controlled, "`name` of this edge in Edges of the controller's Placement")
	goWith(cmd, "controller", "stale-after")
	goWith(cmd, "asn", "neighbor")
	goWith(cmd, "neighbor", "router-id", "asn")
	workerFlags(cmd, &o)
	accessFlags(cmd, &o.access)
	sandboxFlags(cmd, &o.sandbox)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := errors.Join(o.controlled.check(cmd), needs(cmd, "port", "address")); err != nil {
			return err
		}
		o.config, o.socket, o.reading, o.connections = *config, *socket, *reading, 1
		if o.workers == 0 {
			o.workers = usualWorkers(runtime.NumCPU())
		}
		return run(cmd.Context(), &o, cmd.ErrOrStderr())
	}
	return cmd
}

// flags adds what an edge is told and a card is not.
func (o *edgeOptions) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.port, "port", "", "`port` to the internet")
	flags.Var(linkPrefixes{&o.addresses}, "address", "`address` of the edge on its link to the internet, with the link's length; one of each family")
	flags.Var(gateways{&o.gateways}, "gateway", "`address` of the router on that link that takes what leaves; one of each family")
	flags.Var(between(&o.asn, 0, math.MaxUint32), "asn", "`number` of the provider's autonomous system, for BGP")
	flags.StringVar(&o.routerID, "router-id", "", "`address` of IPv4 by which BGP knows this edge (default: --address of IPv4)")
	flags.Var(neighbors{&o.neighbors}, "neighbor", "`ADDRESS@ASN` of a router that is told over BGP what the edge serves, with +bfd where it speaks BFD; may be repeated")
	flags.Var(span{&o.drain}, "drain", "`time` for which the edge still takes packets, after it has withdrawn its prefixes and before it ends")
	flags.Var(span{&o.stale}, "stale-after", "`time` since the controller last said that what the edge has is the newest, after which the edge withdraws its prefixes; 0 never")
}

// speak opens the edge's BGP sessions, if it has neighbors.
func (o *edgeOptions) speak(ctx context.Context, link *pipeline.Internet, log *slog.Logger) error {
	if len(o.neighbors) == 0 {
		return nil
	}
	id, err := o.id()
	switch {
	case err != nil:
		return err
	case o.asn == 0:
		return errors.New("--neighbor: BGP needs the number of your autonomous system, too: --asn")
	case !link.Kernel:
		return fmt.Errorf("--neighbor: BGP is spoken by the kernel's TCP, and this host does not have --address %s: `ip address add %s dev …` gives it to the host", o.addresses[0], o.addresses[0])
	}
	options := bgp.Options{ASN: uint32(o.asn), RouterID: id, Neighbors: o.neighbors, Log: log}
	for _, p := range o.addresses {
		options.Addresses = append(options.Addresses, p.Addr())
	}
	for _, n := range o.neighbors {
		if !slices.ContainsFunc(options.Addresses, func(a netip.Addr) bool { return a.Is4() == n.Address.Is4() }) {
			return fmt.Errorf("--neighbor %s: the edge has no --address of that family", n)
		}
	}
	o.speaker, err = bgp.Start(ctx, options)
	return err
}

// id is the edge's BGP identifier.
func (o *edgeOptions) id() (netip.Addr, error) {
	if o.routerID != "" {
		id, err := netip.ParseAddr(o.routerID)
		if err != nil || !id.Is4() {
			return id, fmt.Errorf("--router-id %s: an IPv4 address is expected", shown(o.routerID))
		}
		return id, nil
	}
	for _, p := range o.addresses {
		if p.Addr().Is4() {
			return p.Addr(), nil
		}
	}
	return netip.Addr{}, errors.New("--neighbor: without an IPv4 --address, BGP needs a --router-id")
}

// offer adds what a socket answers about BGP.
func (o *edgeOptions) offer(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/bgp", func(w http.ResponseWriter, r *http.Request) {
		view, err := o.speaker.View(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(view)
	})
}

// neighbors is a flag's values: BGP neighbors.
type neighbors struct{ to *[]bgp.Neighbor }

func (n neighbors) Type() string   { return "neighbor" }
func (n neighbors) String() string { return "" }

func (n neighbors) Set(text string) error {
	given, err := bgp.ParseNeighbor(text)
	if err == nil {
		*n.to = append(*n.to, given)
	}
	return err
}

// internet is how the edge stands on its link, as the flags say.
func (o *edgeOptions) internet() (*pipeline.Internet, error) {
	link := &pipeline.Internet{Addresses: o.addresses, Gateways: o.gateways}
	for i, p := range o.addresses {
		a := p.Addr()
		switch {
		case !wire.AddrFrom(a).IsUnicast() || a == p.Masked().Addr() && p.Bits() < a.BitLen()-1:
			return nil, fmt.Errorf("--address %s: that is no host's address", p)
		case slices.ContainsFunc(o.addresses[:i], func(q netip.Prefix) bool { return q.Addr().Is4() == a.Is4() }):
			return nil, fmt.Errorf("--address %s: the edge has an address of that family already", p)
		}
	}
	for i, g := range o.gateways {
		own := slices.IndexFunc(o.addresses, func(p netip.Prefix) bool { return p.Addr().Is4() == g.Is4() })
		switch {
		case slices.ContainsFunc(o.gateways[:i], func(h netip.Addr) bool { return h.Is4() == g.Is4() }):
			return nil, fmt.Errorf("--gateway %s: there is one of that family already", g)
		case own < 0:
			return nil, fmt.Errorf("--gateway %s: the edge has no --address of that family", g)
		case !o.addresses[own].Contains(g) && !g.IsLinkLocalUnicast():
			return nil, fmt.Errorf("--gateway %s: it is not on the link of --address %s", g, o.addresses[own])
		case o.addresses[own].Addr() == g:
			return nil, fmt.Errorf("--gateway %s: that is the edge's own address", g)
		}
	}
	var err error
	link.Kernel, err = o.kernels()
	return link, err
}

// kernels tells whether the kernel has the edge's addresses, and so answers for them: ARP, ping
// and BGP.
func (o *edgeOptions) kernels() (bool, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false, err
	}
	var has, lacks []netip.Addr
	for _, p := range o.addresses {
		if slices.ContainsFunc(all, func(a net.Addr) bool { q, is := a.(*net.IPNet); return is && q.IP.Equal(p.Addr().AsSlice()) }) {
			has = append(has, p.Addr())
		} else {
			lacks = append(lacks, p.Addr())
		}
	}
	if len(has) > 0 && len(lacks) > 0 {
		return false, fmt.Errorf("--address: this host's kernel has %s and not %s: give it both, and it answers for both, or neither, and the edge does", has[0], lacks[0])
	}
	return len(has) > 0, nil
}

// linkPrefixes is a flag's values: addresses with a length.
type linkPrefixes struct{ to *[]netip.Prefix }

func (p linkPrefixes) Type() string   { return "address" }
func (p linkPrefixes) String() string { return "" }

func (p linkPrefixes) Set(text string) error {
	given, err := netip.ParsePrefix(text)
	if err != nil {
		return errors.New("an address and the length of its link's prefix are expected, such as 203.0.113.1/24")
	}
	*p.to = append(*p.to, given)
	return nil
}

// gateways is a flag's values: addresses.
type gateways struct{ to *[]netip.Addr }

func (a gateways) Type() string   { return "address" }
func (a gateways) String() string { return "" }

func (a gateways) Set(text string) error {
	given, err := netip.ParseAddr(text)
	if err != nil || given.Zone() != "" {
		return errors.New("an address is expected, such as 203.0.113.254")
	}
	*a.to = append(*a.to, given.Unmap())
	return nil
}
