package pipeline

import "nitrocard/nic/vpc"

// Event is the end of one packet's way through the card.
type Event struct {
	Port    string      // that received it
	Verdict Verdict     // Sent, Consumed, or why it was dropped
	To      string      // the port it left by, if Sent
	ENI     *vpc.OwnENI // whose stages decided last; nil before an ENI was found
	Rule    *vpc.Rule   // of the ENI's groups that let the packet pass, or its connection before; nil if none was asked
	Egress  *vpc.Rule   // the sender's rule, where sender and receiver are both guests of this card
}

// Observe has f called with the end of each packet that the worker ends; nil ends
// it. The worker stands at the gate.
func (w *Worker) Observe(f func(*Event)) {
	w.observe, w.fast.seen = f, nil
	if f != nil {
		w.fast.seen = new(seen)
	}
}
