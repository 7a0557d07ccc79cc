package main

import (
	"net/netip"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
	"nitrocard/pmd/afpacket"
)

// runOptions are run's flags.
type runOptions struct {
	config, card, uplink, socket string
	pcapDir                      string // "": ports of the configuration write no captures
	access                       ctl.Access
	sandbox                      sandboxOptions
	controlled                   controlled
	follower                     *follow.Client // nil: none
	reading                      vpc.Reading
	guests                       []string
	connections                  int
	workers                      int            // 0: one per CPU but one
	ring                         int            // of afpacket ports, in frames
	idleSleep                    time.Duration  // 0: never
	resolver                     netip.AddrPort // that names outside the VPC are asked of; invalid: none is
	eal                          *ealOptions
	hangups                      chan os.Signal // from the start on
	edge                         *edgeOptions   // nil: a card
}

func newRun() *cobra.Command {
	o := runOptions{idleSleep: nic.DefaultIdleSleep, ring: afpacket.DefaultRing}
	cmd := &cobra.Command{
		Use:   "run --config FILE|DIR --uplink PORT [--guest ENI=PORT ...]",
		Short: "Be a network card, until told to stop",
		Long: `Be a network card, until told to stop (SIGTERM, Ctrl-C). SIGHUP reads the
configuration again. An ENI without --guest is on the port that the
configuration's Placement says, or on a tap made for it. With --controller the
configuration is the controller's, and changes as it says.

PORT is ` + portUsage() + `.`,
		Example: `  nitrocard lab region > region.yaml    # a region to begin with
  nitrocard run --config region.yaml --uplink tap:uplink
  nitrocard run --config region.yaml --uplink afpacket:eth0
  nitrocard run --config region.yaml --card x --uplink afpacket:eth0 --guest eni-a1=tap:a1
  nitrocard run --config region.yaml --uplink afpacket:eth0 --resolver 127.0.0.53
  nitrocard run --controller /run/nitrocard/controller.sock --host x --trust keys.pem --uplink afpacket:eth0`,
		Args:                  takes(0, 0, "flags only"),
		DisableFlagsInUseLine: true,
	}
	config, card, socket := configFlag(cmd), cardFlag(cmd), socketFlag(cmd)
	o.eal = ealFlag(cmd)
	cmd.Flags().StringVar(&o.uplink, "uplink", "", "`port` to the underlay")
	cmd.Flags().StringArrayVar(&o.guests, "guest", nil, "`ENI=port` of a guest; may be repeated")
	cmd.Flags().StringVar(&o.pcapDir, "pcap-dir", "", "`folder` below which ports of the configuration write captures (pcap: with out=)")
	cmd.Flags().Var(resolver{&o.resolver}, "resolver", "`address` of a DNS resolver, with its port if that is not 53, which is asked for the names that are none of a guest's VPC (default: they are refused)")
	accessFlags(cmd, &o.access)
	sandboxFlags(cmd, &o.sandbox)
	controlledFlags(cmd, &o.controlled, "`name` of this server's card in the controller's Placement")
	excludes(cmd, "card", "controller")
	connections, reading := connectionsFlag(cmd), readingFlag(cmd)
	workerFlags(cmd, &o)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := o.controlled.check(cmd); err != nil {
			return err
		}
		if o.config, o.card, o.socket, o.connections = *config, *card, *socket, *connections; o.controlled.by != "" {
			o.card = o.controlled.host
		}
		o.reading = *reading
		if o.workers == 0 {
			o.workers = usualWorkers(runtime.NumCPU())
		}
		return run(cmd.Context(), &o, cmd.ErrOrStderr())
	}
	return cmd
}

// accessFlags are the flags about who may use the socket.
func accessFlags(cmd *cobra.Command, o *ctl.Access) {
	cmd.Flags().Var(group{&o.Readers}, "read-group", "`group` whose members may open the socket, to ask and not to change")
	cmd.Flags().Var(group{&o.Writers}, "write-group", "`group` whose members may change things through the socket; with --read-group they must be in both")
}

// workerFlags are the flags about threads and rings.
func workerFlags(cmd *cobra.Command, o *runOptions) {
	cmd.Flags().Var(between(&o.workers, 1, mostWorkers), "workers", "`threads` that share the packets, each on a CPU that all others keep off (default: one per CPU but one)")
	cmd.Flags().Var(between(&o.ring, 1, afpacket.MostRing), "ring", "`frames`, of 2 KB each, that an afpacket port keeps while its worker is away")
	cmd.Flags().Var(span{&o.idleSleep}, "idle-sleep", "`time` without traffic after which a worker sleeps until some comes; 0 never")
}

// mostWorkers is more than any card has queues for.
const mostWorkers = 64

// usualWorkers is how many there are on a machine of so many CPUs, unless told.
func usualWorkers(cpus int) int { return min(max(cpus-1, 1), mostWorkers) }

// options are the card's.
func (o *runOptions) options() nic.Options {
	idle := o.idleSleep
	if idle == 0 {
		idle = -1
	}
	return nic.Options{Card: o.card, MaxConnections: o.connections, Workers: o.workers, IdleSleep: idle, Resolver: o.resolver}
}
