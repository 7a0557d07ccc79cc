package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	runtime.LockOSThread() // of which the namespace is, and whose children die with it
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "bench-peers: %v\n", err)
		stop()
		os.Exit(1)
	}
}

// newCommand is the program with its flags.
func newCommand() *cobra.Command {
	p := &peers{}
	var verbose bool
	var readme string
	c := &cobra.Command{
		Use:   "peers",
		Short: "Measure nitrocard beside testpmd and OVS-DPDK",
		Args:  cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			p.shell = &shell{ctx: c.Context()}
			if verbose {
				p.verbose = c.ErrOrStderr()
			}
			return p.all(c.OutOrStdout(), readme)
		},
	}
	f := c.Flags()
	f.StringVar(&p.binary, "binary", "bin/nitrocard", "`file` of nitrocard, built with DPDK")
	f.DurationVar(&p.duration, "duration", 2*time.Second, "`time` of each measurement")
	f.IntVar(&p.rounds, "rounds", 3, "`times` that each is measured")
	f.BoolVar(&verbose, "verbose", false, "tell every command")
	f.StringVar(&readme, "readme", "", "`file` in which to renew table and picture")
	return c
}
