package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"nitrocard/nic/ctl"
	"nitrocard/nic/printable"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// format is a command's --output.
type format string

func (f *format) String() string { return string(*f) }
func (f *format) Type() string   { return "table|json" }

func (f *format) Set(s string) error {
	if s != "table" && s != "json" {
		return fmt.Errorf("table or json is expected")
	}
	*f = format(s)
	return nil
}

func outputFlag(cmd *cobra.Command) *format {
	f := format("table")
	cmd.Flags().VarP(&f, "output", "o", "for people or for programs")
	return &f
}

// print writes v as JSON, or has table write it for people. Either way what
// strangers named is without controls of a terminal.
func (f *format) print(to io.Writer, v any, table func(io.Writer) error) error {
	w := printable.Writer(to)
	if *f == "table" {
		return errors.Join(table(w), w.Close())
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return errors.Join(enc.Encode(v), w.Close())
}

// refused is what --output json prints where a command fails.
type refused struct {
	Error    string        `json:"error"`
	Problems []ec2.Problem `json:"problems"` // all mistakes of a configuration; of something else, the one
}

func refuse(w io.Writer, err error) {
	f := format("json")
	f.print(w, refused{err.Error(), ec2.ProblemsIn(err)}, nil)
}

func socketFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("socket", ctl.DefaultSocket(), "`path` of the card's control socket")
}

// door is where a card or a controller is asked.
type door struct {
	at  string
	tls certificates
}

// doorFlags are --socket, and the certificates for a controller elsewhere.
func doorFlags(cmd *cobra.Command, at string) *door {
	d := &door{}
	cmd.Flags().StringVar(&d.at, "socket", at, "`path` of the control socket of a card or controller, or https://HOST:PORT of a controller")
	d.tls.flags(cmd, "", "the controller")
	return d
}

// dial makes a client, which connects with the first request.
func (d *door) dial() (*ctl.Client, error) {
	if !strings.Contains(d.at, "://") {
		if d.tls != (certificates{}) {
			return nil, errors.New("--ca, --cert and --cert-key are for a controller elsewhere: --socket https://HOST:PORT names it")
		}
		return ctl.Dial(d.at), nil
	}
	if at, err := url.Parse(d.at); err != nil || at.Scheme != "https" || at.Hostname() == "" {
		return nil, fmt.Errorf("--socket %s: the path of a socket is expected, or https://HOST:PORT of a controller", shown(d.at))
	}
	config, err := d.tls.client()
	if err != nil {
		return nil, err
	}
	return ctl.DialTLS(d.at, config), nil
}

func configFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("config", "", "configuration, a `file or folder` of YAML or JSON; - is standard input")
}

// readingFlag is how closely a configuration is held to EC2's names.
func readingFlag(cmd *cobra.Command) *vpc.Reading {
	var r vpc.Reading
	set := func(to vpc.Reading) func(string) error {
		return func(text string) error {
			on, err := strconv.ParseBool(text)
			if on {
				r = to
			}
			return err
		}
	}
	cmd.Flags().BoolFunc("strict", "a name that EC2 does not have is an error, in answers of its API too", set(vpc.Strict))
	cmd.Flags().BoolFunc("lenient", "a name that EC2 does not have is passed over with a notice, in what people wrote too", set(vpc.Lenient))
	excludes(cmd, "strict", "lenient")
	return &r
}

func cardFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("card", "", "`name` of the card in the configuration's Placement (default: its first)")
}
