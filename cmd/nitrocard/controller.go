package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"nitrocard/nic/ctl"
	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
	"nitrocard/sim/controller"
)

// controllerOptions are controller's flags.
type controllerOptions struct {
	data, config, socket, listen string
	etcd                         []string
	txnOps                       int
	etcdTLS, cardTLS             certificates
	reading                      vpc.Reading
	region                       *vpc.Config // of --config; nil: not read
	access                       ctl.Access
}

func newController() *cobra.Command {
	var o controllerOptions
	cmd := &cobra.Command{
		Use:   "controller --data DIR [--config FILE|DIR]",
		Short: "Hold the region of many cards, and tell each what it needs, until told to stop",
		Long: `Hold the region of many cards in etcd, and tell each card what it needs of it,
signed, as it changes. DIR has the keys, the root documents that cards are told of
(in roots), and the etcd of this process unless --etcd names another one. apply and
curl change the region through the socket, as they do a card's, and get shows it.`,
		Example: `  nitrocard controller --data /var/lib/nitrocard/controller --config region.yaml
  nitrocard run --controller /run/nitrocard/controller.sock --trust /var/lib/nitrocard/controller/keys.pem --host x --uplink afpacket:eth0
  nitrocard get hosts --socket /run/nitrocard/controller.sock
  nitrocard controller --data DIR --etcd https://a:2379,https://b:2379 --etcd-ca ca.pem --etcd-cert c.pem --etcd-cert-key k.pem
  nitrocard controller --data DIR --listen :4443 --cert c.pem --cert-key k.pem --client-ca ca.pem    # for cards elsewhere`,
		Args:                  takes(0, 0, "flags only"),
		DisableFlagsInUseLine: true,
	}
	flags := cmd.Flags()
	flags.StringVar(&o.data, "data", "", "`folder` of the controller's own, made if it is not there")
	config, reading := configFlag(cmd), readingFlag(cmd)
	flags.StringVar(&o.socket, "socket", filepath.Join(filepath.Dir(ctl.DefaultSocket()), "controller.sock"), "`path` of the controller's control socket")
	flags.StringSliceVar(&o.etcd, "etcd", nil, "`URLs` of an etcd that is there already, such as https://a:2379")
	flags.Var(between(&o.txnOps, 2, 1<<20), "etcd-max-txn-ops", "so many `operations` that etcd takes at once, if it was started with this flag (default: 128)")
	o.etcdTLS.flags(cmd, "etcd-", "etcd")
	goWith(cmd, "etcd", "etcd-max-txn-ops", "etcd-ca", "etcd-cert", "etcd-cert-key")
	flags.StringVar(&o.listen, "listen", "", "`address` for cards and people elsewhere, with TLS: a card's certificate has its name as common name, a person's a role as organization, such as nitrocard:reader")
	flags.StringVar(&o.cardTLS.cert, "cert", "", "`file` with the controller's certificate, for --listen")
	flags.StringVar(&o.cardTLS.key, "cert-key", "", "`file` with its key")
	flags.StringVar(&o.cardTLS.ca, "client-ca", "", "`file` with the certificates of those who certify cards and people")
	goWith(cmd, "listen", "cert", "cert-key", "client-ca")
	flags.Var(group{&o.access.Readers}, "read-group", "`group` whose members may open the socket, to ask and not to change")
	flags.Var(group{&o.access.Writers}, "write-group", "`group` whose members may change things through the socket")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needs(cmd, "data"); err != nil {
			return err
		}
		if o.listen != "" {
			if err := needs(cmd, "cert", "cert-key", "client-ca"); err != nil {
				return err
			}
		}
		if err := checkURLs(o.etcd); err != nil {
			return fmt.Errorf("--etcd %w", err)
		}
		o.config, o.reading = *config, *reading
		return o.run(cmd.Context(), cmd.ErrOrStderr())
	}
	return cmd
}

// run is a controller, until ctx ends.
func (o *controllerOptions) run(ctx context.Context, stderr io.Writer) error {
	survivePipes()
	lines := newLogLines(stderr)
	defer lines.Close()
	log := slog.New(slog.NewTextHandler(lines, nil))
	if err := o.readFirst(); err != nil {
		return err
	}
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	signer, err := o.signer(log)
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	socket, err := o.listenSocket()
	if err != nil {
		return err
	}
	defer socket.Close()
	store, closeStore, err := o.store(ctx)
	if err != nil {
		return err
	}
	defer closeStore()
	slow := time.AfterFunc(5*time.Second, func() { log.Warn("etcd has not answered yet", "etcd", cmp.Or(strings.Join(o.etcd, ","), o.data)) })
	defer slow.Stop()
	c, err := controller.New(ctx, controller.Options{Store: store, Signer: signer, Roots: o.roots(log, signer), Log: log, Now: time.Now, After: time.After})
	if err != nil {
		return err
	}
	slow.Stop()
	return o.work(ctx, c, ctl.Options{Listener: socket, Target: c, Before: c.Sync, More: c.Offer, Access: o.access, Log: log})
}

