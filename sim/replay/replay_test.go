package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/pcap"
)

// noon is when the stories begin.
const noon = Time(1767268800_000000000)

const second = Time(1e9)

// Stations of testdata/region.yaml.
var (
	edge = wire.MAC{0x02, 0, 0, 0, 0xed, 0x9e}
	a1   = wire.MAC{0x02, 0, 0, 0x0a, 0x01, 0x05}
	a2   = wire.MAC{0x02, 0, 0, 0x0a, 0x01, 0x06}
)

// stamped is a frame and its time.
type stamped struct {
	at    Time
	frame []byte
}

// desk is a folder with the files of one replay.
type desk struct {
	*testing.T
	dir string
	o   Options
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, dir: t.TempDir()}
	cfg, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	d.o = Options{Config: cfg, Out: d.path("out"), Verdicts: d.path("v.jsonl")}
	return d
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

// write makes a file.
func (d *desk) write(name, text string) string {
	require.NoError(d, os.WriteFile(d.path(name), []byte(text), 0o600))
	return d.path(name)
}

// region writes testdata/region.yaml with replacements, old and new in turn.
func (d *desk) region(name string, changes ...string) string {
	text, err := os.ReadFile("testdata/region.yaml")
	require.NoError(d, err)
	for i := 0; i < len(changes); i += 2 {
		require.Contains(d, string(text), changes[i])
	}
	return d.write(name, strings.NewReplacer(changes...).Replace(string(text)))
}

// in adds a capture to the inputs.
func (d *desk) in(port string, packets ...stamped) {
	path := d.path(port + "-in.pcap")
	w, err := pcap.CreateWriter(path)
	require.NoError(d, err)
	for _, s := range packets {
		require.NoError(d, w.Write(int64(s.at), s.frame))
	}
	require.NoError(d, w.Close())
	d.o.Inputs = append(d.o.Inputs, Input{port, path})
}

// run replays and reads the verdicts back.
func (d *desk) run() (Summary, []Verdict) {
	sum, err := Run(d.Context(), d.o)
	require.NoError(d, err)
	return sum, d.verdicts()
}

func (d *desk) verdicts() (vs []Verdict) {
	data, err := os.ReadFile(d.o.Verdicts)
	require.NoError(d, err)
	for line := range bytes.Lines(data) {
		var v Verdict
		require.NoError(d, json.Unmarshal(line, &v))
		vs = append(vs, v)
	}
	return vs
}

// out reads back what left by a port.
func (d *desk) out(port string) (packets []stamped) {
	in, err := open(Input{port, filepath.Join(d.o.Out, port+".pcap")})
	require.NoError(d, err)
	for ; !in.done; in.next() {
		packets = append(packets, stamped{in.head.time, bytes.Clone(in.head.frame)})
	}
	require.NoError(d, in.err)
	return packets
}

// fails replays what is wrong from the start, and finds nothing written.
func (d *desk) fails(words ...string) {
	_, err := Run(d.Context(), d.o)
	for _, w := range words {
		require.ErrorContains(d, err, w)
	}
	require.NoFileExists(d, filepath.Join(d.o.Out, "uplink.pcap"))
	require.NoFileExists(d, d.o.Verdicts)
}

// fromClient is a segment of the internet client for a1, as the edge sends it.
func fromClient(client string, port string, flags uint8) []byte {
	inner := wiretest.TCP(client, "35.72.2.8:"+port).Flags(flags).MACs(edge, a1).Bytes()
	return wiretest.VXLAN("172.16.0.1", "172.16.0.11", 5001, inner).Bytes()
}

