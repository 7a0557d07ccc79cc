package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nitrocard/bench"
	"nitrocard/pmd"
	"nitrocard/pmd/afpacket"
	"nitrocard/pmd/dpdk"
)

// benchOptions are bench's flags.
type benchOptions struct {
	bench.Options
	ports  []string
	eal    *ealOptions
	prompt bool
}

func newBench() *cobra.Command {
	o := benchOptions{Options: bench.Options{
		Mode: bench.Full, Burst: pmd.MaxBurst, Cores: 1, Flows: 1000, ENIs: 16, Addresses: bench.MostAddresses, Sizes: bench.Sizes{bench.FrameSize},
		Seed: 1, Duration: 10 * time.Second, Period: time.Second,
	}}
	cmd := &cobra.Command{
		Use:   "bench [--forward-mode MODE] [--port PORT ...]",
		Short: "Measure how fast this machine forwards, as testpmd does",
		Long: `Measure how fast cores of this machine forward. A mode says what is done
with each frame:
` + bench.ModesHelp() + `
Flows are TCP between the internet and ENIs, each ENI in a VPC of its own and in
five security groups of sixty rules. They are connected before they are
measured. Ports are in memory unless named: the first --port is the uplink, the
others are the guests of eni-0, eni-1 and so on; io and macswap have two ports.
A pcap:FILE is read into memory and comes again and again.

PORT is ` + portUsage() + `.`,
		Example: `  nitrocard bench
  nitrocard bench --forward-mode sg --flows 100000 --frame-size imix
  nitrocard bench --acl                       # the same flows, and network ACLs to pass
  nitrocard bench --nat --forward-mode sg     # answers that a NAT gateway translates
  nitrocard bench --ipv6 --frame-size imix
  nitrocard bench --acl --nat --ipv6          # half of the ENIs IPv6, half behind NAT gateways
  nitrocard bench --forward-mode edge --flows 1000000         # each to another of a million addresses
  nitrocard bench --forward-mode decap --duration 2s --output json
  nitrocard bench --forward-mode decap --port pcap:up.pcap    # the frames of a capture
  nitrocard bench -i`,
		Args:                  takes(0, 0, "flags only"),
		DisableFlagsInUseLine: true,
	}
	output := outputFlag(cmd)
	o.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd, output) }
	return cmd
}

func (o *benchOptions) flags(cmd *cobra.Command) {
	o.eal = ealFlag(cmd)
	f := cmd.Flags()
	f.Var(&o.Mode, "forward-mode", "what is done with each frame")
	f.StringArrayVar(&o.ports, "port", nil, "`port` instead of one in memory; may be repeated")
	f.Var(between(&o.Burst, 1, pmd.MaxBurst), "burst", "`frames` taken from a port at a time")
	f.Var(between(&o.Cores, 1, bench.MostCores), "nb-cores", "`cores` that forward, each with queues of its own")
	f.Var(between(&o.Flows, 1, bench.MostFlows), "flows", "`flows`, rounded up to the same number for each ENI and size")
	f.Var(between(&o.ENIs, 1, bench.MostENIs), "enis", "`ENIs` of the card")
	f.Var(between(&o.Addresses, 1, bench.MostAddresses), "addresses", "`number` of public addresses behind the edge, of forward mode edge")
	f.BoolVar(&o.ACL, "acl", false, "a network ACL with twenty entries a direction in each subnet")
	f.BoolVar(&o.NAT, "nat", false, "a NAT gateway of the card on each VPC's way to the internet; guests connect through it")
	f.BoolVar(&o.IPv6, "ipv6", false, "IPv6 instead of IPv4, in frames of 124 bytes at least; beside --nat, of every other ENI")
	f.Var(&o.Sizes, "frame-size", "`bytes` of a frame in its tunnel, or imix")
	f.Var(span{&o.Duration}, "duration", "`time` to measure; 0 until Ctrl-C")
	f.Var(span{&o.Period}, "stats-period", "`time` from one rate to the next; 0 shows none")
	f.Var(between(&o.Seed, 0, math.MaxUint64), "seed", "`seed` of the card's tables; 0 is a random one")
	f.BoolVarP(&o.prompt, "interactive", "i", false, "start and stop by hand, at a prompt")
}

// run measures once, or as a person at the prompt says.
func (o *benchOptions) run(cmd *cobra.Command, output *format) error {
	if err := o.Check(); err != nil {
		return err
	}
	defer o.closePorts()
	if err := o.openPorts(); err != nil {
		return err
	}
	if memory := dpdk.Memory(); memory != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), memory)
	}
	if o.prompt {
		return o.ask(cmd)
	}
	return o.measure(cmd, output)
}

// openPorts opens what --port names.
func (o *benchOptions) openPorts() error {
	if err := o.eal.start(); err != nil {
		return err
	}
	for _, name := range o.ports {
		port, err := openBenchPort(name)
		if err != nil {
			return fmt.Errorf("--port: %w", err)
		}
		o.Ports = append(o.Ports, port)
	}
	return nil
}

// openBenchPort opens a port as run does, but plays captures from memory: to
// read a file takes longer than to forward what is in it.
func openBenchPort(name string) (pmd.Port, error) {
	open, err := opener(drivers(afpacket.DefaultRing), name, 1)
	if err != nil {
		return nil, err
	}
	if file, ok := strings.CutPrefix(name, "pcap:"); ok {
		return bench.OpenCapture(file)
	}
	return open()
}

func (o *benchOptions) closePorts() {
	for _, p := range o.Ports {
		p.Close()
	}
}

// measure tells rates on the way, and what they come to.
func (o *benchOptions) measure(cmd *cobra.Command, output *format) error {
	var last bench.Sample
	r, err := bench.Run(cmd.Context(), o.Options, func(s bench.Sample) {
		s.Write(cmd.ErrOrStderr(), last)
		last = s
	})
	if err != nil {
		return err
	}
	return output.print(cmd.OutOrStdout(), r, func(w io.Writer) error { return r.Write(w) })
}

// ask runs the prompt. start and stop say there what flags say elsewhere.
func (o *benchOptions) ask(cmd *cobra.Command) error {
	for _, name := range []string{"duration", "stats-period", "output"} {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s has no place at a prompt (-i), where start and stop say when and what", name)
		}
	}
	o.Duration, o.Period = 0, 0
	return bench.Prompt(cmd.Context(), o.Options, cmd.InOrStdin(), cmd.OutOrStdout())
}
