package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nitrocard/nic/ctl"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/sim/explain"
)

func newExplain() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [FILE|DIR] --from A --to B",
		Short: "Tell why a packet goes or falls, and what would let it through; no card needed",
		Long: `explain tells what each security group, network ACL, route table and gateway on a
packet's way finds and decides, there and back, and where the packet falls. It sends a real
packet through cards of its own, in memory. The configuration is a FILE or DIR, or without one
that of the card or controller at --socket.

A and B are IDs of instances or ENIs, values of ENIs' tag Name, addresses, or internet.`,
		Example: `  nitrocard explain dump/ --from internet --to i-0abc --port 443
  nitrocard explain dump/ --from web --to 10.0.2.5 --port 5432
  nitrocard explain dump/ --from i-0abc --to internet --protocol icmp --ipv6
  nitrocard explain --from eni-a1 --to eni-c1 --port 80 --socket /run/nitrocard/card.sock
  nitrocard explain dump/ --from web --to db --port 22 --output json   # as EC2's NetworkInsightsAnalysis`,
		Args: takes(0, 1, "at most one FILE or DIR"),
	}
	ask := askFlags(cmd)
	reading, output := readingFlag(cmd), outputFlag(cmd)
	door := doorFlags(cmd, ctl.DefaultSocket())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needs(cmd, "from", "to"); err != nil {
			return err
		}
		cfg, err := door.configOr(cmd.Context(), reading, args)
		if err != nil {
			return err
		}
		found, err := explained(cfg, ask)
		if err != nil {
			return err
		}
		return output.print(cmd.OutOrStdout(), found.Analysis(found.path, found.changes, time.Now()), found.table)
	}
	return cmd
}

// configOr is the configuration of a FILE or DIR, or else of the card or controller at the door.
func (d *door) configOr(ctx context.Context, reading *vpc.Reading, args []string) (*vpc.Config, error) {
	if len(args) > 0 {
		return reading.Load(args[0])
	}
	client, err := d.dial()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	cfg, err := client.Config(ctx)
	if err == nil {
		cfg.Answer = true // or a part that answers of EC2's API lacked would be a mistake here
	}
	return cfg, err
}

// askFlags are a question's flags.
func askFlags(cmd *cobra.Command) *explain.Ask {
	ask := &explain.Ask{Protocol: wire.ProtoTCP}
	f := cmd.Flags()
	f.StringVar(&ask.From, "from", "", "`end` that sends the first packet: an ID, a name, an address or internet")
	f.StringVar(&ask.To, "to", "", "`end` that the packet is for")
	f.Var(protocolFlag{&ask.Protocol}, "protocol", "tcp, udp, icmp, icmpv6 or a number")
	f.Var(portFlag{&ask.Port}, "port", "port of the destination")
	f.Var(portFlag{&ask.SourcePort}, "source-port", "port of the sender (default 49152)")
	f.BoolVar(&ask.IPv6, "ipv6", false, "ask about the IPv6 addresses of ends that have both")
	return ask
}

// protocolFlag is a flag's value: an IP protocol, as EC2's rules have it.
type protocolFlag struct{ to *uint8 }

func (p protocolFlag) String() string { return wire.ProtocolName(*p.to) }
func (p protocolFlag) Type() string   { return "protocol" }

func (p protocolFlag) Set(text string) (err error) {
	if *p.to, err = explain.Protocol(text); err != nil {
		return errors.New("tcp, udp, icmp, icmpv6 or a number from 0 to 255 is expected")
	}
	return nil
}

// portFlag is a flag's value: a port.
type portFlag struct{ to *uint16 }

func (p portFlag) Type() string { return "port" }

func (p portFlag) String() string {
	if *p.to == 0 {
		return ""
	}
	return fmt.Sprint(*p.to)
}

func (p portFlag) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return errors.New("a port from 1 to 65535 is expected")
	}
	*p.to = uint16(n)
	return nil
}

// explanation is a path, and what would let its packet through.
type explanation struct {
	*explain.Network
	path, after *explain.Path
	changes     []explain.Change
}

// explained asks a question of a configuration.
func explained(cfg *vpc.Config, ask *explain.Ask) (e *explanation, err error) {
	e = &explanation{}
	if e.Network, err = explain.New(cfg); err != nil {
		return nil, err
	}
	defer e.Close()
	q, err := e.Question(*ask)
	if err != nil {
		return nil, err
	}
	if e.path, err = e.Explain(q); err != nil {
		return nil, err
	}
	e.changes, e.after, err = e.Repair(e.path)
	return e, err
}

