package follow

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// HTTP is a Controller behind HTTP: at a Unix socket, or at an address with TLS.
type HTTP struct {
	base   string
	client http.Client
}

// silence is how long a controller may say nothing before its connection counts as dead. A
// controller tells that there is nothing more often than that.
const silence = 30 * time.Second

// Dial makes a connection to a controller at a socket's path, or at https://HOST:PORT with
// the certificates of config. It connects when it is first asked.
func Dial(where string, config *tls.Config) (*HTTP, error) {
	h := &HTTP{base: "http://controller"}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	transport := &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: config, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: silence}
	switch {
	case strings.HasPrefix(where, "https://"):
		u, err := url.Parse(where)
		if err != nil {
			return nil, err
		}
		h.base = "https://" + u.Host
	case strings.Contains(where, "://"):
		return nil, fmt.Errorf("%s: the path of a socket is expected, or https://HOST:PORT", where)
	default:
		path := strings.TrimPrefix(where, "unix:")
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", path)
		}
	}
	h.client.Transport = transport
	return h, nil
}

// Follow is as Controller says.
func (h *HTTP) Follow(ctx context.Context, card string, revision uint64) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	path := "/v1/follow/" + url.PathEscape(card) + "?answers=true&revision=" + strconv.FormatUint(revision, 10)
	resp, err := h.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	return newWatched(resp.Body, cancel), nil
}

// Report is as Controller says.
func (h *HTTP) Report(ctx context.Context, card string, r Report) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return h.put(ctx, silence, "/v1/hosts/"+url.PathEscape(card)+"/in-force", body)
}

// handingOver is how long a card takes to hand an ENI's records over, 6 MB at most.
const handingOver = 5 * time.Second

// HandOver is as Controller says.
func (h *HTTP) HandOver(ctx context.Context, card, eni string, records []byte) error {
	return h.put(ctx, handingOver, "/v1/hosts/"+url.PathEscape(card)+"/records/"+url.PathEscape(eni), records)
}

// SendAnswer is as Controller says.
func (h *HTTP) SendAnswer(ctx context.Context, card, question string, answer []byte) error {
	return h.put(ctx, silence, "/v1/hosts/"+url.PathEscape(card)+"/answers/"+url.PathEscape(question), answer)
}

// put tells a controller something, within a time.
func (h *HTTP) put(ctx context.Context, within time.Duration, path string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	resp, err := h.do(ctx, http.MethodPut, path, body)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// RootsView is what a controller answers who asks for root documents.
type RootsView struct {
	Roots []json.RawMessage `json:"roots"`
}

// Roots is as Controller says.
func (h *HTTP) Roots(ctx context.Context, _ string, after int64) (all [][]byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	resp, err := h.do(ctx, http.MethodGet, "/v1/roots?after="+strconv.FormatInt(after, 10), nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var v RootsView
	if err := json.NewDecoder(io.LimitReader(resp.Body, 2*mostRoots*mostRoot)).Decode(&v); err != nil {
		return nil, fmt.Errorf("root documents: %w", err)
	}
	for _, text := range v.Roots[:min(len(v.Roots), mostRoots)] {
		all = append(all, text)
	}
	return all, nil
}

// do makes one request; another answer than 200 is an error.
func (h *HTTP) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, h.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := h.client.Do(req)
	if err != nil || resp.StatusCode == http.StatusOK {
		return resp, err
	}
	defer resp.Body.Close()
	var said struct{ Error string }
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what came tells enough
	if json.Unmarshal(text, &said) != nil || said.Error == "" {
		said.Error = resp.Status
	}
	return nil, fmt.Errorf("the controller answers: %s", said.Error)
}

// watched is a stream that ends when nothing comes for the time of silence while somebody
// reads.
type watched struct {
	io.ReadCloser
	cancel context.CancelFunc
	timer  *time.Timer
}

func newWatched(r io.ReadCloser, cancel context.CancelFunc) *watched {
	w := &watched{r, cancel, time.AfterFunc(silence, cancel)}
	w.timer.Stop()
	return w
}

func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(silence)
	defer w.timer.Stop()
	return w.ReadCloser.Read(p)
}

func (w *watched) Close() error {
	w.timer.Stop()
	w.cancel()
	return w.ReadCloser.Close()
}
