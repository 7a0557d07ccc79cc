package replay

import (
	"bufio"
	"encoding/json"
	"io"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

// Verdict is one line of the verdicts file: what became of one packet.
type Verdict struct {
	N        int           `json:"n"`                     // from 1, over all inputs, in the order the card got them
	Time     Time          `json:"time"`                  // the packet's own, in Unix seconds with all digits
	Handled  Time          `json:"handled,omitempty"`     // the card's clock, if the packet's time ran backwards
	Port     string        `json:"port"`                  // that received it: "uplink" or an ENI's ID
	Verdict  string        `json:"verdict"`               // "sent", "consumed" or "dropped"
	Reason   string        `json:"reason"`                // why it was dropped, else ""
	Sentence string        `json:"sentence"`              // the same for people
	ENI      string        `json:"eni"`                   // whose stages decided; "" before one was found
	Rule     *vpc.Rule     `json:"rule"`                  // of the ENI's groups, that allowed the connection; null if none was asked or none did
	Egress   *vpc.Rule     `json:"egress_rule,omitempty"` // the sender's rule, where both sides are guests of this card
	Route    *nic.RouteHit `json:"route,omitempty"`       // by which it left its sender, or went nowhere; null if no route table was asked
	MTU      string        `json:"mtu,omitempty"`         // that the packet exceeded, and what has it: dropped, or sent in fragments
	ACL      *nic.ACLEntry `json:"network_acl,omitempty"` // the entry of the ENI's network ACL that let the packet pass or denied it; null if none was asked
	NAT      string        `json:"nat_gateway,omitempty"` // ID of the NAT gateway that the ENI is, which sent the packet on or dropped it
	Out      string        `json:"out"`                   // port it left by, "" if it did not
}

// verdict makes the line of packet p that ended with e.
func verdict(n int, p *packet, e *nic.Event) Verdict {
	v := Verdict{
		N: n, Time: p.time, Port: p.port, Verdict: "dropped", Sentence: e.Verdict.Sentence(),
		Rule: e.Rule, Egress: e.Egress, Route: nic.NewRouteHit(e.Routes, e.Route), ACL: nic.AskedACL(e), Out: e.To,
	}
	if p.clock != p.time {
		v.Handled = p.clock
	}
	if e.Verdict.Dropped() {
		v.Reason = e.Verdict.String()
	} else {
		v.Verdict = e.Verdict.String()
	}
	if e.MTU != 0 {
		v.MTU = e.MTU.String()
	}
	if e.ENI != nil {
		v.ENI = e.ENI.ID
		if e.ENI.NAT != nil {
			v.NAT = e.ENI.NAT.ID
		}
	}
	return v
}

// lines writes JSON lines.
type lines struct {
	buf  *bufio.Writer
	json *json.Encoder
}

func newLines(w io.Writer) *lines {
	l := &lines{buf: bufio.NewWriterSize(w, 1<<16)}
	l.json = json.NewEncoder(l.buf)
	l.json.SetEscapeHTML(false)
	return l
}
