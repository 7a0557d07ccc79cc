package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"nitrocard/nic/capture"
	"nitrocard/nic/ctl"
	"nitrocard/nic/pipeline"
)

// captureOrder is what capture was asked for.
type captureOrder struct {
	pipeline.Scope
	filter string
	file   string
	count  uint64
	length time.Duration
}

func newCapture() *cobra.Command {
	o := captureOrder{Scope: pipeline.Scope{Snap: capture.DefaultSnap}}
	cmd := &cobra.Command{
		Use:   "capture [flags] > FILE.pcapng",
		Short: "Watch what a running card receives, sends and drops, and why",
		Long: `Watch what a running card receives, sends and drops, as a capture file (pcapng)
for Wireshark and tcpdump. A comment on each packet says what became of it and
why. A packet that passes is there as it came, on the interface of the port that
received it, and as it left, on that of the port that sent it; a packet that is
dropped is there once; one that the port it was to leave by refuses, twice.

--filter judges the packet itself, without the underlay's tunnel. It takes tcpdump's
host, net, port, portrange and proto with src and dst; ether, ip, ip6, arp, rarp, tcp,
udp, sctp, icmp and icmp6; less, greater and len; fields such as tcp[13] & 2 != 0; and
and, or, not and parentheses, with numbers and no names.

The card never waits for a capture: what the reader is too slow for is lost, and
counted. Whoever captures reads guests' packets, and needs the right to change the
card's configuration.`,
		Example: `  nitrocard capture --dropped | wireshark -k -i -
  nitrocard capture --eni eni-a1 --filter 'tcp port 443' -w a1.pcapng    # until Ctrl-C
  nitrocard capture --count 10 | tcpdump -nr -`,
		Args:                  takes(0, 0, "flags only"),
		DisableFlagsInUseLine: true,
	}
	socket := socketFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&o.ENI, "eni", "", "`ID` of the only ENI: what it sends and gets, and what its stages drop")
	f.BoolVar(&o.Dropped, "dropped", false, "only packets that are dropped")
	f.StringVar(&o.filter, "filter", "", "`expression` of tcpdump's that packets have to match")
	f.Var(between(&o.Snap, capture.LeastSnap, capture.MostSnap), "snap", "bytes of a packet to keep")
	f.StringVarP(&o.file, "write", "w", "", "`file` to write, instead of standard output")
	f.Var(between(&o.count, 1, 1<<62), "count", "end after so many packets (default: all)")
	f.Var(span{&o.length}, "duration", "end after so long (default: Ctrl-C)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.run(cmd, *socket) }
	return cmd
}

// run captures until somebody or something ends it.
func (o *captureOrder) run(cmd *cobra.Command, socket string) (err error) {
	if _, err := capture.Parse(o.filter); err != nil {
		return err
	}
	if (o.file == "" || o.file == "-") && isTerminal(cmd.OutOrStdout()) {
		return wrong(cmd, "a capture is no text for a terminal: write it to a file or a pipe")
	}
	survivePipes()
	ctx, end := context.WithCancel(cmd.Context())
	defer end()
	card := ctl.Dial(socket)
	defer card.Close()
	stream, err := card.Capture(ctx, o.Scope, o.filter)
	if err != nil {
		return err
	}
	defer stream.Close()
	out, whole, err := o.out(cmd)
	if err != nil {
		return err
	}
	if o.length > 0 {
		defer time.AfterFunc(o.length, end).Stop()
	}
	begun := time.Now()
	stderr := cmd.ErrOrStderr()
	tally, err := capture.Relay(ctx, out, stream, o.count, captureProgress(stderr))
	err = errors.Join(captureEnded(err), whole())
	if isTerminal(stderr) {
		fmt.Fprint(stderr, clearLine)
	}
	text := fmt.Sprintf("nitrocard: %s in %s", plural(int(tally.Packets), "packet"), time.Since(begun).Round(100*time.Millisecond))
	if tally.Lost > 0 {
		text += fmt.Sprintf("; %d more were lost, for which there was no room until they were read", tally.Lost)
	}
	return errors.Join(err, line(stderr, text))
}

// out is where the capture goes, and what completes it.
func (o *captureOrder) out(cmd *cobra.Command) (io.Writer, func() error, error) {
	if o.file == "" || o.file == "-" {
		return cmd.OutOrStdout(), func() error { return nil }, nil
	}
	// A link would lead to somebody else's file, and a pipe that nobody reads would never open.
	f, err := os.OpenFile(o.file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Chmod(0o600); err != nil { // the file may have been there, and others could read guests' packets
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, f.Close, nil
}

// captureEnded is how a relay ended, for people. A reader that leaves, such as Wireshark's window that is
// closed, ends a capture as well as Ctrl-C.
func captureEnded(err error) error {
	switch {
	case errors.Is(err, syscall.EPIPE):
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the card ended the capture: it is gone, or nothing was read for 10 s")
	}
	return err
}

// captureProgress shows how much there is, ten times a second, to whoever looks; nil for nobody.
func captureProgress(w io.Writer) func(capture.Tally) {
	if !isTerminal(w) {
		return nil
	}
	var last time.Time
	return func(t capture.Tally) {
		if time.Since(last) < 100*time.Millisecond {
			return
		}
		last = time.Now()
		fmt.Fprintf(w, "%s%d packets, %d lost", clearLine, t.Packets, t.Lost)
	}
}