func TestAPageForTheInternet(t *testing.T) {
	d := newDesk(t)
	d.in("uplink",
		stamped{noon, fromClient("203.0.113.7:40000", "80", wire.TCPSyn)},
		stamped{noon + 2, fromClient("198.51.100.1:40000", "80", wire.TCPSyn)}, // no rule
	)
	router := routerMAC(t, d)
	answer := wiretest.TCP("10.0.1.5:80", "203.0.113.7:40000").Flags(wire.TCPSyn|wire.TCPAck).ID(77).MACs(a1, router).Bytes()
	d.in("eni-a1", stamped{noon + 1, answer})
	sum, v := d.run()
	require.Equal(t, Summary{Packets: 3, Sent: 2, Dropped: 1}, sum)

	require.Equal(t, Verdict{
		N: 1, Time: noon, Port: "uplink", Verdict: "sent", Sentence: v[0].Sentence, ENI: "eni-a1", Out: "eni-a1",
		Rule: &vpc.Rule{Group: "sg-web", GroupName: "web", Path: "IpPermissions[0]", Text: "tcp 80 from 203.0.113.0/24"},
	}, v[0])
	require.Equal(t, []any{"eni-a1", "sent", "uplink"}, []any{v[1].Port, v[1].Verdict, v[1].Out})
	require.Equal(t, []any{noon + 2, "dropped", "security_group_in", "eni-a1", (*vpc.Rule)(nil)}, []any{v[2].Time, v[2].Verdict, v[2].Reason, v[2].ENI, v[2].Rule})
	require.NotEmpty(t, v[2].Sentence)

	got := d.out("eni-a1")
	require.Len(t, got, 1)
	require.Equal(t, noon, got[0].at)
	want := wiretest.TCP("203.0.113.7:40000", "10.0.1.5:80").Flags(wire.TCPSyn).MACs(router, a1).Bytes()
	require.Equal(t, want[:6], got[0].frame[:6], "its own MAC")
	require.Equal(t, want[14:], got[0].frame[14:])

	got = d.out("uplink")
	require.Len(t, got, 1)
	require.Equal(t, noon+1, got[0].at)
	var o wire.Outer
	is, fault := wire.ParseVXLAN(got[0].frame, &o)
	require.True(t, is && fault == wire.NoFault)
	require.Equal(t, []uint32{wiretest.Addr("172.16.0.11"), wiretest.Addr("172.16.0.1"), 5001}, []uint32{o.Src, o.Dst, o.VNI})
	require.Equal(t, wiretest.SrcMAC, wire.Ethernet(got[0].frame).Dst(), "where the edge's packet came from")
	require.Equal(t, wiretest.DstMAC, wire.Ethernet(got[0].frame).Src(), "where it went to")
	want = wiretest.TCP("35.72.2.8:80", "203.0.113.7:40000").Flags(wire.TCPSyn | wire.TCPAck).ID(77).Bytes()
	require.Equal(t, want[14:], got[0].frame[50+14:])
	require.Empty(t, d.out("eni-a2"))
	require.Empty(t, d.out("eni-b1"))
}

// routerMAC is that of a1's subnet.
func routerMAC(t *testing.T, d *desk) wire.MAC {
	p, err := vpc.Compile(d.o.Config, vpc.CompileOptions{})
	require.NoError(t, err)
	return p.ENI("eni-a1").RouterMAC
}

func TestNeighboursShowBothRules(t *testing.T) {
	d := newDesk(t)
	d.in("eni-a1", stamped{noon, wiretest.TCP("10.0.1.5:40000", "10.0.1.6:5432").Flags(wire.TCPSyn).MACs(a1, a2).Bytes()})
	_, v := d.run()
	require.Equal(t, []string{"sent", "eni-a2", "eni-a2"}, []string{v[0].Verdict, v[0].ENI, v[0].Out})
	require.Equal(t, &vpc.Rule{Group: "sg-db", GroupName: "db", Path: "IpPermissions[0]", Text: "tcp 5432 from sg-web"}, v[0].Rule)
	require.Equal(t, &vpc.Rule{Group: "sg-web", GroupName: "web", Path: "IpPermissionsEgress[0]", Text: "all to 0.0.0.0/0"}, v[0].Egress)
	require.Len(t, d.out("eni-a2"), 1)
}

