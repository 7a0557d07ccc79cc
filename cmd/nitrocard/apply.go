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
With --dry-run nothing changes: the card tells what would change, and what would
become of the connections that live. The exit status is then 3 if some would be cut.`,
		Example: `  nitrocard apply region.yaml    # while nitrocard run is at work
  nitrocard apply region.yaml --dry-run    # what it would do to the connections that live
  nitrocard apply region.yaml --socket https://controller:4443 --ca ca.pem --cert me.pem --cert-key me.key`,
		Args: takes(1, 1, "one FILE or DIR"),
	}
	door, output, verbose := doorFlags(cmd, ctl.DefaultSocket()), outputFlag(cmd), verboseFlag(cmd)
	reading := readingFlag(cmd)
	dry := cmd.Flags().Bool("dry-run", false, "change nothing, and tell what would change and become of connections")
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
		change, err := card.Apply(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		return output.print(cmd.OutOrStdout(), change, func(w io.Writer) error { return changeTable(w, &change, *verbose) })
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
