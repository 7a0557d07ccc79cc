package service_test

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

// peer is a guest on the rig's card whose TCP is the test's own, segment by segment.
type peer struct {
	*rig
	port        *mem.Port
	mac         wire.MAC
	addr, addr6 string
	last        int // source port
}

// metadata and names are where the peers ask by TCP.
const metadata, names = "169.254.169.254:80", "10.0.0.2:53"

// segment is one from a source port to the metadata service.
func (p *peer) segment(port int, flags uint8) wiretest.Packet {
	return p.segmentTo(metadata, port, flags)
}

// segmentTo is one from a source port to a service.
func (p *peer) segmentTo(service string, port int, flags uint8) wiretest.Packet {
	return wiretest.TCP(fmt.Sprintf("%s:%d", p.addr, port), service).MACs(p.mac, p.router()).Flags(flags)
}

// router is that of the subnet that all peers are in.
func (p *peer) router() wire.MAC { return nictest.ENI(p.card.Policy(), "eni-a1").RouterMAC }

// nextPort is a source port that the peer did not have before.
func (p *peer) nextPort() int {
	p.last = 1024 + (p.last-1023)%60000
	return p.last
}

// send has the card take a frame.
func (p *peer) send(frame []byte) {
	p.Helper()
	require.True(p, p.port.Inject(frame))
	p.card.Poll(p.now)
}

// ask sends a segment until the card sends one that is like what is asked for. What the card does
// not answer is sent again, as TCP does.
func (p *peer) ask(port int, segment []byte, like func(s wire.TCP, data string) bool) {
	p.Helper()
	began := time.Now()
	for sent := time.Duration(-1); ; runtime.Gosched() { // other threads serve
		waited := time.Since(began)
		require.Less(p, waited, ample.Time, "no answer to port %d", port)
		if waited/time.Second > sent/time.Second || sent < 0 {
			p.send(segment)
			sent = waited
		}
		p.card.Poll(p.now)
		for _, frame := range p.port.Sent() {
			var h wire.Headers
			require.NoError(p, wiretest.Check(frame))
			require.Equal(p, wire.NoFault, wire.Parse(frame, &h))
			if h.Proto == wire.ProtoTCP && int(h.DstPort) == port && like(frame[h.L4:h.End], payloadOf(frame, &h)) {
				return
			}
		}
	}
}

// payloadOf is what a segment brings.
func payloadOf(frame []byte, h *wire.Headers) string {
	return string(frame[int(h.L4)+int(frame[h.L4+12]>>4)*4 : h.End])
}

// connection is one of a peer's.
type connection struct {
	*peer
	source int
	ack    uint32 // what the card has sent
}

// dial opens a connection.
func (p *peer) dial() connection {
	p.Helper()
	source := p.nextPort()
	var ack uint32
	p.ask(source, p.segment(source, wire.TCPSyn).Seq(1, 0).Bytes(), func(s wire.TCP, _ string) bool {
		ack = s.Seq() + 1
		return s.Flags()&(wire.TCPSyn|wire.TCPAck) == wire.TCPSyn|wire.TCPAck
	})
	return connection{p, source, ack}
}

// text is a segment of the connection that says text, with room for so many bytes of an answer.
func (c connection) text(text string, room uint16) []byte {
	return c.segment(c.source, wire.TCPAck|wire.TCPPsh).Seq(2, c.ack).Window(room).Payload(text).Bytes()
}

const getMAC = "GET /latest/meta-data/mac HTTP/1.0\r\n\r\n"

// fetch asks for the peer's MAC, waits for the answer, and hangs up.
func (p *peer) fetch() {
	p.Helper()
	c := p.dial()
	p.ask(c.source, c.text(getMAC, 1<<15), func(_ wire.TCP, data string) bool {
		return strings.HasPrefix(data, "HTTP/1.0 200 OK") && strings.HasSuffix(data, p.mac.String())
	})
	p.send(p.segment(c.source, wire.TCPRst).Seq(uint32(2+len(getMAC)), 0).Bytes())
}
