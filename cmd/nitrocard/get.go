package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"nitrocard/nic"
	"nitrocard/nic/bgp"
	"nitrocard/nic/ctl"
	"nitrocard/nic/follow"
	"nitrocard/nic/vpc/ec2"
)

// question is what get was asked.
type question struct {
	card   *ctl.Client // or a controller's
	id     string      // "" for all
	limit  int
	output *format
	to     io.Writer
}

// kinds are what get can be asked for, as its help lists them.
var kinds = []struct {
	name   string
	answer func(*question, context.Context) error
}{
	{"enis", (*question).enis},
	{"allowances", (*question).allowances},
	{"security-groups", (*question).groups},
	{"network-acls", (*question).acls},
	{"flows", (*question).flows},
	{"hits", (*question).hits},
	{"ports", (*question).ports},
	{"nat-gateways", (*question).nats},
	{"drops", (*question).drops},
	{"workers", (*question).workers},
	{"identity", (*question).identity},
	{"hosts", (*question).hosts},
	{"bgp", (*question).bgp},
	{"config", (*question).config},
}

// kindNames are the names of kinds.
func kindNames() (names []string) {
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

func newGet() *cobra.Command {
	names := kindNames()
	cmd := &cobra.Command{
		Use:   "get " + strings.Join(names, "|") + " [ID]",
		Short: "Show what a running card knows",
		Long: `Show what a running card knows: all of a kind, or the one with that ID.
For allowances the ID is an instance's, for flows an ENI's, for hits a group's, an
ACL's or a route table's, for drops a reason, for workers a number, for hosts a card's
name, for bgp a neighbor's address, for config any object's. A controller knows hosts,
groups, ACLs and config, and an edge knows bgp. Identity is the certificate by which
people check the identity documents that guests show.

The exit status is 1 if there is no object with that ID, or if nobody answers.`,
		Example: `  nitrocard get enis
  nitrocard get flows eni-a1 --limit 20
  nitrocard get allowances i-web    # bandwidth, packets, connections, and how often the instance was over
  nitrocard get hits sg-web    # which rules, entries and routes live connections use
  nitrocard get drops security_group_in
  nitrocard get identity > card.pem    # for openssl smime -verify -nointern -certfile card.pem -noverify
  nitrocard get config sg-web --output json    # all while nitrocard run is at work`,
		DisableFlagsInUseLine: true,
		Args:                  takes(1, 2, "what to get, "+either(names)+", and perhaps an ID"),
		ValidArgs:             names,
	}
	door, output := doorFlags(cmd, ctl.DefaultSocket()), outputFlag(cmd)
	limit := 0
	cmd.Flags().Var(between(&limit, 1, mostConnections), "limit", "at most so many `flows` (default: all)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		at := slices.Index(names, args[0])
		if at < 0 {
			return wrong(cmd, fmt.Sprintf("there is no %q to get; there are %s", args[0], either(names)))
		}
		if limit > 0 && args[0] != "flows" {
			return fmt.Errorf("--limit is for flows; get %s shows all", args[0])
		}
		card, err := door.dial()
		if err != nil {
			return err
		}
		q := &question{card: card, limit: limit, output: output, to: cmd.OutOrStdout()}
		defer q.card.Close()
		if len(args) > 1 {
			q.id = args[1]
		}
		return kinds[at].answer(q, cmd.Context())
	}
	return cmd
}

func (q *question) enis(ctx context.Context) error {
	return source[nic.ENIView]{q.card.ENIs, q.card.ENI, eniTable}.answer(ctx, q)
}

func (q *question) allowances(ctx context.Context) error {
	return source[nic.AllowanceView]{q.card.Allowances, q.card.Allowance, allowanceTable}.answer(ctx, q)
}

func (q *question) ports(ctx context.Context) error {
	table := portTable
	if q.id != "" {
		table = portDetails
	}
	return source[nic.PortView]{q.card.Ports, q.card.Port, table}.answer(ctx, q)
}

func (q *question) nats(ctx context.Context) error {
	table := natTable
	if q.id != "" {
		table = natMetrics
	}
	return source[nic.NATView]{q.card.NATs, q.card.NAT, table}.answer(ctx, q)
}

func (q *question) groups(ctx context.Context) error {
	table := groupTable
	if q.id != "" {
		table = ruleTable
	}
	return source[ec2.SecurityGroup]{q.card.SecurityGroups, q.card.SecurityGroup, table}.answer(ctx, q)
}

func (q *question) acls(ctx context.Context) error {
	table := aclTable
	if q.id != "" {
		table = entryTable
	}
	return source[ec2.NetworkAcl]{q.card.NetworkACLs, q.card.NetworkACL, table}.answer(ctx, q)
}

// source is where objects of one kind come from, and how people see them.
type source[T any] struct {
	all   func(context.Context) ([]T, error)
	one   func(context.Context, string) (T, error)
	table func(io.Writer, []T) error
}

// answer prints all or the one asked for. JSON of one is an object, not a
// list of one.
func (s source[T]) answer(ctx context.Context, q *question) error {
	if q.id == "" {
		items, err := s.all(ctx)
		if err != nil {
			return err
		}
		return q.output.print(q.to, items, func(w io.Writer) error { return s.table(w, items) })
	}
	item, err := s.one(ctx, q.id)
	if err != nil {
		return err
	}
	return q.output.print(q.to, item, func(w io.Writer) error { return s.table(w, []T{item}) })
}

func (q *question) flows(ctx context.Context) error {
	flows, err := q.card.Flows(ctx, nic.FlowFilter{ENI: q.id, Limit: q.limit})
	if err != nil {
		return err
	}
	return q.output.print(q.to, flows, func(w io.Writer) error { return flowTable(w, flows) })
}

func (q *question) hits(ctx context.Context) error {
	all, err := q.card.Hits(ctx)
	if err != nil {
		return err
	}
	if q.id != "" {
		all = slices.DeleteFunc(all, func(h nic.Hit) bool { return h.ID != q.id })
	}
	if q.id != "" && len(all) == 0 { // nothing hit it, or it is misspelt
		cfg, err := q.card.Config(ctx)
		if err == nil {
			_, err = cfg.Object(q.id)
		}
		if err != nil {
			return err
		}
	}
	return q.output.print(q.to, all, func(w io.Writer) error { return hitTable(w, all) })
}

func (q *question) drops(ctx context.Context) error {
	drops, err := q.card.Drops(ctx)
	if err != nil {
		return err
	}
	if q.id != "" {
		drops.Reasons = slices.DeleteFunc(drops.Reasons, func(d nic.DropView) bool { return d.Reason != q.id })
		drops.Last = slices.DeleteFunc(drops.Last, func(d nic.LastDrop) bool { return d.Reason != q.id })
		if len(drops.Reasons) == 0 && !slices.Contains(nic.Reasons(), q.id) {
			return fmt.Errorf("there is no drop reason %q; `nitrocard get drops` lists this card's", q.id)
		}
	}
	return q.output.print(q.to, drops, func(w io.Writer) error { return dropTable(w, &drops) })
}

func (q *question) workers(ctx context.Context) error {
	workers, err := q.card.Workers(ctx)
	if err != nil {
		return err
	}
	if q.id != "" {
		all := len(workers)
		workers = slices.DeleteFunc(workers, func(w nic.WorkerView) bool { return strconv.Itoa(w.Worker) != q.id })
		if len(workers) == 0 {
			return fmt.Errorf("this card has no worker %q; it has %s, counted from 0", q.id, plural(all, "worker"))
		}
	}
	return q.output.print(q.to, workers, func(w io.Writer) error { return workerTable(w, workers) })
}

// identity prints the certificate as it is: tools take it so.
func (q *question) identity(ctx context.Context) error {
	if q.id != "" {
		return errors.New("get identity takes no ID: the card has one certificate")
	}
	view, err := q.card.Identity(ctx)
	if err != nil {
		return err
	}
	return q.output.print(q.to, view, func(w io.Writer) error {
		_, err := io.WriteString(w, view.Certificate)
		return err
	})
}

// elsewhere says who tells what the socket that was asked does not.
func elsewhere(err error, who string) error {
	if refused := (*ctl.Error)(nil); errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return fmt.Errorf("what answers at this socket is not %s, which tells this; --socket names another one", who)
	}
	return err
}

func (q *question) hosts(ctx context.Context) error {
	hosts, err := q.card.Hosts(ctx)
	if err != nil {
		return elsewhere(err, "a controller")
	}
	if q.id != "" {
		hosts = slices.DeleteFunc(hosts, func(h follow.HostView) bool { return h.Name != q.id })
		if len(hosts) == 0 {
			return fmt.Errorf("the controller's Placement names no card %q", q.id)
		}
	}
	return q.output.print(q.to, hosts, func(w io.Writer) error { return hostTable(w, hosts) })
}

func (q *question) bgp(ctx context.Context) error {
	view, err := q.card.BGP(ctx)
	if err != nil {
		return elsewhere(err, "an edge with BGP neighbors")
	}
	if q.id != "" {
		view.Neighbors = slices.DeleteFunc(view.Neighbors, func(n bgp.NeighborView) bool { return n.Address.String() != q.id })
		if len(view.Neighbors) == 0 {
			return fmt.Errorf("this edge has no BGP neighbor %q", q.id)
		}
	}
	return q.output.print(q.to, view, func(w io.Writer) error { return bgpTable(w, &view) })
}

// config prints YAML where others print a table: it is what people write.
func (q *question) config(ctx context.Context) error {
	cfg, err := q.card.Config(ctx)
	if err != nil {
		return err
	}
	var found any = cfg
	if q.id != "" {
		if found, err = cfg.Object(q.id); err != nil {
			return err
		}
	}
	return q.output.print(q.to, found, func(w io.Writer) error { return writeYAML(w, found) })
}
