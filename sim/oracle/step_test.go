package oracle

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"nitrocard/nic/vpc"
)

// step is one thing that happens in a region: time passes, objects of the configuration
// change at once, or a packet is sent.
type step struct {
	Wait   time.Duration
	Edits  []vpc.Edit
	Packet *Packet
	ENI    string  // whose guest sends the packet; "" is a host on the internet
	Direct bool    // to the neighbor's own MAC
	Pieces []Piece // in which a packet is sent that is fragmented, in their order
}

// String is the step in a line.
func (s step) String() string {
	if s.Packet != nil && s.Packet.Fragmented {
		return fmt.Sprintf("%s %v", s.words(), s.Pieces)
	}
	return s.words()
}

// words are the step without the fragments of its packet.
func (s step) words() string {
	switch {
	case s.Wait > 0:
		return fmt.Sprintf("%v pass", s.Wait)
	case s.Packet == nil:
		words := ""
		for _, e := range s.Edits {
			object, _ := json.Marshal(e.Object)
			words += fmt.Sprintf("%s %s becomes %s; ", e.Kind, e.ID, object)
		}
		return strings.TrimSuffix(words, "; ")
	case s.ENI == "":
		return fmt.Sprintf("the internet sends %v", *s.Packet)
	case s.Direct:
		return fmt.Sprintf("%s sends to its neighbor %v", s.ENI, *s.Packet)
	}
	return fmt.Sprintf("%s sends %v", s.ENI, *s.Packet)
}
