package flow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// Whatever is sent: a connection only goes forward, a RST is on it until another segment
// follows, and what one side alone sends never outlives a handshake.
func FuzzTCP(f *testing.F) {
	f.Add([]byte{syn, syn | ack | 0x80, ack, fin | ack, ack | 0x80})
	f.Fuzz(func(t *testing.T, segments []byte) {
		limits := DefaultTimeouts()
		c := guestOpened(SynSent)
		for _, s := range segments {
			before, d := c.Status().lasting(), wire.Out
			if s&0x80 != 0 {
				d = wire.In
			}
			c.Packet(d, 60, 0)
			c.TCP(d, s&0x3f)
			lasting := c.Status().lasting()
			require.GreaterOrEqual(t, lasting, before)
			require.LessOrEqual(t, lasting, TimeWait)
			if s&rst != 0 {
				require.Equal(t, Closed, c.state())
			}
			if !c.answered() {
				require.LessOrEqual(t, limits.Of(c), limits.syn)
			}
		}
	})
}
