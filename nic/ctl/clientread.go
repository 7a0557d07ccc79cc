package ctl

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"nitrocard/nic"
	"nitrocard/nic/bgp"
	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

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

func get[T any](ctx context.Context, c *Client, path string) (v T, err error) {
	err = c.do(ctx, http.MethodGet, path, nil, &v)
	return v, err
}
