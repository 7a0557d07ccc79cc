package service

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/miekg/dns"

	"nitrocard/nic/imds"
)

// metadataServer is the HTTP server of a host's metadata.
func (h *host) metadataServer(metadata *imds.Server) *http.Server {
	s := &http.Server{
		Handler:     &metadataHandler{h, metadata},
		ConnContext: withConn, ReadTimeout: hostPatience, WriteTimeout: hostPatience, MaxHeaderBytes: hostHeader,
		ErrorLog: silent, DisableGeneralOptionsHandler: true,
	}
	s.SetKeepAlivesEnabled(false)
	return s
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// metadataHandler brings the requests of a host's guest to the metadata service.
type metadataHandler struct {
	host     *host
	metadata *imds.Server
}

// ServeHTTP answers a request with what is in force.
func (m *metadataHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*conn)
	on := m.host.view.Load()
	m.metadata.Serve(w, &imds.Request{
		Request: r, Instance: on.instance(), Options: on.policy.Region.MetadataOptions(on.eni.Instance), IPv6: c.isIPv6(), SetTTL: c.setTTL,
	})
}

// silent takes what net/http says of requests that broke off: any guest could fill a log so.
var silent = log.New(io.Discard, "", 0)

// dnsServer is the DNS server of what a listener of a host's accepts.
func (h *host) dnsServer(l net.Listener) *dns.Server {
	return &dns.Server{
		Listener: l, Handler: dns.HandlerFunc(h.answer), ReadTimeout: hostPatience, WriteTimeout: hostPatience,
		MaxTCPQueries: hostQuestions, IdleTimeout: func() time.Duration { return hostPatience },
	}
}

// answer answers who asks for a name by TCP.
func (h *host) answer(w dns.ResponseWriter, m *dns.Msg) {
	v := h.view.Load()
	a, elsewhere := resolve(v.eni, v.policy.Region, m)
	if elsewhere && h.others != nil {
		a = h.others.answer(v.eni, v.policy.Region, m)
	}
	w.WriteMsg(a)
}
