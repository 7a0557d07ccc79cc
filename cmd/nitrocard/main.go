// Command nitrocard is the network card, and what one does with it.
//
//	main.go    the root command, and how errors are told
//	usage.go   what is said of a command line that cannot be; together.go flags beside others
//	run.go     run: its flags
//	work.go    the card at work on ports of this machine
//	edge.go    edge: the card in the role of the router to the internet
//	edgeready.go  when an edge is ready to serve, and its end
//	reload.go  SIGHUP
//	followed.go  a card whose configuration is a controller's
//	controller.go  controller: the region of many cards
//	keys.go    keys: whom cards believe; rotate.go, sign.go, rootview.go are its root documents
//	certificates.go  the two ends of TLS
//	loglines.go  the log, which nobody waits for
//	sandbox.go what rights the card keeps, once its ports are open
//	guests.go  which ENI is on which port
//	port.go    from a port's name to the port; cardports.go the ports of a card
//	eal.go     DPDK's own options
//	apply.go   apply: a new configuration for a running card
//	dryrun.go  apply --dry-run: what it would do to connections; accessview.go what it newly allows and denies
//	get.go     get: what a running card knows
//	eniview.go the same as a table; so are aclview.go, allowanceview.go, bgpview.go, dropview.go,
//	           flowview.go, groupview.go, hostview.go, natview.go, portview.go and workerview.go
//	flags.go   flags that several commands have
//	values.go  flags' values: numbers, times, groups
//	table.go   columns, lines, units
//	yaml.go    a configuration as people write it
//	check.go   check: is a configuration good? notices.go where the card does not do what EC2 does
//	expect.go  check --expect: does a configuration do what is expected?
//	explain.go explain: why a packet goes or falls
//	capture.go capture: what a card receives, sends and drops
//	replay.go  replay: a card over capture files
//	bench.go   bench: how fast is the card?
//	lab.go     lab: a small region on this machine; journey.go: a packet followed through it
//
// Each command is flags, constructors and a call; what it does lives in the
// package that it calls.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"nitrocard/nic/vpc/ec2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ownProcess(ctx), os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and returns the exit status.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	}
	if f := cmd.Flags().Lookup("output"); f != nil && f.Value.String() == "json" {
		refuse(stdout, err)
	}
	lines := newLogLines(stderr) // which may be a pipe that nobody reads
	tell(lines, err)
	lines.Close()
	return 1
}

// exitStatus is an end that needs no words: they were said.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// ended turns a status into an error if there is one.
func ended(status int, err error) error {
	if err == nil && status != 0 {
		return exitStatus(status)
	}
	return err
}

// tell prints an error, a line a mistake.
func tell(w io.Writer, err error) {
	mark := "nitrocard: "
	for _, p := range ec2.ProblemsIn(err) {
		line(w, mark+p.Error())
		mark = ""
	}
	if wrong := (*misuse)(nil); errors.As(err, &wrong) {
		fmt.Fprintf(w, "\n%s\n", wrong.help)
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "nitrocard",
		Short: "The AWS Nitro network card as software",
		Long: `nitrocard is the AWS Nitro network card as software. Load a VPC in EC2's own
words, and real packets get the treatment that EC2 gives them.`,
		Example: `  nitrocard lab                                 # see it all at work, nothing needed
  nitrocard check region.yaml                   # is this configuration good?
  nitrocard run --config region.yaml --uplink afpacket:eth0`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              cobra.ArbitraryArgs,
		PersistentPreRunE: sensible,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	root.AddCommand(newRun(), newEdge(), newController(), newKeys(), newApply(), newGet(), newCapture(), newCheck(), newExplain(), newReplay(), newBench(), newLab(), newJourney(), newLabInner())
	return root
}
