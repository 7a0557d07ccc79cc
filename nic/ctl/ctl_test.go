package ctl

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// served is a card behind a socket.
type served struct {
	*testing.T
	*Client
	path  string
	card  *nic.Card
	guest *mem.Port // of eni-a1
}

func serve(t *testing.T) *served {
	cfg, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	s := &served{T: t, path: socketPath(t)}
	s.card, err = nic.New(cfg, nic.Options{Seed: 1, MaxConnections: 1000})
	require.NoError(t, err)
	s.guest = mem.New(mem.Options{Name: "mem:a1"})
	require.NoError(t, s.card.Attach("eni-a1", func() (pmd.Port, error) { return s.guest, nil }))
	l, err := Listen(s.path)
	require.NoError(t, err)
	ctx, end := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- Serve(ctx, Options{Listener: l, Card: s.card}) }()
	s.Client = Dial(s.path)
	t.Cleanup(func() {
		end()
		require.NoError(t, <-served)
		require.NoFileExists(t, s.path)
		s.Client.Close()
		require.NoError(t, s.card.Close())
	})
	return s
}

// curl is what curl --unix-socket does: a request without our client.
func (s *served) curl(method, path, body string) (status int, answer string) {
	c := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", s.path) },
	}}
	req, err := http.NewRequest(method, "http://card"+path, strings.NewReader(body))
	require.NoError(s, err)
	resp, err := c.Do(req)
	require.NoError(s, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(s, err)
	require.Equal(s, "application/json", resp.Header.Get("Content-Type"))
	return resp.StatusCode, string(data)
}

// shop is a security group as aws ec2 describe-security-groups prints it.
const shop = `{"GroupId": "sg-shop", "GroupName": "shop", "VpcId": "vpc-a", "IpPermissions": [
	{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]}]}`

func TestReads(t *testing.T) {
	s, ctx := serve(t), t.Context()
	enis, err := s.ENIs(ctx)
	require.NoError(t, err)
	require.Len(t, enis, 2)
	eni, err := s.ENI(ctx, "eni-a1")
	require.NoError(t, err)
	require.Equal(t, enis[0], eni)
	require.Equal(t, []string{"10.0.1.5"}, eni.Addresses)
	require.Equal(t, "mem:a1", eni.Port)

	groups, err := s.SecurityGroups(ctx)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	web, err := s.SecurityGroup(ctx, "sg-web")
	require.NoError(t, err)
	require.Equal(t, groups[0], web)
	require.Equal(t, s.card.Config().SecurityGroups[0], web)

	ports, err := s.Ports(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"uplink", "eni-a1", "eni-a2"}, []string{ports[0].Name, ports[1].Name, ports[2].Name})
	port, err := s.Port(ctx, "eni-a1")
	require.NoError(t, err)
	require.Equal(t, "up", port.Link)

	cfg, err := s.Config(ctx)
	require.NoError(t, err)
	want, err := json.Marshal(s.card.Config())
	require.NoError(t, err)
	got, err := json.Marshal(cfg)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
}

func TestFlowsAndDrops(t *testing.T) {
	s, ctx := serve(t), t.Context()
	router, err := s.ENI(ctx, "eni-a1")
	require.NoError(t, err)
	a1 := router.MAC
	for i := range 3 {
		syn := wiretest.TCP(fmt.Sprintf("10.0.1.5:%d", 40000+i), "10.0.1.6:80").Flags(wire.TCPSyn).MACs(a1, router.RouterMAC)
		require.True(t, s.guest.Inject(syn.Bytes()))
	}
	require.True(t, s.guest.Inject(wiretest.TCP("10.9.9.9:1", "10.0.1.6:80").MACs(a1, router.RouterMAC).Bytes()))
	s.card.Poll(time.Now().UnixNano())

	flows, err := s.Flows(ctx, nic.FlowFilter{})
	require.NoError(t, err)
	require.NotEmpty(t, flows)
	few, err := s.Flows(ctx, nic.FlowFilter{ENI: "eni-a1", Limit: 2})
	require.NoError(t, err)
	require.Len(t, few, 2)
	for _, f := range few {
		require.Equal(t, "eni-a1", f.ENI)
	}
	drops, err := s.Drops(ctx)
	require.NoError(t, err)
	reasons := map[string]uint64{}
	for _, d := range drops.Reasons {
		reasons[d.Reason] = d.ENIs["eni-a1"]
	}
	require.EqualValues(t, 1, reasons["spoofed_address"])
	require.NotEmpty(t, drops.Last)
}

