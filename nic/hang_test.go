package nic

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/bay"
	"nitrocard/nic/vpc"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// sticky is a device that hangs in one of its calls.
type sticky struct {
	*mem.Port
	mu    sync.Mutex
	in    string          // the call that hangs; "" is none
	stuck context.Context // ends once somebody hangs
	hangs context.CancelFunc
	free  chan struct{} // closed when nobody hangs any more
}

func newSticky() *sticky {
	s := &sticky{Port: mem.New(mem.Options{Name: "eni-a6"}), free: make(chan struct{})}
	s.stuck, s.hangs = context.WithCancel(context.Background())
	return s
}

// hang has a call hang from now on.
func (s *sticky) hang(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.in = call
}

func (s *sticky) called(call string) {
	s.mu.Lock()
	hangs := s.in == call
	s.mu.Unlock()
	if hangs {
		s.hangs()
		<-s.free
	}
}

func (s *sticky) open() (pmd.Port, error) { s.called("Open"); return s, nil }
func (s *sticky) Link() error             { s.called("Link"); return s.Port.Link() }
func (s *sticky) Info() pmd.Info          { s.called("Info"); return s.Port.Info() }
func (s *sticky) Stats() pmd.Stats        { s.called("Stats"); return s.Port.Stats() }
func (s *sticky) Close() error            { s.called("Close"); return s.Port.Close() }

// stuckCard is server x, which runs, beside a device for eni-a6.
type stuckCard struct {
	t *testing.T
	*Card
	device *sticky
	others shelf
	calls  sync.WaitGroup // that the device may hold up
	all    sync.WaitGroup
	end    context.CancelFunc
}

func newStuckCard(t *testing.T) *stuckCard {
	c := &stuckCard{t: t, device: newSticky(), others: shelf{ports: map[string]*mem.Port{}}}
	config, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	var mu sync.Mutex
	c.Card, err = New(config, Options{Card: "x", MaxConnections: 1 << 10, OpenPort: func(e *vpc.OwnENI) (string, bay.Opener) {
		if e.ID == "eni-a6" {
			return e.ID, c.device.open
		}
		spec, open := c.others.open(e)
		return spec, func() (pmd.Port, error) {
			mu.Lock()
			defer mu.Unlock()
			return open()
		}
	}})
	require.NoError(t, err)
	c.patience = func() (context.Context, context.CancelFunc) { return c.device.stuck, func() {} }
	ctx, end := context.WithCancel(context.Background())
	c.end = end
	c.all.Go(func() { c.Run(ctx) })
	until(t, "the card runs", c.runs)
	return c
}

// must puts edits in force.
func (c *stuckCard) must(edits ...vpc.Edit) {
	c.t.Helper()
	_, err := c.Change(edits...)
	require.NoError(c.t, err)
}

// stop ends the card, whose device hangs no more.
func (c *stuckCard) stop() {
	close(c.device.free)
	c.calls.Wait() // or they may find the card closed
	c.end()
	c.all.Wait()
}

func putEdit(t testing.TB, kind, object string) vpc.Edit {
	e, err := vpc.Put(kind, []byte(object))
	require.NoError(t, err)
	return e
}

const neighborOfNewcomer = `{NetworkInterfaceId: eni-a7, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:07",
	PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.9}], Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-a7}}`

