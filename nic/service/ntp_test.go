package service_test

import (
	"encoding/binary"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
)

// question is a client's packet of NTP, sent when its clock showed 7.
func question() []byte {
	q := make([]byte, 48)
	q[0], q[2] = 4<<3|3, 6
	binary.BigEndian.PutUint64(q[40:], 7)
	return q
}

// answerOfNTP decodes an answer with a decoder that we did not write.
func answerOfNTP(t *testing.T, payload []byte) *layers.NTP {
	t.Helper()
	var a layers.NTP
	require.NoError(t, a.DecodeFromBytes(payload, gopacket.NilDecodeFeedback))
	return &a
}

func TestTimeIsTheHostsAtStratum3(t *testing.T) {
	for _, way := range [][2]string{{"10.0.1.5:4000", "169.254.169.123:123"}, {"[2001:db8:a:1::5]:4000", "[fd00:ec2::123]:123"}} {
		r := newRig(t)
		src, dst, payload := r.datagram(r.ask(r.udp(way[0], way[1], question())))
		require.Equal(t, [2]string{way[1], way[0]}, [2]string{src.String(), dst.String()})
		a := answerOfNTP(t, payload)
		require.EqualValues(t, []any{0, 4, 4, 3, 6}, []any{int(a.LeapIndicator), int(a.Version), int(a.Mode), int(a.Stratum), int(a.Poll)})
		require.EqualValues(t, 7, a.OriginTimestamp)
		require.Equal(t, uint64((1_780_000_000+2_208_988_800)<<32|1<<30), uint64(a.ReceiveTimestamp))
		require.EqualValues(t, 98, a.RootDispersion, "1.5 ms in 1/65536 s")
	}
}

func TestAHostThatIsNotSynchronizedSaysSo(t *testing.T) {
	r := newRig(t)
	r.clock.Synchronized = false
	_, _, payload := r.datagram(r.ask(r.udp("10.0.1.5:4000", "169.254.169.123:123", question())))
	a := answerOfNTP(t, payload)
	require.Equal(t, [2]int{3, 0}, [2]int{int(a.LeapIndicator), int(a.Stratum)})
	require.Equal(t, "INIT", string(binary.BigEndian.AppendUint32(nil, uint32(a.ReferenceID))))
	require.Zero(t, a.ReferenceTimestamp)
}

func TestWhatIsNoQuestionForTheTimeGetsNoAnswer(t *testing.T) {
	for what, change := range map[string]func(q []byte) []byte{
		"an answer":       func(q []byte) []byte { q[0] = 4<<3 | 4; return q },
		"a control query": func(q []byte) []byte { q[0] = 2<<3 | 6; return q },
		"a private query": func(q []byte) []byte { q[0] = 2<<3 | 7; return q },
		"version 0":       func(q []byte) []byte { q[0] = 3; return q },
		"half a packet":   func(q []byte) []byte { return q[:47] },
		"nothing":         func(q []byte) []byte { return nil },
	} {
		r := newRig(t)
		require.Empty(t, r.ask(r.udp("10.0.1.5:4000", "169.254.169.123:123", change(question()))), what)
	}
}
