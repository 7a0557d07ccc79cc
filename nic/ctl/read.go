package ctl

import (
	"net/http"
	"net/url"
	"strconv"

	"nitrocard/nic"
)

func (s *server) enis(w http.ResponseWriter, r *http.Request) { list(w, s.card.ENIs()) }

func (s *server) eni(w http.ResponseWriter, r *http.Request) {
	one(w, s.card.ENIs(), "ENI", r.PathValue("id"), func(e *nic.ENIView) string { return e.ID })
}

func (s *server) groups(w http.ResponseWriter, r *http.Request) {
	list(w, s.card.Policy().Region.SecurityGroups())
}

func (s *server) group(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	g := s.card.Policy().Region.SecurityGroup(id)
	if g == nil {
		fail(w, http.StatusNotFound, "this card has no security group %q", id)
		return
	}
	reply(w, http.StatusOK, g)
}

func (s *server) ports(w http.ResponseWriter, r *http.Request) { list(w, s.card.Ports()) }

func (s *server) port(w http.ResponseWriter, r *http.Request) {
	one(w, s.card.Ports(), "port", r.PathValue("name"), func(p *nic.PortView) string { return p.Name })
}

func (s *server) drops(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, s.card.Drops())
}

func (s *server) workers(w http.ResponseWriter, r *http.Request) { list(w, s.card.Workers()) }

func (s *server) config(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, s.card.Config())
}

func (s *server) flows(w http.ResponseWriter, r *http.Request) {
	var f nic.FlowFilter
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		fail(w, http.StatusBadRequest, "?%s: %v", r.URL.RawQuery, err)
		return
	}
	for name, values := range query {
		value := values[0]
		switch name {
		case "eni":
			f.ENI = value
		case "limit":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				fail(w, http.StatusBadRequest, "limit=%s: a limit is a number from 1 on", value)
				return
			}
			f.Limit = n
		default:
			fail(w, http.StatusBadRequest, "flows takes eni=ID and limit=N, not %s", name)
			return
		}
	}
	if f.ENI != "" && !s.has(f.ENI) {
		fail(w, http.StatusNotFound, "this card has no ENI %q", f.ENI)
		return
	}
	list(w, s.card.Flows(f))
}

// has tells whether the ENI is on this card.
func (s *server) has(eni string) bool {
	return s.card.Policy().ENI(eni) != nil
}
