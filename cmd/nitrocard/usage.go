package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// misuse is an error in how a command was called, with help that points to what
// would be right.
type misuse struct{ what, help string }

// Error is what was wrong.
func (m *misuse) Error() string { return m.what }

func wrong(cmd *cobra.Command, what string) error {
	return &misuse{what, fmt.Sprintf("%s\n\n%s --help says more", cmd.Example, cmd.CommandPath())}
}

func unknownCommand(root *cobra.Command, name string) error {
	if near := root.SuggestionsFor(name); name != "" && len(near) > 0 {
		return fmt.Errorf("there is no command %q; did you mean %s?", name, near[0])
	}
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return wrong(root, fmt.Sprintf("there is no command %q; there are %s", name, strings.Join(names, ", ")))
}

// either is a choice of names in a sentence: "a, b or c".
func either(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// takes checks the arguments; words is what they are. The first two of a
// command name things, so they are not empty; what follows may be.
func takes(least, most int, words string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return wrong(cmd, fmt.Sprintf("%s takes %s", cmd.Name(), words))
		}
		if slices.Contains(args[:min(len(args), 2)], "") {
			return fmt.Errorf("%s takes %s, and what was given is empty", cmd.Name(), words)
		}
		return nil
	}
}

// needs checks that flags were given.
func needs(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if !cmd.Flags().Changed(name) {
			return wrong(cmd, fmt.Sprintf("%s needs --%s", cmd.Name(), name))
		}
	}
	return nil
}

// sensible checks the flags that were given: each by itself, and beside the others.
func sensible(cmd *cobra.Command, _ []string) error {
	if err := notEmpty(cmd); err != nil {
		return err
	}
	return related(cmd)
}

// notEmpty checks that no flag with a word for value was given without one: a
// shell's variable that is not set looks so.
func notEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.Type() == "string" && f.Value.String() == "" {
			what, _ := pflag.UnquoteUsage(f)
			err = fmt.Errorf("--%s is empty: %s is expected", f.Name, articled(what))
		}
	})
	return err
}

// articled is a noun with its article.
func articled(noun string) string {
	if strings.ContainsAny(noun[:1], "aeioAEIO") {
		return "an " + noun
	}
	return "a " + noun
}

// flagError says what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var none *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &value) && strings.HasPrefix(value.GetFlag().Value.Type(), "bool"):
		return fmt.Errorf("--%s=%s: it takes no value, or true or false", value.GetFlag().Name, value.GetValue())
	case errors.As(err, &value):
		return fmt.Errorf("--%s %s: %w", value.GetFlag().Name, shown(value.GetValue()), value.Unwrap())
	case errors.As(err, &none):
		what, usage := pflag.UnquoteUsage(none.GetFlag())
		return fmt.Errorf("--%s needs a value, %s: %s", none.GetFlag().Name, what, usage)
	case errors.As(err, &unknown):
		return fmt.Errorf("%s has no flag %s; `%s --help` lists those it has", cmd.Name(), flagShown(unknown), cmd.CommandPath())
	}
	return err
}

// flagShown is an unknown flag as it was written.
func flagShown(e *pflag.NotExistError) string {
	if short := e.GetSpecifiedShortnames(); short != "" {
		return "-" + short
	}
	return "--" + e.GetSpecifiedName()
}

// shown is a value in a sentence: quoted where it would not be seen.
func shown(value string) string {
	if value == "" || strings.ContainsAny(value, " \t\n") {
		return fmt.Sprintf("%q", value)
	}
	return value
}

// newHelp is cobra's help command, for commands that there are.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Show what a command does",
		Example: "  nitrocard help bench",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), strings.Join(args, " "))
			}
			return found.Help()
		},
	}
}
