package ctl

import (
	"iter"
	"net/http"
	"strconv"

	"nitrocard/nic"
)

func (s *server) enis(w http.ResponseWriter, r *http.Request) {
	if p, ok := pageOf(w, r, "after=ID", "limit=N"); ok {
		list(s.pieces(w, r), first(p.limit, s.card.EachENI(p.after)))
	}
}

func (s *server) eni(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	e, there := s.card.ENI(id)
	one(w, there, e, "ENI", id)
}

func (s *server) groups(w http.ResponseWriter, r *http.Request) {
	if p, ok := pageOf(w, r, "after=ID", "limit=N"); ok {
		list(s.pieces(w, r), first(p.limit, s.card.Policy().Region.EachSecurityGroup(p.after)))
	}
}

func (s *server) group(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	g := s.card.Policy().Region.SecurityGroup(id)
	one(w, g != nil, g, "security group", id)
}

func (s *server) acls(w http.ResponseWriter, r *http.Request) {
	if p, ok := pageOf(w, r, "after=ID", "limit=N"); ok {
		list(s.pieces(w, r), first(p.limit, s.card.Policy().Region.EachNetworkACL(p.after)))
	}
}

func (s *server) acl(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	a := s.card.Policy().Region.NetworkACL(id)
	one(w, a != nil, a, "network ACL", id)
}

func (s *server) ports(w http.ResponseWriter, r *http.Request) {
	if p, ok := pageOf(w, r, "after=NAME", "limit=N"); ok {
		list(s.pieces(w, r), first(p.limit, s.card.EachPort(p.after)))
	}
}

func (s *server) port(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	p, there := s.card.Port(name)
	one(w, there, p, "port", name)
}

func (s *server) nats(w http.ResponseWriter, r *http.Request) {
	if p, ok := pageOf(w, r, "after=ID", "limit=N"); ok {
		list(s.pieces(w, r), first(p.limit, s.card.EachNAT(p.after)))
	}
}

func (s *server) nat(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	v, there := s.card.NAT(id)
	one(w, there, v, "NAT gateway", id)
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
		list(s.pieces(w, r), s.card.EachFlow(nic.FlowFilter{ENI: p.eni, After: uint32(after), Limit: p.limit}))
	}
}

func (s *server) drops(w http.ResponseWriter, r *http.Request) {
	if leave, ok := enter(w, r, s.wholes, 1); ok {
		defer leave()
		reply(w, http.StatusOK, s.card.Drops())
	}
}

func (s *server) workers(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, s.card.Workers())
}

// config writes the configuration list by list. Lists of what is in them, and
// Placement, are as long as the configuration is.
func (s *server) config(w http.ResponseWriter, r *http.Request) {
	leave, ok := enter(w, r, s.wholes, 1)
	if !ok {
		return
	}
	defer leave()
	region := s.card.Policy().Region
	p := s.pieces(w, r)
	defer p.give()
	before, after := "{", "{}\n"
	for name, objects := range region.Lists() {
		p.text(before + "\n  ")
		p.value("", name)
		p.text(": ")
		array(p, "  ", objects)
		before, after = ",", "\n}\n"
	}
	if placement := region.Placement(); !placement.IsZero() {
		p.text(before + "\n  \"Placement\": ")
		p.value("  ", placement)
		after = "\n}\n"
	}
	p.text(after)
	p.write()
}

// list answers with items, which are written as they are found.
func list[T any](p *pieces, items iter.Seq[T]) {
	defer p.give()
	array(p, "", items)
	p.text("\n")
	p.write()
}

// one answers with the item that is called so, or says that there is none.
func one[T any](w http.ResponseWriter, there bool, item T, what, name string) {
	if !there {
		fail(w, http.StatusNotFound, "this card has no %s %q", what, name)
		return
	}
	reply(w, http.StatusOK, item)
}