// Removing a rule leaves a tracked connection and stops a new one; five days
// of silence end what is tracked.
func TestEventsChangeTheConfiguration(t *testing.T) {
	d := newDesk(t)
	d.region("shut.yaml", "FromPort: 22, ToPort: 22", "FromPort: 23, ToPort: 23")
	d.o.Events = d.write("events.jsonl", `{"time": 1767268805, "apply": "shut.yaml"}`+"\n")
	ssh := func(at Time, port string, flags uint8) stamped {
		return stamped{at, fromClient("203.0.113.9:"+port, "22", flags)}
	}
	days := 5*24*3600*second + 30*second
	d.in("uplink",
		ssh(noon, "40000", wire.TCPSyn),
		ssh(noon+second, "40000", wire.TCPAck),
		ssh(noon+5*second-1, "40001", wire.TCPSyn),
		ssh(noon+5*second, "40002", wire.TCPSyn),   // at the event's time: it holds
		ssh(noon+5*second+1, "40000", wire.TCPAck), // tracked: goes on
		ssh(noon+6*second+days, "40000", wire.TCPAck),
	)
	d.in("eni-a1", stamped{noon + 7*second, wiretest.TCP("10.0.1.5:5000", "203.0.113.7:80").Flags(wire.TCPSyn).MACs(a1, routerMAC(t, d)).Bytes()})
	sum, v := d.run()
	require.Equal(t, 1, sum.Events)
	var ends []string
	for _, l := range v {
		ends = append(ends, l.Verdict)
	}
	require.Equal(t, []string{"sent", "sent", "sent", "dropped", "sent", "sent", "dropped"}, ends)
}

// What is due before a change happens under the old configuration: there the
// connection times out, and under the new one it would not.
func TestTimeoutsBeforeAnEventAreTheOldOnes(t *testing.T) {
	d := newDesk(t)
	short := d.region("short.yaml", "Attachment: {InstanceId: i-a1}", "ConnectionTrackingConfiguration: {TcpEstablishedTimeout: 60}")
	var err error
	d.o.Config, err = vpc.Load(short)
	require.NoError(t, err)
	d.region("shut.yaml", "FromPort: 22, ToPort: 22", "FromPort: 23, ToPort: 23")
	d.o.Events = d.write("e.jsonl", `{"time": 1767268900, "apply": "shut.yaml"}`)
	ssh := func(at Time, flags uint8) stamped { return stamped{at, fromClient("203.0.113.9:40000", "22", flags)} }
	d.in("uplink", ssh(noon, wire.TCPSyn), ssh(noon+2, wire.TCPAck), ssh(noon+30*second, wire.TCPAck), ssh(noon+101*second, wire.TCPAck))
	d.in("eni-a1", stamped{noon + 1, wiretest.TCP("10.0.1.5:22", "203.0.113.9:40000").Flags(wire.TCPSyn|wire.TCPAck).MACs(a1, routerMAC(t, d)).Bytes()})
	_, v := d.run()
	require.Equal(t, "sent", v[3].Verdict)
	require.Equal(t, "security_group_in", v[4].Reason)
}

// An answer to ARP in the capture tells where the edge is.
func TestTheUnderlayIsReadFromARP(t *testing.T) {
	d := newDesk(t)
	at := wire.MAC{0x02, 0, 0, 0, 0xaa, 0xaa}
	d.in("uplink", stamped{noon + second, wiretest.ARPRequest(at, "172.16.0.1", "172.16.0.11").Bytes()})
	d.in("eni-a1", stamped{noon, wiretest.TCP("10.0.1.5:5000", "203.0.113.7:80").Flags(wire.TCPSyn).MACs(a1, routerMAC(t, d)).Bytes()})
	d.run()
	out := d.out("uplink")
	require.Len(t, out, 2, "the packet and an ARP reply, and no request")
	require.Equal(t, at, wire.Ethernet(out[0].frame).Dst())
}

