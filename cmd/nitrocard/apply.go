package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
)

func newApply() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "apply FILE|DIR",
		Short:   "Give a running card a new configuration, whole or not at all",
		Example: "  nitrocard apply region.yaml    # while nitrocard run is at work",
		Args:    takes(1, 1, "one FILE or DIR"),
	}
	socket, output, verbose := socketFlag(cmd), outputFlag(cmd), verboseFlag(cmd)
	reading := readingFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := reading.Load(args[0])
		if err != nil {
			return err
		}
		card := ctl.Dial(*socket)
		defer card.Close()
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
	for _, part := range []struct {
		sign    string
		objects []string
	}{{"+", c.Added}, {"~", c.Changed}, {"-", c.Removed}} {
		for _, object := range part.objects {
			line(w, part.sign+" "+object)
		}
	}
	printNotices(w, c.Notices, verbose)
	what, number := "in force as epoch", uint64(c.Epoch)
	if c.Revision > 0 {
		what, number = "stored as revision", c.Revision
	}
	_, err := fmt.Fprintf(w, "%s %d: %d added, %d changed, %d removed\n", what, number,
		len(c.Added), len(c.Changed), len(c.Removed))
	return err
}
