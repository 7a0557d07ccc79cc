package pipeline

import "nitrocard/nic/vpc"

// Event is the end of one packet's way through the card.
type Event struct {
	Port    string      // that received the packet
	Verdict Verdict     // Sent, Consumed, or why it was dropped
	To      string      // the port that the packet left by, if Sent
	MTU     vpc.MTU     // the way's, which the packet exceeds: the packet left in fragments or was dropped; 0 without
	ENI     *vpc.OwnENI // whose stages decided last; nil if no ENI was found
	Entry   uint16      // number of the entry of the network ACL of the ENI's subnet that decided; 0: none was asked
	Rule    *vpc.Rule   // of the ENI's groups, that let the packet or its connection pass; nil if none did
	Egress  *vpc.Rule   // the sender's rule, where sender and receiver are both guests of this card
	Route   *vpc.Route  // by which a guest's packet went, or that denied the packet; nil if no route table was asked
	Routes  string      // ID of Route's table; "": the VPC's main one, which the configuration lacks
}

// Observe has the worker call f at the end of each packet; nil ends the calls. Call
// Observe while the worker stands at the gate.
func (w *Worker) Observe(f func(*Event)) {
	w.observe, w.fast.seen = f, nil
	if f != nil {
		w.fast.seen = new(seen)
	}
	w.shown()
}
