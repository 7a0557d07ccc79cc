//go:build linux

package lab

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
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
	Sent  int
	Times []time.Duration // of the answers, sorted
}

// lost is how many packets had no answer.
func (r *reach) lost() int { return r.Sent - len(r.Times) }

// at is the time within which this share of the answers came.
func (r *reach) at(share float64) time.Duration {
	if len(r.Times) == 0 {
		return 0
	}
	return r.Times[int(share*float64(len(r.Times)-1))].Round(10 * time.Microsecond)
}

// String is the reach for people.
func (r *reach) String() string {
	return fmt.Sprintf("%d of %d lost, median %s, p99 %s, p99.9 %s", r.lost(), r.Sent, r.at(0.5), r.at(0.99), r.at(0.999))
}

// The victim and who answers it are processes of their own. An attacker's thread runs when
// nobody else wants the CPU, and until then keeps one of the processors of Go that all
// goroutines of its process share: in the lab's process the victim would wait for the lab.
const (
	echoWord  = "echo"  // has Inner send back what comes to a socket
	probeWord = "probe" // has Inner be the victim for a time
	socketFd  = 3       // the process's socket, which is on a host
)

// beside is the program in another part, with a socket.
func beside(conn *net.UDPConn, part ...string) (cmd *exec.Cmd, err error) {
	file, err := conn.File()
	if err != nil {
		return nil, err
	}
	cmd = exec.Command("/proc/self/exe", append([]string{InnerCommand}, part...)...)
	cmd.ExtraFiles = []*os.File{file}
	return cmd, nil
}

// sendBack has a host send every datagram back that comes to probePort, until ctx ends.
func sendBack(ctx context.Context, v visitor) error {
	var conn *net.UDPConn
	err := v.Do(func() (err error) {
		conn, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(v.addr, probePort)))
		return err
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	cmd, err := beside(conn, echoWord)
	if err != nil {
		return err
	}
	defer cmd.ExtraFiles[0].Close()
	p, err := startCommand(nil, "the echo", runDir+"/echo.log", cmd)
	if err == nil {
		context.AfterFunc(ctx, p.kill)
	}
	return err
}

// beEcho is the life of the process that sends back.
func beEcho() error {
	conn, err := net.FilePacketConn(os.NewFile(socketFd, "socket"))
	if err != nil {
		return err
	}
	var b [64]byte
	for {
		n, from, err := conn.ReadFrom(b[:])
		if err != nil {
			return err
		}
		_, _ = conn.WriteTo(b[:n], from) // a full queue loses a packet as the network may
	}
}

// probe has a visitor send numbered packets to an echo until the deadline of ctx.
func probe(ctx context.Context, v visitor, to netip.AddrPort) (r *reach, err error) {
	var conn *net.UDPConn
	err = v.Do(func() (err error) {
		conn, err = net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
		return err
	})
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	end, _ := ctx.Deadline()
	cmd, err := beside(conn, probeWord, time.Until(end).String())
	if err != nil {
		return nil, err
	}
	defer cmd.ExtraFiles[0].Close()
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the victim: %w", err)
	}
	r = &reach{}
	return r, json.Unmarshal(text, r)
}

// beVictim is the life of the victim's process.
func beVictim(out io.Writer, lasting string) error {
	d, err := time.ParseDuration(lasting)
	if err != nil {
		return err
	}
	conn, err := net.FileConn(os.NewFile(socketFd, "socket"))
	if err != nil {
		return err
	}
	began := time.Now()
	r := &reach{}
	var answers sync.WaitGroup
	answers.Go(func() { r.listen(conn, began) })
	for ; time.Since(began) < d; time.Sleep(max(0, time.Until(began.Add(time.Duration(r.Sent)*probeEvery)))) {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(time.Since(began)))
		if _, err := conn.Write(b[:]); err == nil {
			r.Sent++
		}
	}
	_ = conn.SetReadDeadline(time.Now().Add(late))
	answers.Wait()
	slices.Sort(r.Times)
	return json.NewEncoder(out).Encode(r)
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
		r.Times = append(r.Times, time.Since(began)-time.Duration(binary.BigEndian.Uint64(b[:])))
	}
}
