package ctl

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"nitrocard/nic/printable"
	"nitrocard/nic/vpc/ec2"
)

// Error is what a card answers instead of what it was asked for.
type Error struct {
	Status  int    `json:"-"` // HTTP's
	Message string `json:"error"`
	Code    string `json:"code,omitempty"` // EC2's, where it has one

	// Problems are all mistakes of a configuration that the card does not take.
	Problems []ec2.Problem `json:"problems,omitempty"`
}

// Codes of EC2 (EC2 API Reference, "Error codes").
const (
	dependencyViolation         = "DependencyViolation"               // others need the object
	unauthorizedOperation       = "UnauthorizedOperation"             // it is not the caller's
	insufficientFreeAddresses   = "InsufficientFreeAddressesInSubnet" // none is left for an ENI
	insufficientAddressCapacity = "InsufficientAddressCapacity"       // none is left for who allocates an Elastic IP address
)

// Listed are the problems.
func (e *Error) Listed() []ec2.Problem { return e.Problems }

// Error is the card's sentence.
func (e *Error) Error() string { return e.Message }

// reply answers with v. Its JSON is indented: people read it through curl.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.Encode(v) // fails only when the client has gone
}

// refuse answers with an error that has a status.
func refuse(w http.ResponseWriter, reason *Error) { reply(w, reason.Status, reason) }

// fail answers with a sentence.
func fail(w http.ResponseWriter, status int, format string, args ...any) {
	reply(w, status, &Error{Message: fmt.Sprintf(format, args...)})
}

// Reply is an answer in JSON for a route of Options.More, clean for a terminal.
func Reply(w http.ResponseWriter, status int, v any) {
	text := printable.Writer(w)
	defer text.Close()
	reply(answer{w, text}, status, v)
}

// Refuse is Reply for an error, as cards tell it.
func Refuse(w http.ResponseWriter, status int, err error) {
	Reply(w, status, &Error{Message: err.Error()})
}

// jsonErrors answers in JSON where the table of routes has no entry; http
// itself would answer in plain text. further are the routes that stand beside the table.
func jsonErrors(mux, further *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refusal, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		p := probe{header: w.Header()}
		refusal.ServeHTTP(&p, r)
		if p.status == http.StatusMethodNotAllowed {
			fail(w, p.status, "%s takes %s, not %s", r.URL.Path, w.Header().Get("Allow"), r.Method)
			return
		}
		fail(w, http.StatusNotFound, "there is no %s; there are %s and %s under /v1", r.URL.Path, strings.Join(offered(mux, further), ", "), dryRunPath)
	})
}

// toAskFor is what a GET may ask of a card, an edge or a controller.
var toAskFor = []string{
	"enis", "allowances", "security-groups", "network-acls", "ports", "nat-gateways", "flows", "hits", "drops", "workers", "identity", "capture",
	"hosts", "bgp", "config",
}

// offered is what of it one of the tables has.
func offered(tables ...*http.ServeMux) (names []string) {
	for _, name := range toAskFor {
		ask := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/v1/" + name}}
		if slices.ContainsFunc(tables, func(m *http.ServeMux) bool { _, pattern := m.Handler(ask); return pattern != "" }) {
			names = append(names, name)
		}
	}
	return names
}

// probe learns status and headers of an answer whose text nobody wants.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }
