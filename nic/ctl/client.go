package ctl

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/bgp"
	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// Client asks the card behind a socket. Its methods may be called by anyone
// at any time. An error that the card answered is an *Error.
type Client struct {
	path   string
	folder string // to check before each request; "" where only root makes folders, and where the user chose
	base   string // of URLs
	http   http.Client
}

// Dial makes a client for the socket at path. It connects with the first
// request. The folder of the DefaultSocket, which a stranger could have made first, must
// be one in which a card would listen.
func Dial(path string) *Client {
	c := &Client{path: path, base: "http://card"} // the host's name means nothing on a Unix socket; it is what curl is told to write, too
	if path == DefaultSocket() && os.Geteuid() != 0 {
		c.folder = filepath.Dir(path)
	}
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}
	return c
}

// DialTLS makes a client for a controller at https://HOST:PORT, with the certificates of config. It
// connects with the first request.
func DialTLS(address string, config *tls.Config) *Client {
	c := &Client{path: address, base: strings.TrimSuffix(address, "/")}
	c.http.Transport = &http.Transport{TLSClientConfig: config, TLSHandshakeTimeout: 10 * time.Second}
	return c
}

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// ENIs are the card's, by ID.
func (c *Client) ENIs(ctx context.Context) ([]nic.ENIView, error) {
	return all(ctx, c, pages[nic.ENIView]{path: "enis", key: func(e *nic.ENIView) string { return e.ID }})
}

// ENI is the one with that ID.
func (c *Client) ENI(ctx context.Context, id string) (nic.ENIView, error) {
	return get[nic.ENIView](ctx, c, join("enis", id))
}

// Allowances are those of the card's instances, by ID.
func (c *Client) Allowances(ctx context.Context) ([]nic.AllowanceView, error) {
	return all(ctx, c, pages[nic.AllowanceView]{path: "allowances", key: func(v *nic.AllowanceView) string { return v.Instance }})
}

// Allowance is that of the instance with that ID.
func (c *Client) Allowance(ctx context.Context, id string) (nic.AllowanceView, error) {
	return get[nic.AllowanceView](ctx, c, join("allowances", id))
}

// SecurityGroups are the configuration's, in EC2's shape, by ID.
func (c *Client) SecurityGroups(ctx context.Context) ([]ec2.SecurityGroup, error) {
	return all(ctx, c, pages[ec2.SecurityGroup]{path: "security-groups", key: func(g *ec2.SecurityGroup) string { return g.GroupId }})
}

// SecurityGroup is the one with that ID.
func (c *Client) SecurityGroup(ctx context.Context, id string) (ec2.SecurityGroup, error) {
	return get[ec2.SecurityGroup](ctx, c, join("security-groups", id))
}

// NetworkACLs are the configuration's, in EC2's shape, by ID.
func (c *Client) NetworkACLs(ctx context.Context) ([]ec2.NetworkAcl, error) {
	return all(ctx, c, pages[ec2.NetworkAcl]{path: "network-acls", key: func(a *ec2.NetworkAcl) string { return a.NetworkAclId }})
}

// NetworkACL is the one with that ID.
func (c *Client) NetworkACL(ctx context.Context, id string) (ec2.NetworkAcl, error) {
	return get[ec2.NetworkAcl](ctx, c, join("network-acls", id))
}

// Ports are the card's, the uplink first and the others by name.
func (c *Client) Ports(ctx context.Context) ([]nic.PortView, error) {
	return all(ctx, c, pages[nic.PortView]{path: "ports", key: func(p *nic.PortView) string { return p.Name }})
}

// Port is the one of that name: "uplink" or an ENI's ID.
func (c *Client) Port(ctx context.Context, name string) (nic.PortView, error) {
	return get[nic.PortView](ctx, c, join("ports", name))
}

// NATs are the card's NAT gateways, by ID.
func (c *Client) NATs(ctx context.Context) ([]nic.NATView, error) {
	return all(ctx, c, pages[nic.NATView]{path: "nat-gateways", key: func(v *nic.NATView) string { return v.ID }})
}

// NAT is the NAT gateway with that ID.
func (c *Client) NAT(ctx context.Context, id string) (nic.NATView, error) {
	return get[nic.NATView](ctx, c, join("nat-gateways", id))
}

// Flows are the connections that f chooses, in the order of their places in the card's
// table.
func (c *Client) Flows(ctx context.Context, f nic.FlowFilter) ([]nic.FlowView, error) {
	query := url.Values{}
	if f.ENI != "" {
		query.Set("eni", f.ENI)
	}
	if f.After > 0 {
		query.Set("after", strconv.FormatUint(uint64(f.After), 10))
	}
	at := func(f *nic.FlowView) string { return strconv.FormatUint(uint64(f.At), 10) }
	return all(ctx, c, pages[nic.FlowView]{"flows", query, f.Limit, at})
}

// Hits are the rules, entries and routes that connections use.
func (c *Client) Hits(ctx context.Context) ([]nic.Hit, error) {
	return get[[]nic.Hit](ctx, c, "hits")
}

// Drops are the reasons for which packets were dropped, and the latest of
// them.
func (c *Client) Drops(ctx context.Context) (nic.DropsView, error) {
	return get[nic.DropsView](ctx, c, "drops")
}

// Workers are what each worker of the card has done.
func (c *Client) Workers(ctx context.Context) ([]nic.WorkerView, error) {
	return get[[]nic.WorkerView](ctx, c, "workers")
}