// table prints a path for people.
func (e *explanation) table(w io.Writer) error {
	p := e.path
	line(w, e.heading())
	e.way(w, "THERE", p.Forward)
	if len(p.Return) > 0 {
		e.way(w, "BACK", p.Return)
	}
	fmt.Fprintln(w)
	if p.Reachable() {
		return line(w, e.success())
	}
	if p.Unknown() {
		return line(w, p.Why())
	}
	if !e.fell() {
		line(w, p.Why())
	}
	for _, c := range append(e.Components(p.Forward), e.Components(p.Return)...) {
		if c.Why != pipeline.Sent {
			line(w, fmt.Sprintf("%s: %s (%s)", c.Why, c.Why.Sentence(), c.Code()))
		}
	}
	return e.repair(w)
}

// fell tells whether a component dropped the packet or its answer.
func (e *explanation) fell() bool {
	for _, c := range append(e.Components(e.path.Forward), e.Components(e.path.Return)...) {
		if c.Why != pipeline.Sent {
			return true
		}
	}
	return false
}

// heading is the question, and the answer in short.
func (e *explanation) heading() string {
	verdict := "denied"
	switch p := e.path; {
	case p.Reachable():
		verdict = "allowed"
	case p.Unknown():
		verdict = "unknown"
	case p.There():
		verdict = "arrives, and its answer does not come back"
	}
	return fmt.Sprintf("%s: %s", e.path.Packet, verdict)
}

// success says where the packet arrives.
func (e *explanation) success() string {
	if exit := e.path.End.Exit; exit != "" {
		return "the packet leaves by " + exit + "; what is beyond the configuration is not known"
	}
	if e.path.End.Service {
		return "the packet arrives at a service of the card, which neither security groups nor network ACLs filter"
	}
	return "the packet arrives, and so does the answer"
}

// way prints the components of one way.
func (e *explanation) way(w io.Writer, name string, hops []explain.Hop) {
	fmt.Fprintln(w)
	t := newTable(w, name, "COMPONENT", "FINDS", "PACKET")
	for i, c := range e.Components(hops) {
		packet := ""
		if c.Kind == explain.Interface || c.In != c.Out {
			packet = endsOf(c.Out)
		}
		t.row(i+1, titled(&c), finds(&c), packet)
	}
	t.flush()
}

// titled is a component with its ID and its name, if that is another.
func titled(c *explain.Component) string {
	title := strings.TrimSpace(c.Kind + " " + c.ID)
	if c.Name != "" && c.Name != c.ID {
		title += " (" + c.Name + ")"
	}
	return title
}

// endsOf is a packet without its protocol; "" of none.
func endsOf(p explain.Packet) string {
	if p == (explain.Packet{}) {
		return ""
	}
	_, ends, _ := strings.Cut(p.String(), " ")
	return ends
}

// finds is what a component found about the packet.
func finds(c *explain.Component) string {
	l := &c.Look
	found := ""
	switch explain.Stage(c.Kind) {
	case explain.SecurityGroups:
		switch {
		case l.Denied:
			found = "no rule allows it"
		case l.Known && l.Rule == nil:
			found = "known connection"
		case l.Known:
			found = "known connection: " + l.Rule.Text
		default:
			found = l.Rule.Text
		}
		if l.Untracked {
			found += ", not tracked"
		}
	case explain.NetworkACL:
		found = "entry " + vpc.EntryName(l.Entry)
	case explain.RouteTable:
		if l.Route != nil {
			found = l.Route.String()
		}
	}
	if c.Why != pipeline.Sent {
		found = strings.TrimPrefix(found+": ", ": ") + "DENIED"
	}
	if found != "" && c.Kind != string(explain.RouteTable) && c.ENI != nil {
		found = c.Direction.Bound() + " " + found
	}
	return found
}

// repair prints what would let the packet through.
func (e *explanation) repair(w io.Writer) error {
	if len(e.changes) == 0 {
		return line(w, "none of the changes that explain tries lets it through")
	}
	fmt.Fprintln(w, "\nto let it through:")
	for i, c := range e.changes {
		line(w, fmt.Sprintf("  %d. %s", i+1, c.Text))
	}
	if !e.after.Reachable() {
		return line(w, "and then something else, for which none of the changes that explain tries is enough: "+e.after.Why())
	}
	return nil
}
