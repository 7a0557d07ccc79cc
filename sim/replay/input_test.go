package replay

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/pcap"
)

// captureOf is a pcapng, which may hold any time, of one byte at each offset
// from noon.
func captureOf(t testing.TB, offsets ...time.Duration) []byte {
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	require.NoError(t, err)
	for _, d := range offsets {
		at := time.Unix(0, int64(noon)).Add(d)
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: 1, Length: 1}, []byte{0}))
	}
	require.NoError(t, w.Flush())
	return b.Bytes()
}

// readAll reads a capture to its end.
func readAll(t testing.TB, data []byte) (got []packet, in *input, err error) {
	file, err := pcap.NewReader("in.pcap", bytes.NewReader(data))
	if err != nil {
		return nil, nil, err
	}
	for in = start(Input{"uplink", "in.pcap"}, file); !in.done; in.next() {
		p := in.head
		p.frame = bytes.Clone(p.frame)
		got = append(got, p)
	}
	return got, in, nil
}

// A packet keeps its own time, and meets the card at the latest one before it.
func TestOrderOfTime(t *testing.T) {
	got, in, err := readAll(t, captureOf(t, 0, 3, 1, 2, 4))
	require.NoError(t, err)
	require.NoError(t, in.err)
	for i, want := range []struct{ time, clock Time }{{0, 0}, {3, 3}, {1, 3}, {2, 3}, {4, 4}} {
		require.Equal(t, noon+want.time, got[i].time, i)
		require.Equal(t, noon+want.clock, got[i].clock, i)
	}
	require.Equal(t, 2, in.late)
	require.Contains(t, merge{in}.notes()[0], "2 of 5 packets runs backwards")
}

func TestATimeThatNoPcapHolds(t *testing.T) {
	got, in, err := readAll(t, captureOf(t, 0, 100*365*24*time.Hour))
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.ErrorContains(t, in.err, "in.pcap: packet 2: its time lies outside 1970 to 2106")
}

// A capture on the edge's own link: the tunnel's checksum is the pseudo-header's
// alone, as Linux leaves it to the hardware.
func TestAnUnfinishedChecksumIsFinishedAndNoted(t *testing.T) {
	inner := wiretest.Echo("203.0.113.7", "35.72.2.8", 1).MACs(edge, a1).Bytes()
	frame := wiretest.VXLAN("172.16.0.1", "172.16.0.11", 5001, inner).Checksum().Bytes()
	datagram := frame[34:]
	binary.BigEndian.PutUint16(datagram[6:], ^wire.Sum(nil, wire.PseudoSum(wiretest.Addr("172.16.0.1"), wiretest.Addr("172.16.0.11"), wire.ProtoUDP, len(datagram))))
	d := newDesk(t)
	d.in("uplink", stamped{noon, frame})
	sum, v := d.run()
	require.Equal(t, "security_group_in", v[0].Reason, "it got as far as the groups")
	require.Len(t, sum.Notes, 1)
	require.Contains(t, sum.Notes[0], "uplink-in.pcap: 1 of 1 packets had checksums that their sender left to its hardware")
}

// A capture on a guest's own link: segments of a stream are one packet of 30 KB,
// unfinished. They are cut into packets of 1500 bytes, which every way carries.
func TestMergedSegmentsAreCutAndNoted(t *testing.T) {
	d := newDesk(t)
	frame := wiretest.TCP("10.0.1.5:5000", "203.0.113.7:80").Flags(wire.TCPAck|wire.TCPPsh).MACs(a1, routerMAC(t, d)).Size(30_000).Bytes()
	segment := frame[34:]
	binary.BigEndian.PutUint16(segment[16:], ^wire.Sum(nil, wire.PseudoSum(wiretest.Addr("10.0.1.5"), wiretest.Addr("203.0.113.7"), wire.ProtoTCP, len(segment))))
	d.in("eni-a1", stamped{noon, frame}, stamped{noon + second, wiretest.ARPRequest(a1, "10.0.1.5", "10.0.1.1").Bytes()})
	sum, v := d.run()
	require.Equal(t, []any{22, 22}, []any{sum.Packets, len(v)})
	for i, got := range d.out("uplink") {
		require.NoError(t, wiretest.Check(got.frame[50:]))
		require.Equal(t, v[0].Time, got.at)
		require.Equal(t, v[i].Out, "uplink")
		require.LessOrEqual(t, len(got.frame), 1564)
	}
	require.Len(t, sum.Notes, 1)
	require.Contains(t, sum.Notes[0], "eni-a1-in.pcap: 1 of 2 packets were segments of a stream that their sender's link had merged; they were cut into 21")
}

// A packet of which more was captured than its length does not end the replay.
func TestAPacketBeyondItsLengthIsNoted(t *testing.T) {
	data := captureOf(t, 0, 1)
	last := len(data) - 36
	data[last+24] = 0
	got, in, err := readAll(t, data)
	require.NoError(t, err)
	require.NoError(t, in.err)
	require.Len(t, got, 2)
	require.Contains(t, merge{in}.notes()[0], "1 of 2 packets are shorter, the file says, than what was captured of them")
}

// A packet that promises more than its block holds is no good end.
func TestADamagedPcapngEndsWithAnError(t *testing.T) {
	data := captureOf(t, 0, 1)
	last := len(data) - 36 // the block of the second packet
	data[last+20], data[last+24] = 200, 200
	got, in, err := readAll(t, data)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.ErrorContains(t, in.err, fmt.Sprintf("in.pcap: the block that starts at byte %d, a packet, is damaged: it has captured 200 bytes, and the block holds 4", last))
}

func TestACutPacketIsCountedAndGoesOn(t *testing.T) {
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	require.NoError(t, w.WriteFileHeader(64, layers.LinkTypeEthernet))
	require.NoError(t, w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(1, 0), CaptureLength: 64, Length: 1500}, make([]byte, 64)))
	got, in, err := readAll(t, b.Bytes())
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, 1, in.short)
	require.Contains(t, merge{in}.notes()[0], "1 of 1 packets are cut short")
}

// Whatever a file holds, its packets come in order of time.
func FuzzInput(f *testing.F) {
	f.Add(captureOf(f, 0, 2, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, _, err := readAll(t, data)
		if err != nil {
			return
		}
		clock := Time(0)
		for _, p := range got {
			require.GreaterOrEqual(t, p.clock, clock)
			require.LessOrEqual(t, p.time, p.clock)
			clock = p.clock
		}
	})
}

// A second reading of a pipe would find nothing and call it an empty capture.
func TestTheUplinksCaptureIsNoPipe(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, w.Close())
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skipf("this system names no open files: %v", err)
	}
	_, err = survey(t.Context(), []Input{{"uplink", path}})
	require.ErrorContains(t, err, "--in uplink: "+path+" is a pipe")
}
