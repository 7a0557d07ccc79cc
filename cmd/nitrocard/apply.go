package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/nic/vpc"
)

func newApply() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply FILE|DIR",
		Short: "Give a running card or controller a new configuration, whole or not at all",
		Long: `Give a running card or controller a new configuration, whole or not at all.
As in EC2, tracked connections go on without their rule; --flush cuts them.

With --dry-run nothing changes: the card tells what would change, and what would
become of the connections that live; a controller asks the cards that follow it.

Exit status:
  0  the configuration is in force; with --dry-run, no connection would be cut or end
  1  the configuration is refused, or nobody answers
  3  --dry-run: connections would be cut or end
  4  not all cards answered the controller; with --dry-run, none told of a
     connection that would be cut or end`,
		Example: `  nitrocard apply region.yaml    # while nitrocard run is at work
  nitrocard apply region.yaml --dry-run    # what it would do to the connections that live
  nitrocard apply region.yaml --flush      # cut, too, what its rules would not let begin
  nitrocard apply region.yaml --socket https://controller:4443 --ca ca.pem --cert me.pem --cert-key me.key`,
		Args: takes(1, 1, "one FILE or DIR"),
	}
	door, output, verbose := doorFlags(cmd, ctl.DefaultSocket()), outputFlag(cmd), verboseFlag(cmd)
	reading := readingFlag(cmd)
	dry := cmd.Flags().Bool("dry-run", false, "change nothing, and tell what would change and become of connections")
	flush := cmd.Flags().Bool("flush", false, "cut the tracked connections that the new rules would not let begin, which EC2 does not")
	excludes(cmd, "dry-run", "flush")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := reading.Load(args[0])
		if err != nil {
			return err
		}
		card, err := door.dial()
		if err != nil {
			return err
		}
		defer card.Close()
		if *dry {
			return dryRun(cmd, card, cfg, output, *verbose)
		}
		apply := card.Apply
		if *flush {
			apply = card.ApplyAndFlush
		}
		change, err := apply(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		if err := output.print(cmd.OutOrStdout(), change, func(w io.Writer) error { return changeTable(w, &change, *verbose) }); err != nil {
			return err
		}
		return allAnswered(change.Cards)
	}
	return cmd
}

// changeTable lists what a new configuration changed, like a diff.
func changeTable(w io.Writer, c *nic.Change, verbose bool) error {
	diffTable(w, &c.Diff)
	printNotices(w, c.Notices, verbose)
	what, number := "in force as epoch", uint64(c.Epoch)
	if c.Revision > 0 {
		what, number = "stored as revision", c.Revision
	}
	if c.Flushed > 0 {
		line(w, plural(int(c.Flushed), "connection")+" cut that tracking alone would have kept")
	}
	silentTable(w, c.Cards, verbose)
	return line(w, fmt.Sprintf("%s %d: %s", what, number, sums(&c.Diff)))
}

// sums tells how many objects differ.
func sums(d *vpc.Diff) string {
	return fmt.Sprintf("%d added, %d changed, %d removed", len(d.Added), len(d.Changed), len(d.Removed))
}

// diffTable lists which objects differ.
func diffTable(w io.Writer, d *vpc.Diff) {
	for _, part := range []struct {
		sign    string
		objects []string
	}{{"+", d.Added}, {"~", d.Changed}, {"-", d.Removed}} {
		for _, object := range part.objects {
			line(w, part.sign+" "+object)
		}
	}
}