// With nothing captured the MACs are made up, and no packet waits for them.
func TestTheUnderlayIsMadeUp(t *testing.T) {
	d := newDesk(t)
	d.in("eni-a1", stamped{noon, wiretest.TCP("10.0.1.5:5000", "203.0.113.7:80").Flags(wire.TCPSyn).MACs(a1, routerMAC(t, d)).Bytes()})
	d.run()
	out := d.out("uplink")
	require.Len(t, out, 1)
	require.Equal(t, wire.MAC{2, 0, 172, 16, 0, 1}, wire.Ethernet(out[0].frame).Dst())
	require.Equal(t, wire.MAC{2, 0, 172, 16, 0, 11}, wire.Ethernet(out[0].frame).Src())
}

func TestAnIDThatIsNoFileName(t *testing.T) {
	require.NoError(t, namesFile("eni-0a1b"))
	for _, id := range []string{"../up", "a/b", `a\b`, "uplink"} {
		require.ErrorContains(t, namesFile(id), "does not name a file", id)
	}
}

func TestAnENIThatComesAndGoes(t *testing.T) {
	d := newDesk(t)
	d.region("without.yaml")
	cfg := d.o.Config
	without := *cfg
	without.NetworkInterfaces = without.NetworkInterfaces[:2] // no b1
	d.o.Config = &without
	text, err := json.Marshal(&without)
	require.NoError(t, err)
	d.write("without.json", string(text))
	d.region("with.yaml")
	d.o.Events = d.write("e.jsonl", `{"time": "2026-01-01T12:00:01Z", "apply": "with.yaml"}
{"time": "2026-01-01T12:00:03Z", "apply": "without.json"}
{"time": "2026-01-01T12:00:05Z", "apply": "with.yaml"}
`)
	b1 := wire.MAC{0x02, 0, 0, 0x0b, 0x01, 0x05}
	syn := func(at Time, client string) stamped {
		inner := wiretest.TCP(client, "54.168.7.7:80").Flags(wire.TCPSyn).MACs(edge, b1).Bytes()
		return stamped{at, wiretest.VXLAN("172.16.0.1", "172.16.0.11", 5002, inner).Bytes()}
	}
	d.in("uplink", syn(noon, "198.51.100.1:1000"), syn(noon+2*second, "198.51.100.1:1001"), syn(noon+4*second, "198.51.100.1:1002"), syn(noon+6*second, "198.51.100.1:1003"))
	arp := wiretest.ARPRequest(b1, "10.0.1.5", "10.0.1.1").Bytes()
	d.in("eni-b1", stamped{noon, arp}, stamped{noon + 2*second, arp})
	_, v := d.run()
	require.Equal(t, "dropped", v[0].Verdict)
	require.Equal(t, "no_port", v[1].Reason)
	require.Equal(t, "sent", v[2].Verdict)
	require.Equal(t, "consumed", v[3].Verdict)
	require.Equal(t, "dropped", v[4].Verdict)
	require.Equal(t, "sent", v[5].Verdict)
	require.Len(t, d.out("eni-b1"), 3, "two packets and an ARP reply, in one file")
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	var first map[string]string
	for range 3 {
		d := newDesk(t)
		d.region("shut.yaml", "FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 203", "FromPort: 81, ToPort: 81, IpRanges: [{CidrIp: 203")
		d.o.Events = d.write("e.jsonl", `{"time": 1767268800.00005, "apply": "shut.yaml"}`)
		var packets []stamped
		for i := range 500 {
			client := "203.0.113." + string(rune('1'+i%9)) + ":" + string(rune('1'+i%5)) + "000"
			packets = append(packets, stamped{noon + Time(i*200), fromClient(client, "80", wire.TCPSyn)})
		}
		d.in("uplink", packets...)
		d.run()
		files := map[string]string{"v": read(t, d.o.Verdicts)}
		for _, port := range []string{"uplink", "eni-a1", "eni-a2", "eni-b1"} {
			files[port] = read(t, filepath.Join(d.o.Out, port+".pcap"))
		}
		if first == nil {
			first = files
		}
		require.Equal(t, first, files)
	}
}