// Identity tells how to check the identity documents that the card signs.
func (c *Client) Identity(ctx context.Context) (nic.IdentityView, error) {
	return get[nic.IdentityView](ctx, c, "identity")
}

// Hosts are the cards that a controller knows; a card knows none.
func (c *Client) Hosts(ctx context.Context) ([]follow.HostView, error) {
	return get[[]follow.HostView](ctx, c, "hosts")
}

// BGP is what an edge with BGP neighbors tells them.
func (c *Client) BGP(ctx context.Context) (bgp.View, error) {
	return get[bgp.View](ctx, c, "bgp")
}

// Config is the configuration in force.
func (c *Client) Config(ctx context.Context) (*vpc.Config, error) {
	return get[*vpc.Config](ctx, c, "config")
}

// Apply replaces the configuration. The change is in force on return.
func (c *Client) Apply(ctx context.Context, cfg *vpc.Config) (nic.Change, error) {
	body, err := json.Marshal(vpc.NewSent(cfg))
	if err != nil {
		return nic.Change{}, err
	}
	var change nic.Change
	err = c.do(ctx, http.MethodPut, "config?reading="+alreadyRead, body, &change)
	return change, err
}

// ApplyAndFlush is Apply, and cuts the connections that tracking alone would keep (nic.Card.Flush).
func (c *Client) ApplyAndFlush(ctx context.Context, cfg *vpc.Config) (change nic.Change, err error) {
	body, err := json.Marshal(vpc.NewSent(cfg))
	if err == nil {
		err = c.do(ctx, http.MethodPut, "config?flush=true&reading="+alreadyRead, body, &change)
	}
	return change, err
}

// DryRun tells what Apply would do. Nothing changes, at a server that knows no dry runs either: its
// error is one of status 404.
func (c *Client) DryRun(ctx context.Context, cfg *vpc.Config) (found nic.DryRun, err error) {
	body, err := json.Marshal(vpc.NewSent(cfg))
	if err == nil {
		err = c.do(ctx, http.MethodPost, dryRunPath+"?reading="+alreadyRead, body, &found)
	}
	return found, err
}

// Put adds or replaces one object in EC2's shape, such as a
// ec2.SecurityGroup of kind "SecurityGroups". The change is in force on
// return.
func (c *Client) Put(ctx context.Context, kind, id string, object any) (nic.Change, error) {
	return c.write(ctx, http.MethodPut, object, "config", kind, id)
}

// Create adds an object that lacks its ID, a pointer to a shape of EC2's, and completes it with what
// it was given. The change is in force on return.
func (c *Client) Create(ctx context.Context, kind string, object any) (created Created, err error) {
	created.Object = object
	body, err := json.Marshal(object)
	if err == nil {
		err = c.do(ctx, http.MethodPost, join("config", kind), body, &created)
	}
	return created, err
}

// Delete removes one object. The change is in force on return.
func (c *Client) Delete(ctx context.Context, kind, id string) (nic.Change, error) {
	return c.write(ctx, http.MethodDelete, nil, "config", kind, id)
}

func get[T any](ctx context.Context, c *Client, path string) (v T, err error) {
	err = c.do(ctx, http.MethodGet, path, nil, &v)
	return v, err
}

func (c *Client) write(ctx context.Context, method string, object any, segments ...string) (change nic.Change, err error) {
	var body []byte
	if object != nil {
		if body, err = json.Marshal(object); err != nil {
			return change, err
		}
	}
	err = c.do(ctx, method, join(segments...), body, &change)
	return change, err
}

// join makes a path of segments, whatever is in them.
func join(segments ...string) (path string) {
	for i, s := range segments {
		if i > 0 {
			path += "/"
		}
		if s == "." || s == ".." { // which a server would take for a way through folders
			s = strings.ReplaceAll(s, ".", "%2E")
		} else {
			s = url.PathEscape(s)
		}
		path += s
	}
	return path
}

// do makes one request and decodes its answer.
func (c *Client) do(ctx context.Context, method, path string, body []byte, into any) error {
	resp, err := c.ask(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("the card's answer to %s %s: %w", method, path, err)
	}
	return nil
}

// ask makes one request. The answer is no refusal, and the caller closes its body.
func (c *Client) ask(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/v1/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if c.folder != "" {
		if err := trusted(c.folder, nil); err != nil {
			return nil, c.unreachable(err)
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		defer resp.Body.Close()
		return nil, refusal(resp)
	}
	return resp, nil
}

// unreachable says what a failure to connect most likely means.
func (c *Client) unreachable(err error) error {
	switch {
	case strings.HasPrefix(c.base, "https"):
		return fmt.Errorf("controller %s: %w", c.path, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no card answers at %s; is one running, and with this socket?", c.path)
	case errors.Is(err, syscall.EINVAL) && len(c.path) > mostPath:
		return fmt.Errorf("socket %s: %w", c.path, errLong)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the socket %s is not open to you; its owner and its group may use it", c.path)
	}
	return fmt.Errorf("socket %s: %w", c.path, err)
}

// refusal is the error that the card answered.
func refusal(resp *http.Response) error {
	e := &Error{Status: resp.StatusCode}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || json.Unmarshal(data, e) != nil || e.Message == "" {
		e.Message = fmt.Sprintf("the card answered %s", resp.Status)
	}
	return e
}