// webWith is the group of a1 with one rule.
func webWith(t testing.TB, port string) vpc.Edit {
	return putEdit(t, "SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [{IpProtocol: tcp, FromPort: `+port+`, ToPort: `+port+`, IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
}

// firstPort is the port that the group's rule is for.
func (c *Card) firstPort() int {
	for _, g := range c.Config().SecurityGroups {
		if g.GroupId == "sg-a-web" {
			return *g.IpPermissions[0].FromPort
		}
	}
	return 0
}

// A device that hangs in a call holds up who waits for that device, and nobody
// else: rules and ENIs change, ports come and are watched, and all can be seen.
func TestADeviceThatHangsHoldsUpNobodyElse(t *testing.T) {
	come := putEdit(t, "NetworkInterfaces", newcomer)
	leave := vpc.Edit{Kind: "NetworkInterfaces", ID: "eni-a6"}
	for _, call := range []string{"Open", "Link", "Info", "Stats", "Close"} {
		t.Run(call, func(t *testing.T) {
			c := newStuckCard(t)
			if call != "Open" {
				c.must(come)
			}
			c.device.hang(call)
			switch call {
			case "Open":
				c.calls.Go(func() { c.Change(come) })
			case "Close":
				c.calls.Go(func() { c.Change(leave) })
			case "Stats":
				c.calls.Go(func() { c.Ports() })
			}
			<-c.device.stuck.Done()

			c.must(webWith(t, "81"))
			require.Equal(t, 81, c.firstPort())
			c.must(putEdit(t, "NetworkInterfaces", neighborOfNewcomer))
			require.NotNil(t, c.Policy().ENI("eni-a7"))
			require.NoError(t, c.Attach(Uplink, func() (pmd.Port, error) { return mem.New(mem.Options{}), nil }))
			require.NotEmpty(t, c.ENIs())
			require.Empty(t, c.Flows(FlowFilter{}))
			require.Empty(t, c.Drops().Reasons)
			require.Len(t, c.Workers(), 1)
			for _, p := range c.Ports() {
				if p.Name == "eni-a6" {
					require.Equal(t, []any{"eni-a6", "the device does not answer"}, []any{p.Port, p.Link})
				}
			}
			old := c.others.ports["tap:eni-a1"]
			old.SetLink(pmd.ErrGone)
			until(t, "the links of others are watched", func() bool { return !open(old) })

			c.stop()
			require.Equal(t, 81, c.firstPort(), "what hung undoes nothing")
			require.Equal(t, call != "Close", c.Policy().ENI("eni-a6") != nil)
		})
	}
}

// Changes that wait for a device, and those that pass them, are in force in the
// end as if made in the order of their calls, or are refused whole.
func TestChangesThatWaitForADevice(t *testing.T) {
	come := putEdit(t, "NetworkInterfaces", newcomer)
	whole, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	with := put(t, whole, "NetworkInterfaces", newcomer)
	type step func(*Card) (Change, error)
	edits := func(e ...vpc.Edit) step { return func(c *Card) (Change, error) { return c.Change(e...) } }
	config := func(cfg *vpc.Config) step { return func(c *Card) (Change, error) { return c.Apply(cfg) } }
	for _, test := range []struct {
		name          string
		waits, passes step
		overtaken     bool
		port          int // of the rule in the end
		arrives       bool
	}{
		{"another object", edits(come), edits(webWith(t, "81")), false, 81, true},
		{"the same object", edits(come, webWith(t, "82")), edits(webWith(t, "81")), true, 81, false},
		{"a whole configuration waits", config(with), edits(webWith(t, "81")), true, 81, false},
		{"a whole configuration passes", edits(come), config(whole), true, 80, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newStuckCard(t)
			c.device.hang("Open")
			var failed error
			waited := make(chan struct{})
			c.all.Go(func() { _, failed = test.waits(c.Card); close(waited) })
			<-c.device.stuck.Done()
			_, err := test.passes(c.Card)
			require.NoError(t, err)
			close(c.device.free)
			<-waited
			if test.overtaken {
				require.ErrorIs(t, failed, errOvertaken)
				require.False(t, open(c.device.Port), "closed again")
			} else {
				require.NoError(t, failed)
			}
			require.Equal(t, test.arrives, c.Policy().ENI("eni-a6") != nil)
			require.Equal(t, test.port, c.firstPort())
			c.end()
			c.all.Wait()
		})
	}
}

// Two changes want the port of one device: the later one waits until the first
// has it, and opens it no second time.
func TestADeviceIsOpenedByOneAtATime(t *testing.T) {
	c := newStuckCard(t)
	c.device.hang("Open")
	come := putEdit(t, "NetworkInterfaces", newcomer)
	failed := make([]error, 2)
	c.calls.Go(func() { _, failed[0] = c.Change(come) })
	<-c.device.stuck.Done()
	c.calls.Go(func() { _, failed[1] = c.Change(come, webWith(t, "81")) })
	until(t, "both wait", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.waiting) == 2
	})
	c.stop()
	require.Equal(t, []error{nil, nil}, failed)
	require.Equal(t, 81, c.firstPort())
}
