//go:build linux

package lab

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// probePort is where the client sends every datagram back.
const probePort = 7000

// probeEvery is how often the victim sends: 1,000 packets a second.
const probeEvery = time.Millisecond

// late is when a packet counts as lost. The victim's packets are on their way for
// less than a millisecond where nothing is wrong.
const late = time.Second

// reach is what became of the packets that the victim sent.
type reach struct {
	sent  int
	times []time.Duration // of the answers, sorted
}

// lost is how many packets had no answer.
func (r *reach) lost() int { return r.sent - len(r.times) }

// at is the time within which this share of the answers came.
func (r *reach) at(share float64) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	return r.times[int(share*float64(len(r.times)-1))].Round(10 * time.Microsecond)
}

// String is the reach for people.
func (r *reach) String() string {
	return fmt.Sprintf("%d of %d lost, median %s, p99 %s, p99.9 %s", r.lost(), r.sent, r.at(0.5), r.at(0.99), r.at(0.999))
}

// sendBack has a host send every datagram back that comes to probePort.
func sendBack(ctx context.Context, v visitor) error {
	var conn net.PacketConn
	err := v.Do(func() (err error) {
		conn, err = net.ListenPacket("udp4", netip.AddrPortFrom(v.addr, probePort).String())
		return err
	})
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	go func() {
		var b [64]byte
		for {
			n, from, err := conn.ReadFrom(b[:])
			if err != nil {
				return // closed
			}
			_, _ = conn.WriteTo(b[:n], from) // a full queue loses a packet as the network may
		}
	}()
	return nil
}

// probe has a visitor send numbered packets to an echo until ctx ends.
func probe(ctx context.Context, v visitor, to netip.AddrPort) (*reach, error) {
	var conn net.Conn
	err := v.Do(func() (err error) {
		conn, err = net.Dial("udp4", to.String())
		return err
	})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	began := time.Now()
	r := &reach{}
	var answers sync.WaitGroup
	answers.Go(func() { r.listen(conn, began) })
	for ; ctx.Err() == nil; time.Sleep(max(0, time.Until(began.Add(time.Duration(r.sent)*probeEvery)))) {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(time.Since(began)))
		if _, err := conn.Write(b[:]); err == nil {
			r.sent++
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(late))
	answers.Wait()
	slices.Sort(r.times)
	return r, nil
}

// listen notes how long each answer took, each of which has the moment of its question.
func (r *reach) listen(conn net.Conn, began time.Time) {
	var b [64]byte
	for {
		n, err := conn.Read(b[:])
		if err, timeout := err.(net.Error); timeout && err.Timeout() {
			return
		}
		if n != 8 {
			continue // refused while the echo began
		}
		r.times = append(r.times, time.Since(began)-time.Duration(binary.BigEndian.Uint64(b[:])))
	}
}
