package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"nitrocard/nic/vpc"
)

// checked is what check found in a good configuration.
type checked struct {
	Change  *vpc.Diff    `json:"change,omitempty"` // of what a card or controller has now
	Objects []vpc.Count  `json:"objects"`
	Card    string       `json:"card"`
	ENIs    int          `json:"enis"` // on that card
	Notices []vpc.Notice `json:"notices"`
}

func newCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FILE|DIR",
		Short: "Tell whether a configuration is good; no card needed",
		Long: `Tell whether a configuration is good: whether it can be read and put in force, and
what of it the card does not do as EC2 does, by kind, with the first of each. With
--socket check also tells what the configuration would change at a card or controller.

With --expect check asks, as explain does, whether a packet of each sentence and its
answer arrive. A sentence is a line: from, to, protocol, port (- where there is none),
and allowed or denied. --expect-from prints sentences that hold.

The exit status is 1 if the configuration is not good, or a sentence does not hold.`,
		Example: `  nitrocard lab region > region.yaml    # a region to begin with
  nitrocard check region.yaml
  nitrocard check dump/        # a folder of what aws ec2 describe-* printed
  nitrocard check region.yaml --socket /run/nitrocard/card.sock    # and what it would change there
  nitrocard check --expect-from dump/ > expect.txt             # what holds today, a sentence a line: cut it
  nitrocard check dump/ --expect expect.txt --junit report.xml # for pipelines: status 1 if a sentence does not hold`,
		Args: takes(0, 1, "one FILE or DIR"),
	}
	c := &checkOptions{reading: readingFlag(cmd), card: cardFlag(cmd), output: outputFlag(cmd), verbose: verboseFlag(cmd), door: doorFlags(cmd, "")}
	cmd.Flags().StringVar(&c.sentences, "expect", "", "`file` of sentences that are to hold, such as: internet web tcp 443 allowed")
	cmd.Flags().StringVar(&c.today, "expect-from", "", "`file or folder` of a configuration: print the sentences that hold, at most 500")
	cmd.Flags().StringVar(&c.report, "junit", "", "`file` for a report of --expect in JUnit's XML")
	goWith(cmd, "expect", "junit")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := c.misused(cmd, args); err != nil {
			return err
		}
		if len(args) == 0 {
			args = []string{c.today}
		}
		return c.run(cmd, args[0])
	}
	return cmd
}

// checkOptions are check's flags.
type checkOptions struct {
	sentences, today, report string // files
	card                     *string
	verbose                  *bool
	reading                  *vpc.Reading
	output                   *format
	door                     *door
}

// misused is an error of flags and arguments that do not go together.
func (c *checkOptions) misused(cmd *cobra.Command, args []string) error {
	switch {
	case c.today != "" && (len(args) > 0 || c.sentences != ""):
		return errors.New("--expect-from names the configuration: leave out FILE or DIR, and --expect")
	case c.today == "" && len(args) == 0:
		return takes(1, 1, "one FILE or DIR")(cmd, args)
	}
	return nil
}

// run checks the configuration at a path.
func (c *checkOptions) run(cmd *cobra.Command, path string) error {
	cfg, err := c.reading.Load(path)
	if err != nil {
		return err
	}
	switch {
	case c.today != "":
		return writeToday(cmd.OutOrStdout(), cfg, path)
	case c.sentences != "":
		return c.expected(cmd.OutOrStdout(), cfg)
	}
	found, err := check(cfg, *c.card)
	if err == nil && c.door.at != "" {
		found.Change, err = c.door.wouldChange(cmd.Context(), cfg)
	}
	if err != nil {
		return err
	}
	return c.output.print(cmd.OutOrStdout(), found, func(w io.Writer) error { return found.table(w, *c.verbose) })
}

// expected is check --expect.
func (c *checkOptions) expected(w io.Writer, cfg *vpc.Config) error {
	found, err := expect(cfg, c.sentences)
	if err != nil {
		return err
	}
	if c.report != "" {
		if err := found.junit(c.report); err != nil {
			return err
		}
	}
	if err := c.output.print(w, found, found.table); err != nil {
		return err
	}
	return found.status()
}

// wouldChange is what a configuration would change of the one that a card or controller has.
// Nothing is changed.
func (d *door) wouldChange(ctx context.Context, cfg *vpc.Config) (*vpc.Diff, error) {
	client, err := d.dial()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	now, err := client.Config(ctx)
	if err != nil {
		return nil, err
	}
	now.Answer = true // or a part that answers of EC2's API lacked would be a mistake here
	region, err := vpc.NewRegion(now)
	if err == nil {
		region, err = region.Become(cfg)
	}
	if err != nil {
		return nil, err
	}
	diff := region.Diff()
	return &diff, nil
}

func check(cfg *vpc.Config, card string) (*checked, error) {
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
	if len(c.Objects) > 0 {
		c.counts(w)
		fmt.Fprintln(w)
	}
	printNotices(w, c.Notices, verbose)
	if c.Change != nil {
		diffTable(w, c.Change)
		line(w, "would change: "+sums(c.Change))
	}
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
