package controller

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.uber.org/zap"
)

// Bounds of the etcd in this process, which serves one controller.
const (
	ownTxnOps       = 1 << 17
	ownRequestBytes = 256 << 20
	ownQuota        = 8 << 30
	ownRetention    = "10000" // revisions that are kept for cards and controllers that come back
)

// Embedded is an etcd of one member within this process.
type Embedded struct {
	*Etcd
	server *embed.Etcd
}

// StartEmbedded starts an etcd with its data in a folder, which it makes. Nobody but this
// process can ask it: it listens on Unix sockets in that folder alone, which only the
// folder's owner can enter.
func StartEmbedded(ctx context.Context, folder string) (*Embedded, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	config := embed.NewConfig()
	config.Name, config.Dir = "nitrocard", filepath.Join(folder, "etcd")
	client := socketIn(folder, "client")
	config.ListenPeerUrls = []url.URL{{Scheme: "unix", Host: filepath.Join(folder, "peer.sock")}} // peers' sockets are in the place of a host
	config.AdvertisePeerUrls = []url.URL{{Scheme: "unix", Host: config.Name}}                     // which nobody asks
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.MaxTxnOps, config.MaxRequestBytes, config.QuotaBackendBytes = ownTxnOps, ownRequestBytes, ownQuota
	config.AutoCompactionMode, config.AutoCompactionRetention = "revision", ownRetention
	config.LogLevel, config.LogOutputs = "error", []string{filepath.Join(folder, "etcd.log")}
	server, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("etcd in %s: %w", folder, err)
	}
	e := &Embedded{NewEtcd(v3client.New(server.Server), ownTxnOps), server}
	select {
	case <-server.Server.ReadyNotify():
		return e, nil
	case err = <-server.Err():
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(fmt.Errorf("etcd in %s: %w", folder, err), e.Close())
}

// socketIn is the URL of a socket in a folder.
func socketIn(folder, name string) url.URL {
	return url.URL{Scheme: "unix", Path: filepath.Join(folder, name+".sock")}
}

// Close ends the etcd. Its data stay in the folder.
func (e *Embedded) Close() error {
	err := e.client.Close()
	if errors.Is(err, context.Canceled) { // as the client of a server in the same process answers
		err = nil
	}
	e.server.Close()
	return err
}

// A member of an etcd that says nothing, whose machine is gone or cut off, is left for another one after
// this time. etcd closes the connection of who asks more often (etcd, --grpc-keepalive-min-time).
const (
	askedWhetherThere = 5 * time.Second
	answersThatItIs   = 3 * time.Second
)

// Connect makes a store of an etcd elsewhere. ops is how many operations it takes in a
// transaction; 0: as etcd does unless told otherwise.
func Connect(config clientv3.Config, ops int) (*Etcd, error) {
	config.DialTimeout, config.Logger = 10*time.Second, zap.NewNop() // a controller tells what fails for good itself
	config.MaxCallSendMsgSize, config.MaxCallRecvMsgSize = ownRequestBytes, ownRequestBytes
	config.DialKeepAliveTime, config.DialKeepAliveTimeout = askedWhetherThere, answersThatItIs
	client, err := clientv3.New(config)
	if err != nil {
		return nil, fmt.Errorf("etcd at %v: %w", config.Endpoints, err)
	}
	return NewEtcd(client, ops), nil
}

// Close ends the connection.
func (e *Etcd) Close() error { return e.client.Close() }