func read(t *testing.T, path string) string {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

func TestNoInputsAtAll(t *testing.T) {
	d := newDesk(t)
	sum, v := d.run()
	require.Equal(t, Summary{}, sum)
	require.Empty(t, v)
	require.Empty(t, d.out("eni-a1"))
}

func TestWhatIsWrongIsToldBeforeAnythingIsWritten(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(d *desk)
		words []string
	}{
		{"a port that the card never has", func(d *desk) { d.in("eni-x") }, []string{"--in eni-x", "no such port", "eni-a1, eni-a2, eni-b1, uplink"}},
		{"an input that is not there", func(d *desk) { d.o.Inputs = []Input{{"uplink", d.path("none.pcap")}} }, []string{"--in uplink", "none.pcap"}},
		{"an input that is no capture", func(d *desk) { d.o.Inputs = []Input{{"eni-a1", d.write("x.pcap", "hello, world")}} }, []string{"--in eni-a1", "a capture in pcap or pcapng format is expected"}},
		{"a bad configuration at an event", func(d *desk) {
			d.region("bad.yaml", "FromPort: 22, ToPort: 22", "FromPort: 23, ToPort: 22")
			d.o.Events = d.write("e.jsonl", "\n"+`{"time": 1, "apply": "bad.yaml"}`)
		}, []string{"e.jsonl:2", "FromPort 23 is above ToPort 22"}},
		{"a configuration that is not there", func(d *desk) { d.o.Events = d.write("e.jsonl", `{"time": 1, "apply": "none.yaml"}`) }, []string{"e.jsonl:1", "none.yaml"}},
		{"an unknown card", func(d *desk) { d.o.Card = "z" }, []string{"z"}},
		{"verdicts over an input", func(d *desk) {
			d.in("uplink")
			d.o.Verdicts = d.path("sub/../uplink-in.pcap")
			require.NoError(d, os.Mkdir(d.path("sub"), 0o700))
		}, []string{"would be written over"}},
		{"verdicts into a capture", func(d *desk) { d.o.Verdicts = filepath.Join(d.o.Out, "uplink.pcap") }, []string{"would be written twice"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			c.spoil(d)
			_, err := Run(d.Context(), d.o)
			for _, w := range c.words {
				require.ErrorContains(t, err, w)
			}
			require.NoFileExists(t, filepath.Join(d.o.Out, "uplink.pcap"))
		})
	}
}

// Whatever is read is not written over: captures, events, and configurations,
// alone or in a folder.
func TestOutputsNeverReplaceConfigurations(t *testing.T) {
	for name, read := range map[string]func(d *desk){
		"the events":        func(d *desk) { d.o.Events = d.write("v.jsonl", "") },
		"the configuration": func(d *desk) { d.o.ConfigFile = d.region("v.jsonl") },
		"one that comes later": func(d *desk) {
			d.region("later/v.yaml")
			d.o.Verdicts = d.path("later/v.yaml")
			d.o.Events = d.write("e.jsonl", `{"time": 1, "apply": "later"}`)
		},
		"one by another name": func(d *desk) {
			d.o.ConfigFile = d.region("region.yaml")
			require.NoError(d, os.Symlink(d.path("region.yaml"), d.o.Verdicts))
		},
	} {
		d := newDesk(t)
		require.NoError(t, os.Mkdir(d.path("later"), 0o700))
		read(d)
		before, _ := os.ReadFile(d.o.Verdicts)
		_, err := Run(d.Context(), d.o)
		require.EqualError(t, err, d.o.Verdicts+" would be written over, and is an input", name)
		after, _ := os.ReadFile(d.o.Verdicts)
		require.Equal(t, before, after, name)
	}
}

func TestOutputsNeverReplaceInputs(t *testing.T) {
	d := newDesk(t)
	d.in("uplink", stamped{noon, fromClient("203.0.113.7:40000", "80", wire.TCPSyn)})
	d.o.Out = d.dir
	d.o.Inputs[0].File = d.path("uplink.pcap")
	require.NoError(t, os.Rename(d.path("uplink-in.pcap"), d.path("uplink.pcap")))
	before := read(t, d.path("uplink.pcap"))
	_, err := Run(d.Context(), d.o)
	require.ErrorContains(t, err, "would be written over")
	require.Equal(t, before, read(t, d.path("uplink.pcap")))
}

