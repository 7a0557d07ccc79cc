package controller

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
)

// cluster is an etcd of three members, on sockets in a folder.
type cluster struct {
	*testing.T
	folder  string
	peers   [3]url.URL
	members [3]*embed.Etcd
}

func newCluster(t *testing.T) *cluster {
	folder, err := os.MkdirTemp("", "etcd")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	c := &cluster{T: t, folder: folder}
	for i := range c.peers { // three ports that nobody has, at the time
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		c.peers[i] = url.URL{Scheme: "http", Host: l.Addr().String()}
		l.Close()
	}
	var starting sync.WaitGroup
	for i := range c.members {
		starting.Go(func() { c.start(i) })
	}
	starting.Wait()
	t.Cleanup(func() {
		for i := range c.members {
			c.stop(i)
		}
	})
	return c
}

// start starts a member, with the data that it has.
func (c *cluster) start(i int) {
	config := embed.NewConfig()
	config.Name, config.Dir = fmt.Sprint("m", i), filepath.Join(c.folder, fmt.Sprint("data", i))
	peer, client := c.peers[i], socketIn(c.folder, fmt.Sprint(i))
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	var all []string
	for j := range c.peers {
		all = append(all, fmt.Sprintf("m%d=%s", j, c.peers[j].String()))
	}
	config.InitialCluster = strings.Join(all, ",")
	config.LogLevel, config.LogOutputs = "fatal", []string{filepath.Join(c.folder, "log")}
	var err error
	if c.members[i], err = embed.StartEtcd(config); err != nil {
		c.Error(err)
		return
	}
	<-c.members[i].Server.ReadyNotify()
}

// stop ends a member, if it is there.
func (c *cluster) stop(i int) {
	if c.members[i] != nil {
		c.members[i].Close()
		c.members[i] = nil
	}
}

// store connects to all members.
func (c *cluster) store() *Etcd {
	var endpoints []string
	for i := range c.members {
		u := socketIn(c.folder, fmt.Sprint(i))
		endpoints = append(endpoints, u.String())
	}
	e, err := Connect(clientv3.Config{Endpoints: endpoints}, 0)
	require.NoError(c, err)
	c.Cleanup(func() { e.Close() })
	return e
}

// Two controllers on an etcd of three members, of which one after the other ends and comes
// back while changes go on: no change that was acknowledged is lost, and no card goes back.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	etcd := newCluster(t)
	signer := newSigner(t)
	a := open(t, etcd.store(), signer)
	a.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"))...)
	b := open(t, etcd.store(), signer)
	x := a.follow("x")
	x.hear(a)

	ctx, end := context.WithTimeout(t.Context(), 5*time.Minute)
	defer end()
	var acknowledged sync.Map
	var made atomic.Int64
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			o := []*office{a, b}[w%2]
			for n := range 100 {
				id := 1000*(w+1) + n
				if _, err := o.Change(ctx, newVPC(id)); err == nil {
					acknowledged.Store(fmt.Sprint("vpc-", id), true)
					made.Add(1)
				}
			}
		})
	}
	for i := range etcd.members {
		before := made.Load()
		etcd.stop(i)
		require.Eventually(t, func() bool { return made.Load() >= min(before+20, 300) }, 5*time.Minute, time.Millisecond, "two members go on")
		etcd.start(i)
	}
	writers.Wait()
	for _, o := range []*office{a, b} {
		require.NoError(t, o.Sync(ctx))
		region := o.Region()
		acknowledged.Range(func(id, _ any) bool {
			require.NotNil(t, region.Edit("Vpcs", id.(string)).Object, id)
			return true
		})
	}
	require.Equal(t, a.Region().Placement().Vnis, b.Region().Placement().Vnis)
	before := x.Revision()
	x.connect(b)
	x.hear(b)
	require.Greater(t, x.Revision(), before)
	t.Logf("%d of 400 changes were acknowledged", made.Load())
}
