package service

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"nitrocard/nic/imds"
	"nitrocard/nic/nictest"
)

// piped is a listener that accepts one connection, and then waits for its own end.
type piped struct {
	conns chan net.Conn
	ended chan struct{}
	end   func()
}

func newPiped(c net.Conn) *piped {
	p := &piped{conns: make(chan net.Conn, 1), ended: make(chan struct{})}
	p.conns <- c
	p.end = sync.OnceFunc(func() { close(p.ended) })
	return p
}

func (p *piped) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *piped) Close() error   { p.end(); return nil }
func (p *piped) Addr() net.Addr { return &net.TCPAddr{} }

// exchange says a text to a server by one connection, and hears all that the server says until the server hangs
// up. The clock is the test's: patience of the server's takes no time.
func exchange(t *testing.T, said []byte, serve func(net.Listener) io.Closer) (heard []byte) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		began, s := time.Now(), serve(newPiped(server))
		go client.Write(said)
		var err error
		heard, err = io.ReadAll(client)
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(began), (hostQuestions+1)*hostPatience, "a connection that stays")
		client.Close()
		require.NoError(t, s.Close())
		synctest.Wait()
	})
	return heard
}

// newView is what a host knows of eni-a1.
func newView(t testing.TB) *view {
	_, policy := newAsker(t, nil)
	return &view{nictest.ENI(policy, "eni-a1"), policy}
}

// FuzzHTTP says any bytes to the metadata service: the answer is one of HTTP's, of a status that the service has,
// and the last; nothing of the service panics, and who says half a request is hung up on.
func FuzzHTTP(f *testing.F) {
	for _, said := range []string{
		"GET /latest/meta-data/ HTTP/1.1\r\nHost: a\r\n\r\n", "PUT /latest/api/token HTTP/1.1\r\nHost: a\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\nContent-Length: 0\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n", "GET /latest/user-da", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
		"HEAD /latest/dynamic/instance-identity/document HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"HEAD /\"HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
	} {
		f.Add([]byte(said))
	}
	h := &host{}
	h.view.Store(newView(f))
	own := stack.New(stack.Options{NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol}, TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol}})
	f.Cleanup(own.Destroy)
	endpoint, e := own.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, &waiter.Queue{}) // whose TTL an answer sets
	require.Nil(f, e)
	metadata := imds.New(time.Now)
	f.Fuzz(func(t *testing.T, said []byte) {
		var complaints bytes.Buffer
		heard := exchange(t, said, func(l net.Listener) io.Closer {
			s := h.metadataServer(metadata)
			s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
				return withConn(ctx, &conn{Conn: c, endpoint: endpoint})
			}
			s.ErrorLog = log.New(&complaints, "", 0)
			go s.Serve(l)
			return s
		})
		require.NotContains(t, complaints.String(), "panic")
		if len(heard) == 0 {
			return
		}
		a, r := response(t, heard, http.MethodGet)
		if a.Header.Get("Server") == "EC2ws" && bytes.HasPrefix(said, []byte("HEAD ")) { // what net/http says itself has a text
			a, r = response(t, heard, http.MethodHead)
		}
		require.Contains(t, []int{200, 400, 401, 403, 404, 405, 417, 431, 501, 505}, a.StatusCode)
		_, err := io.Copy(io.Discard, a.Body)
		require.NoError(t, err)
		_, err = r.ReadByte()
		require.ErrorIs(t, err, io.EOF, "more than one answer")
	})
}

// response is the answer to a request of a method, and what follows the answer's head.
func response(t *testing.T, heard []byte, method string) (*http.Response, *bufio.Reader) {
	r, q := bufio.NewReader(bytes.NewReader(heard)), &http.Request{Method: method}
	a, err := http.ReadResponse(r, q)
	if err == nil && a.StatusCode == http.StatusContinue {
		a, err = http.ReadResponse(r, q)
	}
	require.NoError(t, err)
	return a, r
}

// FuzzNamesByTCP says any bytes to the DNS server: each message that comes answers a question, in the questions'
// order, and there are no more than a connection may have.
func FuzzNamesByTCP(f *testing.F) {
	asked := func(name string, kind uint16) []byte {
		b, err := new(dns.Msg).SetQuestion(name, kind).SetEdns0(4096, true).Pack()
		require.NoError(f, err)
		return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
	}
	own, back := asked("ip-10-0-1-5.ec2.internal.", dns.TypeA), asked("5.1.0.10.in-addr.arpa.", dns.TypePTR)
	f.Add(slices.Concat(own, back))
	f.Add(slices.Concat(own, back[:9]))
	f.Add(slices.Concat(asked("example.com.", dns.TypeANY), []byte{0, 0}, own))
	f.Add(bytes.Repeat(own, 2*hostQuestions))
	h := &host{}
	h.view.Store(newView(f))
	f.Fuzz(func(t *testing.T, said []byte) {
		heard := exchange(t, said, func(l net.Listener) io.Closer {
			s := h.dnsServer(l)
			go s.ActivateAndServe()
			return closer(s.Shutdown)
		})
		questions, answers := messages(said), messages(heard)
		require.LessOrEqual(t, len(answers), min(len(questions), hostQuestions))
		for _, b := range answers {
			var a dns.Msg
			require.NoError(t, a.Unpack(b))
			require.True(t, a.Response)
			of := slices.IndexFunc(questions, func(q []byte) bool { return len(q) >= 2 && binary.BigEndian.Uint16(q) == a.Id })
			require.NotEqual(t, -1, of, "an answer to nothing")
			questions = questions[of+1:]
		}
	})
}

// messages are those of a stream that are whole (RFC 1035 section 4.2.2).
func messages(stream []byte) (all [][]byte) {
	for len(stream) >= 2 {
		n := int(binary.BigEndian.Uint16(stream))
		if len(stream) < 2+n {
			break
		}
		all, stream = append(all, stream[2:2+n]), stream[2+n:]
	}
	return all
}

// closer is a function that ends what a test began.
type closer func() error

func (c closer) Close() error { return c() }
