//go:build linux

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gopacket/gopacket/pcapgo"

	"nitrocard/nic/capture"
	"nitrocard/nic/pipeline"
)

// captured: a capture of a1's packets at its card shows the client's first packet to a port that is
// open as it came and as it was delivered, with the rule, and each packet to one that is not, with
// whom the card asked.
func (s *story) captured(ctx context.Context) (string, error) {
	open, shut := s.client.connection(s.a1.public(webPort)), s.client.connection(s.a1.public(shellPort))
	filter := fmt.Sprintf("tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn and src port (%d or %d)", open.from.Port(), shut.from.Port())
	watching, end := context.WithCancel(ctx)
	defer end()
	stream, err := s.card(s.a1).Capture(watching, pipeline.Scope{ENI: s.a1.ENI}, filter)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	var file bytes.Buffer
	var packets atomic.Uint64
	written := make(chan error, 1)
	go func() {
		_, err := capture.Relay(watching, &file, stream, 0, func(t capture.Tally) { packets.Store(t.Packets) })
		written <- err
	}()
	c, err := open.dial(ctx)
	if err != nil {
		return "", err
	}
	c.Close()
	drops, err := s.refused(ctx, shut, s.a1)
	if err == nil {
		err = until(ctx, "the capture showed all of them", func() (bool, error) {
			return packets.Load() >= uint64(2+len(drops)) || len(written) > 0, nil
		})
	}
	end()
	if err := errors.Join(err, <-written); err != nil {
		return "", err
	}
	comments, err := commentsIn(&file)
	if err != nil {
		return "", err
	}
	rule := "let through by sg-web tcp 80 from 0.0.0.0/0"
	why := fmt.Sprintf("dropped as %s at %s; asked sg-web", groupDrop, s.a1.ENI)
	for where, want := range map[string]string{uplink: "left by " + s.a1.ENI + "; " + rule, s.a1.ENI: "came by uplink; " + rule} {
		if !slices.Contains(comments[where], want) {
			return "", fmt.Errorf("the capture shows no packet at %s that %q: %v", where, want, comments)
		}
	}
	fell := 0
	for _, comment := range comments[uplink] {
		if strings.HasPrefix(comment, why) {
			fell++
		}
	}
	if fell != len(drops) {
		return "", fmt.Errorf("the card dropped %d packets, and the capture shows %d: %v", len(drops), fell, comments)
	}
	return fmt.Sprintf("pcapng of %s on card %s: the client's SYN to port %d at uplink and at %s, %s; %d to port %d, %s",
		s.a1.ENI, s.a1.Card, webPort, s.a1.ENI, rule, fell, shellPort, why), nil
}

// commentsIn are the comments on a capture's packets, by interface, as a reader sees them that is not
// ours.
func commentsIn(file io.Reader) (map[string][]string, error) {
	r, err := pcapgo.NewNgReader(file, pcapgo.NgReaderOptions{})
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for {
		_, info, options, err := r.ReadPacketDataWithOptions()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		i, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			return nil, err
		}
		all[i.Name] = append(all[i.Name], options.Comments...)
	}
}