func TestNothingIsAListAndNotNull(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/v1/flows", "/v1/flows?eni=eni-a2"} {
		status, body := s.curl("GET", path, "")
		require.Equal(t, 200, status)
		require.Equal(t, "[]\n", body)
	}
	status, body := s.curl("PUT", "/v1/config", "Vpcs: []")
	require.Equal(t, 200, status, body)
	_, body = s.curl("GET", "/v1/enis", "")
	require.Equal(t, "[]\n", body)
	_, body = s.curl("GET", "/v1/security-groups", "")
	require.Equal(t, "[]\n", body)
}

func TestOneObject(t *testing.T) {
	s, ctx := serve(t), t.Context()
	change, err := s.Put(ctx, "SecurityGroups", "sg-shop", json.RawMessage(shop))
	require.NoError(t, err)
	require.Equal(t, []string{"SecurityGroups sg-shop"}, change.Added)
	require.EqualValues(t, 2, change.Epoch)
	group, err := s.SecurityGroup(ctx, "sg-shop")
	require.NoError(t, err)
	require.Equal(t, 443, *group.IpPermissions[0].FromPort)

	group.IpPermissions = append(group.IpPermissions, ec2.IpPermission{IpProtocol: "icmp"})
	change, err = s.Put(ctx, "SecurityGroups", "sg-shop", group)
	require.NoError(t, err)
	require.Equal(t, []string{"SecurityGroups sg-shop"}, change.Changed)

	change, err = s.Delete(ctx, "SecurityGroups", "sg-shop")
	require.NoError(t, err)
	require.Equal(t, []string{"SecurityGroups sg-shop"}, change.Removed)
	_, err = s.SecurityGroup(ctx, "sg-shop")
	require.Equal(t, &Error{404, `this card has no security group "sg-shop"`}, err)
}

func TestTheWholeConfiguration(t *testing.T) {
	s, ctx := serve(t), t.Context()
	cfg, err := s.Config(ctx)
	require.NoError(t, err)
	cfg.NetworkInterfaces = cfg.NetworkInterfaces[:1]
	change, err := s.Apply(ctx, cfg)
	require.NoError(t, err)
	require.Equal(t, []string{"NetworkInterfaces eni-a2"}, change.Removed)
	enis, err := s.ENIs(ctx)
	require.NoError(t, err)
	require.Len(t, enis, 1)

	text, err := os.ReadFile("testdata/region.yaml")
	require.NoError(t, err)
	status, body := s.curl("PUT", "/v1/config", string(text))
	require.Equal(t, 200, status, body)
	require.Contains(t, body, "NetworkInterfaces eni-a2")
	status, body = s.curl("PUT", "/v1/config/Placement", `Allowances: {i-a1: {Connections: 10}}`)
	require.Equal(t, 200, status, body)
	require.EqualValues(t, 10, s.card.Config().Placement.Allowances["i-a1"].Connections)
}

func TestRefusals(t *testing.T) {
	s := serve(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		words              string
	}{
		{"GET", "/v1/enis/eni-x", "", 404, `this card has no ENI \"eni-x\"`},
		{"GET", "/v1/ports/eni-x", "", 404, `no port \"eni-x\"`},
		{"GET", "/v1/security-groups/sg-x", "", 404, "no security group"},
		{"GET", "/v1/flows?eni=eni-x", "", 404, `no ENI \"eni-x\"`},
		{"GET", "/v1/flows?limit=many", "", 400, "limit=many: a limit is a number from 1 on"},
		{"GET", "/v1/flows?limit=-1", "", 400, "limit=-1"},
		{"GET", "/v1/flows?enis=eni-a1", "", 400, "flows takes eni=ID and limit=N, not enis"},
		{"GET", "/v1/flows?limit=1;eni=eni-a1", "", 400, "?limit=1;eni=eni-a1: invalid semicolon"},
		{"GET", "/", "", 404, "there is no /; there are enis"},
		{"GET", "/v1/eni", "", 404, "there is no /v1/eni"},
		{"DELETE", "/v1/enis", "", 405, "/v1/enis takes GET, HEAD, not DELETE"},
		{"POST", "/v1/config", "{}", 405, "not POST"},
		{"PUT", "/v1/config", `{"Vpcs": [`, 400, "config"},
		{"PUT", "/v1/config", `{"Vpc": []}`, 400, "Vpc"},
		{"PUT", "/v1/config/SecurityGroups/sg-shop", "{", 400, "SecurityGroups"},
		{"PUT", "/v1/config/SecurityGroups/sg-other", shop, 400, "SecurityGroups/sg-other: the object in the body has another ID"},
		{"PUT", "/v1/config/SecurityGroups/sg-shop", strings.Replace(shop, `"ToPort": 443`, `"ToPort": 80`, 1), 400, "FromPort 443 is above ToPort 80"},
		{"PUT", "/v1/config/SecurityGroup/sg-shop", shop, 400, "no kind of object"},
		{"DELETE", "/v1/config/SecurityGroups/sg-x", "", 404, "sg-x"},
		{"DELETE", "/v1/config/SecurityGroup/sg-web", "", 404, "no kind of object"},
		{"DELETE", "/v1/config/SecurityGroups/sg-web", "", 409, "sg-web"},
		{"PUT", "/v1/config", strings.Repeat(" ", maxBody+1), 413, "longer than 64 MiB"},
	} {
		status, body := s.curl(c.method, c.path, c.body)
		require.Equal(t, c.status, status, "%s %s: %s", c.method, c.path, body)
		require.Contains(t, body, `"error": "`)
		require.Contains(t, body, c.words, "%s %s", c.method, c.path)
	}
	require.EqualValues(t, 1, s.card.Policy().Epoch, "nothing was changed")
}

