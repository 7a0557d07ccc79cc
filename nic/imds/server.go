package imds

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"nitrocard/nic/vpc"
)

// Server answers an instance's requests for its metadata.
type Server struct {
	tokens  *tokens
	clock   func() time.Time
	started time.Time
	signer  *signer
}

// New makes a server. clock tells the time.
func New(clock func() time.Time) *Server {
	now := clock()
	return &Server{tokens: newTokens(), clock: clock, started: now, signer: newSigner(now)}
}

// Certificate is that of the key which signs identity documents, in PEM.
func (s *Server) Certificate() ([]byte, error) { return s.signer.certificate() }

// Request is what a Server is asked, and by whom.
type Request struct {
	*http.Request
	Instance Instance
	Options  vpc.MetadataOptions
	IPv6     bool          // who asks does so at the IPv6 address
	SetTTL   func(ttl int) // of the answer's IP packets
}

// Headers and paths of tokens.
const (
	tokenHeader = "X-aws-ec2-metadata-token"
	ttlHeader   = "X-aws-ec2-metadata-token-ttl-seconds"
	tokenPath   = "api/token"
)

// versions are those of the API, the oldest first, as / lists them.
var versions = []string{
	"1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01", "2009-04-04",
	"2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19", "2016-06-30", "2016-09-02",
	"2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03", "2021-03-23", "2021-07-15", "2022-09-24",
	"2024-04-11", "latest",
}

// Serve answers one request, with EC2's status codes and headers.
func (s *Server) Serve(w http.ResponseWriter, r *Request) {
	h := w.Header()
	h.Set("Server", "EC2ws")
	h.Set("Connection", "close")
	h.Set("Content-Type", "text/plain")
	version, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.Options.Off, r.Options.OffIPv6 && r.IPv6:
		w.WriteHeader(http.StatusForbidden)
	case path == tokenPath:
		s.serveToken(w, r, version)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		allow(w, r, "OPTIONS, GET, HEAD")
	default:
		s.serveMetadata(w, r, version, path)
	}
}

// allow tells the methods of a path to who asks for them, or has used another method (RFC 9110 section 9.3.7).
func allow(w http.ResponseWriter, r *Request, methods string) {
	w.Header().Set("Allow", methods)
	if r.Method != http.MethodOptions {
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// serveToken gives a token to who asks for one by PUT, and not through a proxy.
func (s *Server) serveToken(w http.ResponseWriter, r *Request, version string) {
	seconds, err := strconv.ParseUint(r.Header.Get(ttlHeader), 10, 32)
	ttl := time.Duration(seconds) * time.Second
	switch {
	case r.Method != http.MethodPut:
		allow(w, r, "OPTIONS, PUT")
		return
	case version != "latest", len(r.Header.Values("X-Forwarded-For")) > 0:
		w.WriteHeader(http.StatusForbidden)
		return
	case err != nil || ttl < leastTTL || ttl > mostTTL:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.SetTTL(r.Options.HopLimit)
	w.Header().Set(ttlHeader, strconv.FormatUint(seconds, 10))
	io.WriteString(w, s.tokens.issue(r.Instance.ID(), s.clock().Add(ttl)))
}

// serveMetadata answers who asks for a path. A token that is there must hold, also where none
// is required.
func (s *Server) serveMetadata(w http.ResponseWriter, r *Request, version, path string) {
	if token := r.Header.Get(tokenHeader); token != "" || r.Options.TokenRequired {
		left := s.tokens.left(token, r.Instance.ID(), s.clock())
		if left == 0 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set(ttlHeader, strconv.Itoa(int((left+time.Second-1)/time.Second)))
	}
	text, found, err := s.find(r.Instance, version, path)
	if r.URL.Path == "/" {
		text, found = strings.Join(versions, "\n"), true
	}
	switch {
	case err != nil:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case !found:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if path == userData {
		w.Header().Set("Content-Type", "application/octet-stream")
	}
	w.Header().Set("Accept-Ranges", "none")
	w.Header().Set("Last-Modified", s.started.UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	if r.Method == http.MethodGet {
		io.WriteString(w, text)
	}
}

// Paths of a version that are outside of meta-data.
const (
	userData = "user-data"
	identity = "dynamic/instance-identity/"
)

// find is the text of a path in a version; every version has the same. The error is of signing.
func (s *Server) find(i Instance, version, path string) (text string, found bool, err error) {
	if !slices.Contains(versions, version) {
		return "", false, nil
	}
	t := tree{}
	for p, text := range i.metadata() {
		t["meta-data/"+p] = text
	}
	t.put("dynamic/fws/instance-monitoring", monitoring(i.machine()))
	t.put(userData, string(i.Region.UserData(i.ENIs[0].Instance)))
	err = s.identify(t, i.document(), path)
	text, found = t.at(path)
	return text, found, err
}

// identify puts an identity document, and its signatures. All are signed by one key, pkcs7 too, which
// EC2 signs by DSA. Nothing is signed for who asks for other paths.
func (s *Server) identify(t tree, document, path string) (err error) {
	var signed signatures
	switch path {
	case identity + "pkcs7", identity + "rsa2048", identity + "signature":
		signed, err = s.signer.sign(document)
	}
	t[identity+"document"] = document
	t[identity+"pkcs7"], t[identity+"rsa2048"], t[identity+"signature"] = signed.pkcs7, signed.pkcs7, signed.bare
	return err
}
