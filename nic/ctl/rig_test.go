package ctl

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
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

// newCard is one that nobody runs.
func newCard(t *testing.T) *nic.Card {
	cfg, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	card, err := nic.New(cfg, nic.Options{Seed: 1, MaxConnections: 10_000})
	require.NoError(t, err)
	return card
}

func serve(t *testing.T) *served { return serveTo(t, Options{}) }

// serveTo is serve with other options.
func serveTo(t *testing.T, o Options) *served {
	s := &served{T: t, path: socketPath(t), card: newCard(t)}
	s.guest = mem.New(mem.Options{Name: "mem:a1"})
	require.NoError(t, s.card.Attach("eni-a1", func() (pmd.Port, error) { return s.guest, nil }))
	l, err := Listen(s.path)
	require.NoError(t, err)
	o.Listener, o.Card = l, s.card
	ctx, end := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- Serve(ctx, o) }()
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
