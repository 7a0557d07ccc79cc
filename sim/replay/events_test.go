package replay

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

func TestEventsAreSortedByTimeAndThenByLine(t *testing.T) {
	d := newDesk(t)
	d.region("r.yaml")
	path := d.write("e.jsonl", `{"time": 3, "apply": "r.yaml"}

{"time": 1, "apply": "r.yaml"}
{"apply": "`+d.path("r.yaml")+`", "time": 3.0}
`)
	events, err := readEvents(path, vpc.Told)
	require.NoError(t, err)
	var lines []string
	for _, e := range events {
		lines = append(lines, e.line)
	}
	require.Equal(t, []string{path + ":3", path + ":1", path + ":4"}, lines)
}

func TestAnEventsFileIsSoughtBesideTheEventsFirst(t *testing.T) {
	d := newDesk(t)
	here := t.TempDir()
	t.Chdir(here)
	require.NoError(t, os.WriteFile("only-here.yaml", nil, 0o600))
	require.NoError(t, os.WriteFile("both.yaml", nil, 0o600))
	d.write("both.yaml", "")
	require.Equal(t, d.path("both.yaml"), beside(d.dir, "both.yaml"))
	require.Equal(t, "only-here.yaml", beside(d.dir, "only-here.yaml"))
	require.Equal(t, d.path("neither.yaml"), beside(d.dir, "neither.yaml"))
	require.Equal(t, "/abs.yaml", beside(d.dir, "/abs.yaml"))
}

func TestEventLinesThatMeanNothing(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{`, "a line is like"},
		{`{"time": 1}`, `both "time" and "apply"`},
		{`{"apply": "r.yaml"}`, `both "time" and "apply"`},
		{`{"time": null, "apply": "r.yaml"}`, "e.jsonl:1"},
		{`{"time": 1, "aply": "r.yaml"}`, `unknown field "aply"`},
		{`{"time": 1, "apply": "r.yaml"} {}`, "more than one object"},
		{`{"time": -1, "apply": "r.yaml"}`, "outside 1970"},
		{`[1]`, "a line is like"},
	} {
		d := newDesk(t)
		d.region("r.yaml")
		_, err := readEvents(d.write("e.jsonl", c.line), vpc.Told)
		require.ErrorContains(t, err, c.want, c.line)
		require.ErrorContains(t, err, "e.jsonl:1", c.line)
	}
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
