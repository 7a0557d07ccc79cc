package flow

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"
)

// end is one end of a TCP connection as RFC 9293 section 3.3.2 describes it,
// with what sequence numbers would tell reduced to one bit.
type end struct {
	state  string
	gotFin bool
	sent   []segment
}

type segment struct {
	flags   uint8
	acksFin bool // it acknowledges the receiver's FIN
}

func (e *end) send(flags uint8) { e.sent = append(e.sent, segment{flags, e.gotFin}) }

func (e *end) receive(s segment) {
	hasFin := s.flags&fin != 0
	switch {
	case e.state == "LISTEN" && s.flags == syn:
		e.state = "SYN-RECEIVED"
		e.send(syn | ack)
		return
	case e.state == "SYN-SENT" && s.flags == syn|ack:
		e.state = "ESTABLISHED"
		e.send(ack)
		return
	case e.state == "SYN-SENT" && s.flags == syn:
		e.state = "SYN-RECEIVED"
		e.send(syn | ack)
		return
	case e.state == "SYN-RECEIVED" && s.flags&ack != 0:
		e.state = "ESTABLISHED"
	case e.state == "FIN-WAIT-1" && s.acksFin:
		e.state = "FIN-WAIT-2"
	case e.state == "CLOSING" && s.acksFin:
		e.state = "TIME-WAIT"
	case e.state == "LAST-ACK" && s.acksFin:
		e.state = "CLOSED"
	}
	if hasFin {
		e.gotFin = true
		e.state = map[string]string{"ESTABLISHED": "CLOSE-WAIT", "FIN-WAIT-1": "CLOSING", "FIN-WAIT-2": "TIME-WAIT"}[e.state]
		e.send(ack)
	}
}

// act does something of its own: sends data or closes.
func (e *end) act(random *rand.Rand) {
	open := e.state == "ESTABLISHED" || e.state == "CLOSE-WAIT"
	switch {
	case open && random.IntN(8) == 0:
		e.state = map[string]string{"ESTABLISHED": "FIN-WAIT-1", "CLOSE-WAIT": "LAST-ACK"}[e.state]
		e.send(fin | ack)
	case open:
		e.send(ack)
	}
}

// Two ends talk through the card in random order. Whenever nothing is under
// way between them, the card's state is what both of them say.
func TestCardAgreesWithBothEnds(t *testing.T) {
	want := map[[2]string]State{
		{"ESTABLISHED", "ESTABLISHED"}: Established,
		{"FIN-WAIT-2", "CLOSE-WAIT"}:   FinWait,
		{"CLOSE-WAIT", "FIN-WAIT-2"}:   CloseWait,
		{"TIME-WAIT", "CLOSED"}:        TimeWait,
		{"CLOSED", "TIME-WAIT"}:        TimeWait,
		{"TIME-WAIT", "TIME-WAIT"}:     TimeWait, // both closed at once
	}
	random := oracle.Random(t)
	agreed := map[[2]string]int{}
	for range 3000 {
		ends := [2]*end{{state: "SYN-SENT"}, {state: []string{"LISTEN", "SYN-SENT"}[random.IntN(2)]}}
		link := [2][]segment{} // under way, by sender; the initiator is 0
		card := guestOpened(SynSent)
		pass := func(i int) { // what end i sends goes by the card
			for _, s := range ends[i].sent {
				card.TCP([2]wire.Direction{wire.Out, wire.In}[i], s.flags)
			}
			link[i] = append(link[i], ends[i].sent...)
			ends[i].sent = nil
		}
		for i, e := range ends {
			if e.state == "SYN-SENT" {
				e.send(syn)
				pass(i)
			}
		}
		for range 200 {
			i := random.IntN(2)
			if random.IntN(3) == 0 {
				ends[i].act(random)
			} else if len(link[1-i]) > 0 {
				ends[i].receive(link[1-i][0])
				link[1-i] = link[1-i][1:]
			}
			pass(i)
			if len(link[0])+len(link[1]) == 0 {
				pair := [2]string{ends[0].state, ends[1].state}
				require.Contains(t, want, pair)
				require.Equal(t, want[pair], card.state(), pair)
				agreed[pair]++
			}
		}
	}
	require.Len(t, agreed, len(want), "each outcome was seen")
}
