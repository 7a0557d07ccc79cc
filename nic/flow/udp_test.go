package flow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

func TestUDPStories(t *testing.T) {
	for _, c := range []struct {
		sentence string
		packets  string // > the initiator's, < the other side's
		want     State
	}{
		{"one way", ">>>", UDPOneWay},
		{"a request and its response", "><", UDPReplied},
		{"asked twice, answered twice, once", ">><<", UDPReplied},
		{"a second request", "><>", UDPAgain},
		{"and its response: a stream", "><><", UDPStream},
		{"once a stream, always a stream", "><><>>>", UDPStream},
	} {
		for _, opened := range []wire.Direction{wire.In, wire.Out} {
			conn := conn(UDPOneWay, Flags(opened))
			for _, p := range c.packets {
				if p == '>' {
					conn.UDP(opened)
				} else {
					conn.UDP(opened ^ 1)
				}
			}
			require.Equal(t, c.want, conn.state(), c.sentence)
		}
	}
}