// readFirst reads --config before anything is made, where this controller was never started: a
// mistake in it then leaves nothing behind.
func (o *controllerOptions) readFirst() (err error) {
	if _, missing := os.Stat(o.signing()); o.config == "" || missing == nil {
		return nil
	}
	o.region, err = o.reading.Load(o.config)
	return err
}

// work runs the controller, its socket, and its address if it has one. The first that ends
// ends all.
func (o *controllerOptions) work(ctx context.Context, c *controller.Controller, serve ctl.Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts := []func() error{
		func() error { return c.Run(ctx) },
		func() error { return ctl.Serve(ctx, serve) },
	}
	if o.listen != "" {
		config, err := o.cardTLS.server()
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", o.listen)
		if err != nil {
			return fmt.Errorf("--listen: %w", err)
		}
		serve.Log.Info("cards are told at", "address", listener.Addr())
		parts = append(parts, func() error { return c.ServeTLS(ctx, listener, config, ctl.Handler(serve)) })
	}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part() }()
	}
	errs := []error{o.begin(ctx, c, serve.Log)}
	if errs[0] != nil {
		cancel()
	}
	for range parts {
		errs = append(errs, <-ended)
		cancel()
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	serve.Log.Info("controller is down")
	return nil
}

// begin applies --config, and says that the controller is up.
func (o *controllerOptions) begin(ctx context.Context, c *controller.Controller, log *slog.Logger) error {
	switch {
	case o.config == "":
	case c.Revision() > 0:
		log.Info("the store's region stays; --config is for an empty store, and apply changes what is there", "config", o.config)
	default:
		if o.region == nil {
			var err error
			if o.region, err = o.reading.Load(o.config); err != nil {
				return err
			}
		}
		change, err := c.Apply(ctx, o.region)
		if err != nil {
			return err
		}
		logNotices(log, change.Notices)
	}
	log.Info("controller is up", "revision", c.Revision(), "cards", len(c.Hosts()), "socket", o.socket, "keys", o.keys())
	return nil
}

// signer is the key by which cards know this controller, which the first start makes.
func (o *controllerOptions) signer(log *slog.Logger) (*follow.Signer, error) {
	signer, err := follow.LoadSigner(o.signing())
	if errors.Is(err, fs.ErrNotExist) {
		if signer, err = follow.NewSigner(); err == nil {
			err = signer.Save(o.signing())
		}
		if err == nil {
			log.Info("a key was made, by which cards know this controller", "keys", o.keys())
		}
	}
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(o.keys()); errors.Is(err, fs.ErrNotExist) {
		return signer, signer.Keys().Save(o.keys())
	}
	return signer, nil
}

// signing is the file with the key that signs.
func (o *controllerOptions) signing() string { return filepath.Join(o.data, "signing.pem") }

// keys is the file for cards with the keys that sign.
func (o *controllerOptions) keys() string { return filepath.Join(o.data, "keys.pem") }

// roots is the folder of root documents that cards are told of. A controller that signs with a key of
// which the newest says nothing is told at its start, because no card will take what it says.
func (o *controllerOptions) roots(log *slog.Logger, signer *follow.Signer) follow.RootFolder {
	folder := follow.RootFolder(filepath.Join(o.data, "roots"))
	switch newest, err := folder.Newest(); {
	case err != nil:
		log.Error("the root documents are not to be read", "error", err)
	case newest == nil:
	case newest.Keys(follow.ControllerRole)[signer.ID()] == nil:
		log.Error("the newest root document does not name this controller's key, so that cards which follow it take nothing of what this controller says", "version", newest.Version(), "key", signer.ID())
	case time.Now().After(newest.Expires()):
		log.Error("the newest root document has expired, and cards take nothing under it", "version", newest.Version(), "expired", newest.Expires())
	}
	return folder
}

// listenSocket makes the control socket.
func (o *controllerOptions) listenSocket() (net.Listener, error) {
	if folder := filepath.Dir(o.socket); folder == filepath.Dir(ctl.DefaultSocket()) {
		if err := ctl.Folder(folder); err != nil {
			return nil, fmt.Errorf("--socket: %w", err)
		}
	}
	socket, err := ctl.Listen(o.socket)
	if err != nil {
		return nil, err
	}
	if err := o.access.Grant(o.socket); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return socket, nil
}

// checkURLs checks that each is one of etcd's.
func checkURLs(urls []string) error {
	for _, text := range urls {
		if at, err := url.Parse(text); err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Hostname() == "" {
			return fmt.Errorf("%s: URLs are expected, such as https://a:2379,https://b:2379", shown(text))
		}
	}
	return nil
}

// store is the etcd of this process, or the one that is there already.
func (o *controllerOptions) store(ctx context.Context) (controller.Store, func() error, error) {
	if len(o.etcd) == 0 {
		e, err := controller.StartEmbedded(ctx, o.data)
		if err != nil {
			return nil, nil, err
		}
		return e, e.Close, nil
	}
	config := clientv3.Config{Endpoints: o.etcd, Context: ctx}
	if strings.HasPrefix(o.etcd[0], "https://") {
		var err error
		if config.TLS, err = o.etcdTLS.client(); err != nil {
			return nil, nil, err
		}
	}
	e, err := controller.Connect(config, o.txnOps)
	if err != nil {
		return nil, nil, err
	}
	return e, e.Close, nil
}
