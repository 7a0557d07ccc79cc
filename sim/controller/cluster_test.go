package controller

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
)

// cluster is an etcd of three members, each a process, on sockets in a folder.
type cluster struct {
	*testing.T
	folder  string
	peers   [3]string // http://HOST:PORT
	members [3]*exec.Cmd
}

// member is what a member's process is told.
type member struct {
	Number  int
	Folder  string
	Peers   [3]string
	Clients url.URL
}

// memberKey is the variable that makes a test's process a member: JSON of member.
const memberKey = "NITROCARD_ETCD_MEMBER"

func TestMain(m *testing.M) {
	if told := os.Getenv(memberKey); told != "" {
		var me member
		if err := json.Unmarshal([]byte(told), &me); err != nil {
			panic(err)
		}
		me.run()
	}
	os.Exit(m.Run())
}

// run is a member, until the process is killed. It tells by a line that it serves.
func (m *member) run() {
	config := embed.NewConfig()
	config.Name, config.Dir = fmt.Sprint("m", m.Number), filepath.Join(m.Folder, fmt.Sprint("data", m.Number))
	peer, err := url.Parse(m.Peers[m.Number])
	if err != nil {
		panic(err)
	}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{m.Clients}, []url.URL{m.Clients}
	var all []string
	for i, peer := range m.Peers {
		all = append(all, fmt.Sprintf("m%d=%s", i, peer))
	}
	config.InitialCluster = strings.Join(all, ",")
	config.LogLevel, config.LogOutputs = "fatal", []string{filepath.Join(m.Folder, "log")}
	e, err := embed.StartEtcd(config)
	if err != nil {
		panic(err)
	}
	<-e.Server.ReadyNotify()
	fmt.Println("serves")
	panic(<-e.Err())
}

func newCluster(t *testing.T) *cluster {
	folder, err := os.MkdirTemp("", "etcd")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	c := &cluster{T: t, folder: folder}
	for i := range c.peers {
		c.peers[i] = "http://" + free(t)
	}
	t.Cleanup(func() {
		for i := range c.members {
			c.kill(i)
		}
	})
	var serve []func()
	for i := range c.members {
		serve = append(serve, c.start(i))
	}
	for _, serves := range serve {
		serves()
	}
	return c
}

// free is an address with a port that nobody has, and that nobody is given who asks the kernel for any port: members
// come and go, and find the port free again.
func free(t *testing.T) string {
	const first, ports = 10_000, 20_000 // below those that kernels give (ip_local_port_range, ip(7))
	for {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(ports)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
		require.ErrorIs(t, err, syscall.EADDRINUSE)
	}
}

// start starts a member, with the data that it has, and is a function that waits until the
// member serves.
func (c *cluster) start(i int) (serves func()) {
	told, err := json.Marshal(member{i, c.folder, c.peers, socketIn(c.folder, fmt.Sprint(i))})
	require.NoError(c, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), memberKey+"="+string(told))
	endsWithUs(cmd)
	said, err := cmd.StdoutPipe()
	require.NoError(c, err)
	require.NoError(c, cmd.Start())
	c.members[i] = cmd
	return func() {
		word := make([]byte, 6)
		_, err := said.Read(word)
		require.NoError(c, err, "member %d ends: see its log", i)
	}
}

// kill ends a member without a word, as kill -9 does.
func (c *cluster) kill(i int) {
	if cmd := c.members[i]; cmd != nil {
		cmd.Process.Kill()
		cmd.Wait() // it was killed
		c.members[i] = nil
	}
}

// cutOff has a member neither hear nor say anything, until heal.
func (c *cluster) cutOff(i int) { require.NoError(c, c.members[i].Process.Signal(syscall.SIGSTOP)) }

func (c *cluster) heal(i int) { require.NoError(c, c.members[i].Process.Signal(syscall.SIGCONT)) }

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
