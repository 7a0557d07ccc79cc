package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Notes on flags about other flags of their command, which related holds a command line to.
const (
	besides  = "nitrocard-besides"  // those without which it would be passed over
	excluded = "nitrocard-excluded" // those beside which it may not be
)

// goWith says that flags mean something beside another one alone.
func goWith(cmd *cobra.Command, other string, names ...string) {
	for _, name := range names {
		note(cmd, name, besides, other)
	}
}

// excludes says that a command line has one of two flags at most.
func excludes(cmd *cobra.Command, name, other string) { note(cmd, name, excluded, other) }

// note writes another flag's name down at a flag that is there.
func note(cmd *cobra.Command, name, key, other string) {
	f := cmd.Flags().Lookup(name)
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[key] = append(f.Annotations[key], other)
}

// related checks that no flag was given which another one rules out, or which would be passed
// over without another one: who gives a flag expects that it counts.
func related(cmd *cobra.Command) (err error) {
	given := func(name string) bool { return cmd.Flags().Changed(name) }
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if i := slices.IndexFunc(f.Annotations[excluded], given); i >= 0 && err == nil {
			err = fmt.Errorf("--%s and --%s: one of them is expected, not both", f.Name, f.Annotations[excluded][i])
		}
		for _, other := range f.Annotations[besides] {
			if err == nil && !given(other) {
				err = fmt.Errorf("--%s goes with --%s, which is missing", f.Name, other)
			}
		}
	})
	return err
}
