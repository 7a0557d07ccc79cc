package ctl

import (
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// kind is a kind of what the card has: all of it in pages, and each by its name.
type kind[T any] struct {
	what string // in an error
	key  string // what people call the name: ID or NAME
	each func(after string) iter.Seq[T]
	one  func(name string) (T, bool)
	kind string // in the configuration; "": no object of the configuration
}

// seen are those objects of a kind that a caller may see.
func seen[T any](c *caller, region *vpc.Region, kind string, items iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for item := range items {
			if c.sees(region, vpc.Edit{Kind: kind, Object: item}) && !yield(item) {
				return
			}
		}
	}
}

// offer has the server answer for a kind at a path.
func offer[T any](s *server, mux *http.ServeMux, path string, k kind[T]) {
	mux.HandleFunc("GET /v1/"+path, func(w http.ResponseWriter, r *http.Request) {
		if p, ok := pageOf(w, r, "after="+k.key, "limit=N"); ok {
			list(s.chunks(w, r), first(p.limit, seen(callerOf(r), s.target.Region(), k.kind, k.each(p.after))))
		}
	})
	mux.HandleFunc("GET /v1/"+path+"/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		item, there := k.one(name)
		if !there || !callerOf(r).sees(s.target.Region(), vpc.Edit{Kind: k.kind, Object: item}) {
			fail(w, http.StatusNotFound, "this card has no %s %q", k.what, name)
			return
		}
		reply(w, http.StatusOK, item)
	})
}

// offerObjects has the server answer for objects of the configuration.
func (s *server) offerObjects(mux *http.ServeMux) {
	offer(s, mux, "security-groups", kind[*ec2.SecurityGroup]{"security group", "ID",
		func(after string) iter.Seq[*ec2.SecurityGroup] { return s.target.Region().EachSecurityGroup(after) },
		func(id string) (*ec2.SecurityGroup, bool) {
			g := s.target.Region().SecurityGroup(id)
			return g, g != nil
		}, "SecurityGroups",
	})
	offer(s, mux, "network-acls", kind[*ec2.NetworkAcl]{"network ACL", "ID",
		func(after string) iter.Seq[*ec2.NetworkAcl] { return s.target.Region().EachNetworkACL(after) },
		func(id string) (*ec2.NetworkAcl, bool) { a := s.target.Region().NetworkACL(id); return a, a != nil }, "NetworkAcls",
	})
}

// offerCard has the server answer for what a card has beside its configuration.
func (s *server) offerCard(mux *http.ServeMux) {
	offer(s, mux, "enis", kind[nic.ENIView]{"ENI", "ID", s.card.EachENI, s.card.ENI, ""})
	offer(s, mux, "allowances", kind[nic.AllowanceView]{"instance", "ID", s.card.EachAllowance, s.card.Allowance, ""})
	offer(s, mux, "ports", kind[nic.PortView]{"port", "NAME", s.card.EachPort, s.card.Port, ""})
	offer(s, mux, "nat-gateways", kind[nic.NATView]{"NAT gateway", "ID", s.card.EachNAT, s.card.NAT, ""})
	mux.HandleFunc("GET /v1/flows", s.flows)
	mux.HandleFunc("GET /v1/hits", s.hits)
	mux.HandleFunc("GET /v1/drops", s.drops)
	mux.HandleFunc("GET /v1/workers", s.workers)
	mux.HandleFunc("GET /v1/identity", s.identity)
}

func (s *server) flows(w http.ResponseWriter, r *http.Request) {
	p, ok := pageOf(w, r, "eni=ID", "after=AT", "limit=N")
	if !ok {
		return
	}
	after, err := strconv.ParseUint("0"+p.after, 10, 32)
	switch {
	case err != nil:
		fail(w, http.StatusBadRequest, `after=%s: "at" of the last connection before is expected`, p.after)
	case p.eni != "" && s.card.Policy().ENI(p.eni) == nil:
		fail(w, http.StatusNotFound, "this card has no ENI %q", p.eni)
	default:
		list(s.chunks(w, r), s.card.EachFlow(nic.FlowFilter{ENI: p.eni, After: uint32(after), Limit: p.limit}))
	}
}

func (s *server) hits(w http.ResponseWriter, r *http.Request) {
	leave, ok := enter(w, r, s.wholes.of(callerOf(r)), 1)
	if !ok {
		return
	}
	defer leave()
	all, err := s.card.Hits(r.Context())
	if err != nil {
		refuse(w, asError(http.StatusServiceUnavailable, err))
		return
	}
	list(s.chunks(w, r), slices.Values(all))
}

func (s *server) drops(w http.ResponseWriter, r *http.Request) {
	if leave, ok := enter(w, r, s.wholes.of(callerOf(r)), 1); ok {
		defer leave()
		view := s.card.Drops()
		p := s.chunks(w, r)
		defer p.give()
		o := p.object("")
		o.field("reasons")
		array(p, "  ", slices.Values(view.Reasons))
		o.field("last")
		array(p, "  ", slices.Values(view.Last))
		o.end()
		p.text("\n")
		p.write()
	}
}

func (s *server) workers(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, s.card.Workers())
}

func (s *server) identity(w http.ResponseWriter, r *http.Request) {
	view, err := s.card.Identity()
	if err != nil {
		Refuse(w, http.StatusNotFound, err)
		return
	}
	reply(w, http.StatusOK, view)
}

// config writes the configuration list by list, and Placement, too, in chunks.
func (s *server) config(w http.ResponseWriter, r *http.Request) {
	leave, ok := enter(w, r, s.wholes.of(callerOf(r)), 1)
	if !ok {
		return
	}
	defer leave()
	region, c := s.target.Region(), callerOf(r)
	p := s.chunks(w, r)
	defer p.give()
	o := p.object("")
	for name, objects := range region.Lists() {
		o.field(name)
		array(p, "  ", seen(c, region, name, objects))
	}
	if placement := region.Placement(); !placement.IsZero() && c.role != owner { // where servers are is the provider's
		o.field("Placement")
		p.parts("  ", reflect.ValueOf(placement))
	}
	o.end()
	p.text("\n")
	p.write()
}

// list answers with items, which are written as they are found.
func list[T any](p *chunks, items iter.Seq[T]) {
	defer p.give()
	array(p, "", items)
	p.text("\n")
	p.write()
}
