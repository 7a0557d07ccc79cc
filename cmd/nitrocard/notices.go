package main

import (
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"nitrocard/nic/vpc"
)

func verboseFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().BoolP("verbose", "v", false, "every notice, not only the first of each kind")
}

// printNotices lists where the card does not do what EC2 does: a line a kind,
// the worst first, or all.
func printNotices(w io.Writer, notices []vpc.Notice, verbose bool) {
	for _, d := range vpc.Digests(notices) {
		if !verbose {
			line(w, "! "+d.String())
			continue
		}
		for _, n := range notices {
			if n.Kind == d.First.Kind {
				line(w, "! "+n.String())
			}
		}
	}
}

// enforced sums notices up in one clause that repeats the worst.
func enforced(notices []vpc.Notice) string {
	all := vpc.Digests(notices)
	if len(all) == 0 {
		return "all of it is enforced"
	}
	worst := all[0]
	return map[vpc.Effect]string{
		vpc.Passes:   "not as in EC2: ",
		vpc.Drops:    "it drops what EC2 passes: ",
		vpc.NoEffect: "all that acts on packets is enforced; ",
	}[worst.First.Kind.Effect()] + worst.Clause()
}

// logNotices logs a line a kind.
func logNotices(log *slog.Logger, notices []vpc.Notice) {
	for _, d := range vpc.Digests(notices) {
		log.Warn("not as in EC2", "notice", d.String())
	}
}
