package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"nitrocard/nic/vpc"
)

// checked is what check found in a good configuration.
type checked struct {
	Objects []vpc.Count  `json:"objects"`
	Card    string       `json:"card"`
	ENIs    int          `json:"enis"` // on that card
	Notices []vpc.Notice `json:"notices"`
}

func newCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FILE|DIR",
		Short: "Tell whether a configuration is good; no card needed",
		Example: `  nitrocard lab region > region.yaml    # a region to begin with
  nitrocard check region.yaml
  nitrocard check dump/        # a folder of what aws ec2 describe-* printed`,
		Args: takes(1, 1, "one FILE or DIR"),
	}
	reading := readingFlag(cmd)
	card, output, verbose := cardFlag(cmd), outputFlag(cmd), verboseFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		found, err := check(args[0], *reading, *card)
		if err != nil {
			return err
		}
		return output.print(cmd.OutOrStdout(), found, func(w io.Writer) error { return found.table(w, *verbose) })
	}
	return cmd
}

func check(path string, reading vpc.Reading, card string) (*checked, error) {
	cfg, err := reading.Load(path)
	if err != nil {
		return nil, err
	}
	policy, err := vpc.Compile(cfg, vpc.CompileOptions{Card: card})
	if err != nil {
		return nil, err
	}
	c := &checked{Card: policy.Card.Name, Notices: append([]vpc.Notice{}, policy.Notices()...), Objects: append([]vpc.Count{}, cfg.Counts()...)}
	for range policy.All() {
		c.ENIs++
	}
	return c, nil
}

func (c *checked) table(w io.Writer, verbose bool) error {
	c.counts(w)
	fmt.Fprintln(w)
	printNotices(w, c.Notices, verbose)
	return line(w, fmt.Sprintf("good: card %s has %s", c.Card, c.verdict()))
}

// counts lists how many objects of each kind there are, in few lines: an account
// has some twenty kinds, and its notices are to be on the screen as well.
func (c *checked) counts(w io.Writer) {
	const widest = 100
	line := ""
	for i, o := range c.Objects {
		word := fmt.Sprintf("%s %d", o.Kind, o.Count)
		if i < len(c.Objects)-1 {
			word += ","
		}
		if line != "" && len(line)+1+len(word) > widest {
			fmt.Fprintln(w, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, line)
}

// verdict says what the card does with packets. Without an ENI there is nothing to
// enforce.
func (c *checked) verdict() string {
	switch {
	case c.ENIs > 0:
		return plural(c.ENIs, "ENI") + "; " + enforced(c.Notices)
	case len(c.Notices) > 0:
		return "no ENI, and drops every packet; " + enforced(c.Notices)
	}
	return "no ENI, and drops every packet"
}