// Each writer changes what the others left, and none is lost.
func TestWritersAtOnce(t *testing.T) {
	s, ctx := serve(t), t.Context()
	var all sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		all.Go(func() {
			id := fmt.Sprintf("sg-%d", i)
			_, errs[i] = s.Put(ctx, "SecurityGroups", id, json.RawMessage(strings.ReplaceAll(shop, "sg-shop", id)))
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	groups, err := s.SecurityGroups(ctx)
	require.NoError(t, err)
	require.Len(t, groups, 1+len(errs))
	require.EqualValues(t, 1+len(errs), s.card.Policy().Epoch)
}

// stuck is a client that does not read its answer until it is released.
type stuck struct {
	*httptest.ResponseRecorder
	answered, released chan struct{}
}

func (s *stuck) Write(b []byte) (int, error) {
	s.answered <- struct{}{}
	<-s.released
	return len(b), nil
}

// Who does not read what his change did holds no other writer up.
func TestWritersDoNotWaitForAReader(t *testing.T) {
	cfg, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	card, err := nic.New(cfg, nic.Options{Seed: 1, MaxConnections: 1000})
	require.NoError(t, err)
	defer card.Close()
	h := (&server{card: card, log: slog.New(slog.DiscardHandler)}).handler()
	put := func(w http.ResponseWriter) {
		h.ServeHTTP(w, httptest.NewRequest("PUT", "/v1/config/SecurityGroups/sg-shop", strings.NewReader(shop)))
	}
	slow := &stuck{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	var all sync.WaitGroup
	all.Go(func() { put(slow) })
	<-slow.answered
	other := make(chan struct{})
	all.Go(func() { put(httptest.NewRecorder()); close(other) })
	select {
	case <-other:
	case <-time.After(10 * time.Second):
		t.Error("the second writer waits for the first one's reader")
	}
	close(slow.released)
	all.Wait()
}

func TestNobodyAnswers(t *testing.T) {
	path := socketPath(t)
	_, err := Dial(path).ENIs(t.Context())
	require.EqualError(t, err, "no card answers at "+path+"; is one running, and with this socket?")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	dead.SetUnlinkOnClose(false)
	require.NoError(t, dead.Close())
	_, err = Dial(path).ENIs(t.Context())
	require.ErrorContains(t, err, "no card answers at")
}

// A client that says nothing holds up neither others nor the end.
func TestTheEndDoesNotWaitForASilentClient(t *testing.T) {
	cfg, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	card, err := nic.New(cfg, nic.Options{Seed: 1, MaxConnections: 1000})
	require.NoError(t, err)
	defer card.Close()
	path := socketPath(t)
	l, err := Listen(path)
	require.NoError(t, err)
	ctx, end := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- Serve(ctx, Options{Listener: l, Card: card}) }()
	silent, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer silent.Close()
	_, err = silent.Write([]byte("GET /v1/enis HTTP/1.1\r\n"))
	require.NoError(t, err)
	_, err = Dial(path).ENIs(ctx)
	require.NoError(t, err)
	end()
	select {
	case err := <-served:
		require.NoError(t, err)
	case <-time.After(2 * time.Second):
		t.Fatal("Serve has not returned")
	}
	require.NoFileExists(t, path)
	require.NoError(t, silent.SetReadDeadline(time.Now().Add(2*time.Second)))
	_, err = silent.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "nobody is left who could ask a card that is gone")
}
