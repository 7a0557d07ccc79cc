package ctl

import (
	"context"
	"encoding/json"
	"net/http"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

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