// A capture that was cut ends where it was cut; the others are replayed to
// their ends and all that was done is written.
func TestADamagedInputEndsAlone(t *testing.T) {
	d := newDesk(t)
	d.in("uplink",
		stamped{noon, fromClient("203.0.113.7:40000", "80", wire.TCPSyn)},
		stamped{noon + 1, fromClient("203.0.113.7:40001", "80", wire.TCPSyn)})
	data := read(t, d.o.Inputs[0].File)
	d.write("uplink-in.pcap", data[:len(data)-7])
	d.in("eni-a1", stamped{noon + 2, wiretest.ARPRequest(a1, "10.0.1.5", "10.0.1.1").Bytes()})
	sum, err := Run(d.Context(), d.o)
	require.ErrorContains(t, err, "uplink-in.pcap: packet 2: the file ends within it")
	require.Equal(t, Summary{Packets: 2, Sent: 1, Consumed: 1}, sum)
	require.Len(t, d.verdicts(), 2)
	require.Len(t, d.out("eni-a1"), 2)
}

// Ctrl-C in the middle leaves whole files of what was done.
func TestStoppedInTheMiddle(t *testing.T) {
	d := newDesk(t)
	syn := fromClient("203.0.113.7:40000", "80", wire.TCPSyn)
	packets := make([]stamped, progressEvery+1)
	for i := range packets {
		packets[i] = stamped{noon + Time(i), syn}
	}
	d.in("uplink", packets...)
	ctx, stop := context.WithCancel(t.Context())
	d.o.Progress = func(int, Time) { stop() }
	sum, err := Run(ctx, d.o)
	require.ErrorContains(t, err, "stopped after packet 16384")
	require.Equal(t, progressEvery, sum.Packets)
	require.Len(t, d.verdicts(), progressEvery)
	require.Len(t, d.out("eni-a1"), progressEvery)
	_, err = Run(ctx, d.o)
	require.ErrorIs(t, err, context.Canceled)
}

func TestTimeThatRunsBackwards(t *testing.T) {
	d := newDesk(t)
	d.in("uplink",
		stamped{noon + 10*second, fromClient("203.0.113.7:40000", "80", wire.TCPSyn)},
		stamped{noon, fromClient("203.0.113.7:40001", "80", wire.TCPSyn)})
	d.in("eni-a1", stamped{noon + 9*second, wiretest.ARPRequest(a1, "10.0.1.5", "10.0.1.1").Bytes()})
	sum, v := d.run()
	require.Equal(t, []string{"eni-a1", "uplink", "uplink"}, []string{v[0].Port, v[1].Port, v[2].Port})
	require.Equal(t, []Time{noon, noon + 10*second}, []Time{v[2].Time, v[2].Handled})
	require.Zero(t, v[1].Handled)
	require.Len(t, sum.Notes, 1)
	require.Contains(t, sum.Notes[0], "the time of 1 of 2 packets runs backwards")
}

func TestEqualTimesKeepTheOrderOfInputs(t *testing.T) {
	d := newDesk(t)
	arp := stamped{noon, wiretest.ARPRequest(a1, "10.0.1.5", "10.0.1.1").Bytes()}
	d.in("eni-b1", arp, arp)
	d.in("eni-a1", arp)
	d.in("uplink", arp)
	_, v := d.run()
	require.Equal(t, "eni-b1 eni-b1 eni-a1 uplink", strings.Join([]string{v[0].Port, v[1].Port, v[2].Port, v[3].Port}, " "))
	require.Equal(t, 4, v[3].N)
}

func TestAFrameLongerThanAnyPortCarries(t *testing.T) {
	d := newDesk(t)
	d.in("eni-a1", stamped{noon, make([]byte, 10000)}, stamped{noon, nil})
	_, v := d.run()
	require.Equal(t, "too_long", v[0].Reason)
	require.Equal(t, "dropped", v[1].Verdict)
}
