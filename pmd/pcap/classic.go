package pcap

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/google/gopacket/pcapgo"
)

// classic reads the packets of a pcap file.
type classic struct {
	in      *bufio.Reader // that pcapgo reads from, too
	packets *pcapgo.Reader
	number  int // of the packet read last, from 1
}

func newClassic(in *bufio.Reader) (*classic, error) {
	packets, err := pcapgo.NewReader(in)
	if err != nil {
		return nil, unreadable(err)
	}
	packets.SetSnaplen(longest) // writers that cut nothing often state one that is too small
	return &classic{in: in, packets: packets}, ethernet(uint16(packets.LinkType()))
}

// read is the next packet, or io.EOF where one could start.
func (c *classic) read() (Packet, error) {
	if _, err := c.in.Peek(1); err == io.EOF {
		return Packet{}, io.EOF
	}
	c.number++
	frame, info, err := c.packets.ZeroCopyReadPacketData()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends within it")
	}
	if err != nil {
		return Packet{}, fmt.Errorf("packet %d: %w", c.number, err)
	}
	return Packet{Time: info.Timestamp, Frame: frame, Length: info.Length}, nil
}
