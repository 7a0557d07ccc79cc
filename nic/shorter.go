package nic

import (
	"fmt"
	"time"

	"nitrocard/nic/flow"
)

// shorter is a timeout of an ENI that a change makes shorter (EC2 API, ConnectionTrackingConfiguration).
type shorter struct {
	eni, timeout string
	was, is      time.Duration
}

// String is the timeout for people: "TcpEstablishedTimeout 60 s instead of 350 s".
func (s *shorter) String() string {
	return fmt.Sprintf("%s %.0f s instead of %.0f s", s.timeout, s.is.Seconds(), s.was.Seconds())
}

// shorter is the timeout for which a tracked connection ends soon after the change; the zero one if it does
// not. The rules judge an untracked flow anew in any case.
func (l *ledger) shorter(s *seenFlow) (ends shorter) {
	was, is := l.now.Life(&s.Known), l.then.Life(&s.Known)
	if is < was && flow.Since(l.tick, s.Conn.Seen) > is && s.Conn.Status().Flags()&flow.FlagUntracked == 0 {
		ends = shorter{l.now.ENI(&s.Known).ID, timeoutOf(s.Conn.Status().State()), was, is}
	}
	return ends
}

// timeoutOf is EC2's name for what bounds the idle time of a connection in a state.
func timeoutOf(s flow.State) string {
	switch s {
	case flow.UDPStream:
		return "UdpStreamTimeout"
	case flow.UDPOneWay, flow.UDPReplied, flow.UDPAgain:
		return "UdpTimeout"
	}
	return "TcpEstablishedTimeout"
}
