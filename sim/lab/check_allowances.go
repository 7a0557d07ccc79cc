//go:build linux

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"nitrocard/nic"
	"nitrocard/pmd"
)

// measured is how long each run of iperf3 sends.
const measured = time.Second

// measuring is how long iperf3 may take, its handshakes included, before it is ended: where its control
// connection is lost, a server waits for ever.
const measuring = time.Minute

// mostAtOnce is how many bytes may arrive at once beyond the allowance, which the instance pays for afterwards: a
// burst of merged frames of 64 KiB.
const mostAtOnce = pmd.MaxBurst << 16

// meetsAllowance: iperf3 sends to m1 more than m1's instance may receive, by TCP and by UDP, and no more than that
// arrives. How much less arrives is the machine's matter: if nothing does, iperf3 sends anew.
func (s *story) meetsAllowance(ctx context.Context) (string, error) {
	var m meeting
	err := until(ctx, "some of what iperf3 sent arrived, and some was over the allowance", func() (bool, error) {
		var err error
		m, err = s.meeting(ctx)
		return m.over > 0 && !slices.Contains(m.received[:], received{}), err
	})
	if err != nil {
		return "", err
	}
	for _, got := range m.received {
		if most := m.gbps*1e9/8*got.Seconds + mostAtOnce; got.Bytes > most {
			return "", fmt.Errorf("iperf3 received %s, more than %v Gbit/s and %d MiB at once", got, m.gbps, mostAtOnce>>20)
		}
	}
	return fmt.Sprintf("m1's instance may receive %v Gbit/s, and %d MiB at once; iperf3 receives %s by TCP and %s by UDP, and %d packets waited or were dropped as bw_in_allowance_exceeded",
		m.gbps, mostAtOnce>>20, m.received[0], m.received[1], m.over), nil
}

// meeting is what iperf3 received by TCP and by UDP, and how many packets were over the allowance.
type meeting struct {
	received [2]received
	over     uint64
	gbps     float64
}

// meeting has iperf3 send by TCP and by UDP.
func (s *story) meeting(ctx context.Context) (m meeting, err error) {
	before, err := s.card(s.m1).allowance(ctx, s.m1.ENI)
	if err != nil {
		return m, err
	}
	if m.received[0], err = s.iperf(ctx); err != nil {
		return m, fmt.Errorf("by TCP: %w", err)
	}
	if m.received[1], err = s.iperf(ctx, "--udp", "--bitrate", "200M", "--length", "1400"); err != nil {
		return m, fmt.Errorf("by UDP: %w", err)
	}
	after, err := s.card(s.m1).allowance(ctx, s.m1.ENI)
	m.over, m.gbps = after.BwInExceeded-before.BwInExceeded, after.PeakBandwidthInGbps
	return m, err
}

// allowance is that of the instance of an ENI of the card.
func (c *card) allowance(ctx context.Context, eni string) (view nic.AllowanceView, err error) {
	all, err := c.Allowances(ctx)
	if err != nil {
		return view, err
	}
	i := slices.IndexFunc(all, func(v nic.AllowanceView) bool { return slices.Contains(v.ENIs, eni) })
	if i < 0 {
		return view, fmt.Errorf("the card tells no allowance of %s", eni)
	}
	return all[i], nil
}

// received is what iperf3's server received.
type received struct {
	Bytes   float64 `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

func (r received) String() string {
	return fmt.Sprintf("%.2f Mbit/s", r.Bytes*8/r.Seconds/1e6)
}

// iperf has a1 send to m1 for a while, and is nothing if nothing arrives.
func (s *story) iperf(ctx context.Context, how ...string) (got received, err error) {
	ctx, stop := context.WithTimeout(ctx, measuring)
	defer stop()
	port := strconv.Itoa(int(s.a1.visitor().ports.next()))
	serving := make(chan error, 1)
	go func() {
		_, err := iperf3.run(ctx, s.m1.Host, "--server", "--one-off", "--port", port)
		serving <- err
	}()
	defer func() { stop(); <-serving }()
	args := append([]string{"--client", s.m1.Addr.Addr().String(), "--port", port, "--connect-timeout", "1000", "--time", strconv.Itoa(int(measured.Seconds())), "--json"}, how...)
	var out string
	err = until(ctx, "iperf3 reached its server", func() (bool, error) {
		if len(serving) > 0 {
			err := <-serving
			serving <- err
			return false, fmt.Errorf("iperf3's server ended: %w", err)
		}
		out, err = iperf3.run(ctx, s.a1.Host, args...)
		return err == nil, nil
	})
	if err != nil {
		return got, fmt.Errorf("%w: %s", err, out)
	}
	var report struct {
		End struct {
			Received received `json:"sum_received"`
		} `json:"end"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		return got, fmt.Errorf("iperf3's report: %w", err)
	}
	if got = report.End.Received; got.Bytes == 0 || got.Seconds == 0 {
		got = received{}
	}
	return got, nil
}
