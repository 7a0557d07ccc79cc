package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
)

// Exit statuses of a dry run.
const (
	wouldCut    = exitStatus(3) // the change would cut or end connections
	notAnswered = exitStatus(4) // no card told of one that would be cut or end, but some cards did not answer; of a flush, too
)

// dryRun is apply --dry-run.
func dryRun(cmd *cobra.Command, card *ctl.Client, cfg *vpc.Config, output *format, verbose bool) error {
	d, err := card.DryRun(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	if err := output.print(cmd.OutOrStdout(), d, func(w io.Writer) error { return dryRunTable(w, &d, verbose) }); err != nil {
		return err
	}
	if d.Effect == nil {
		return notAnswered
	}
	if d.Outcomes.Cut+d.Outcomes.Expires > 0 {
		return wouldCut
	}
	return allAnswered(d.Cards)
}

// allAnswered is notAnswered unless all cards answered that a controller asked.
func allAnswered(cards []nic.CardResult) error {
	if silent(cards) > 0 {
		return notAnswered
	}
	return nil
}

// dryRunTable tells what a configuration would change, and what would become of connections.
func dryRunTable(w io.Writer, d *nic.DryRun, verbose bool) error {
	diffTable(w, &d.Diff)
	printNotices(w, d.Notices, verbose)
	line(w, "nothing was changed; it would be: "+sums(&d.Diff))
	if d.Effect == nil {
		return line(w, "this controller's version does not ask its cards: each tells what becomes of its own connections (apply --dry-run --socket SOCKET there)")
	}
	accessTable(w, d.Effect, verbose)
	against := fmt.Sprint("epoch ", d.Epoch)
	if d.Revision > 0 {
		against = fmt.Sprintf("revision %d, told by %s", d.Revision, tellers(d.Cards))
	}
	line(w, fmt.Sprintf("against %s, at %s, in %.3f s: %s", against, d.At, d.Seconds, outcomes(d.Effect)))
	silentTable(w, d.Cards, verbose)
	if err := fatesTable(w, d.Fates, verbose); err != nil {
		return err
	}
	return unusedTable(w, d.Effect, verbose)
}

// fewFates is how many reasons are told without --verbose.
const fewFates = 20

// fatesTable tells what would become of connections, by reasons.
func fatesTable(w io.Writer, all []nic.Fate, verbose bool) error {
	shown := shownOf(all, fewFates, verbose)
	for i := range shown {
		if err := fateTable(w, &shown[i]); err != nil {
			return err
		}
	}
	if len(shown) == len(all) {
		return nil
	}
	line(w, "")
	return line(w, fmt.Sprintf("… and %s more, which --verbose tells", plural(len(all)-len(shown), "reason")))
}

// fewSilent is how many cards without an answer are told without --verbose.
const fewSilent = 10

// silentTable tells which cards did not answer, and why. They come first among those that were asked.
func silentTable(w io.Writer, cards []nic.CardResult, verbose bool) {
	all := cards[:silent(cards)]
	shown := shownOf(all, fewSilent, verbose)
	for _, a := range shown {
		line(w, fmt.Sprintf("NOTHING IS KNOWN of the connections of card %s: %s", a.Card, a.Error))
	}
	if len(shown) < len(all) {
		line(w, fmt.Sprintf("… and of %s (--verbose names them)", plural(len(all)-len(shown), "card")))
	}
}

// tellers says how many of the cards that a change concerns answered.
func tellers(cards []nic.CardResult) string {
	switch all := len(cards); {
	case all == 0:
		return "no card, for none is concerned"
	case all > 1:
		return fmt.Sprintf("%d of the %d cards concerned", all-silent(cards), all)
	case silent(cards) > 0:
		return "no card, for the one concerned did not answer"
	}
	return "the card concerned"
}

// silent is how many cards did not answer.
func silent(cards []nic.CardResult) (n int) {
	for n < len(cards) && cards[n].Error != "" {
		n++
	}
	return n
}

// fewUnused is how many unused rules, entries and routes are told without --verbose.
const fewUnused = 10

// unusedTable tells which rules, entries and routes decided about nothing.
func unusedTable(w io.Writer, f *nic.Effect, verbose bool) error {
	if f.UnusedCount == 0 && !f.UnusedCut {
		return nil
	}
	line(w, "")
	count := strconv.Itoa(f.UnusedCount)
	if f.UnusedCut {
		count = "at least " + count
	}
	start := "the card's start"
	if f.Revision > 0 {
		start = "the start of the cards that have them"
	}
	line(w, fmt.Sprintf("%s of the rules, network ACL entries and routes in force unused since %s, or their own if later:", count, start))
	shown := shownOf(f.Unused, fewUnused, verbose)
	for _, d := range shown {
		line(w, "  "+d.ID+" "+d.What)
	}
	if more := f.UnusedCount - len(shown); more > 0 {
		return line(w, fmt.Sprintf("  … and %d more", more))
	}
	return nil
}

// shownOf is all with --verbose, and few of them without.
func shownOf[T any](all []T, few int, verbose bool) []T {
	if verbose {
		return all
	}
	return all[:min(few, len(all))]
}

// outcomes counts connections by what becomes of them.
func outcomes(f *nic.Effect) string {
	o, words := &f.Outcomes, []string{}
	for _, part := range []struct {
		n    uint64
		what string
	}{
		{o.Cut, "cut"}, {o.Expires, "expires"}, {o.Admitted, "admitted"}, {o.Outlives, "outlives"}, {o.Rerouted, "rerouted"},
		{o.AskedAnew, "asked_anew"}, {o.Moves, "moves"}, {o.Barred, "barred"}, {o.Ended, "ended"}, {o.Kept, "kept"},
	} {
		if part.n > 0 {
			words = append(words, fmt.Sprint(part.n, " ", strings.ToLower(outcomeWords[part.what])))
		}
	}
	return strings.Join(append([]string{plural(int(f.Connections), "connection")}, words...), ", ")
}

// outcomeWords are outcomes in words.
var outcomeWords = map[string]string{
	"cut": "CUT", "expires": "ENDED as idle too long", "admitted": "let pass again", "outlives": "kept by tracking alone", "rerouted": "sent another way", "asked_anew": "asked anew and kept",
	"moves": "moved to another card", "barred": "barred before and after", "ended": "ended already", "kept": "kept",
}

// fateTable tells what would become of some connections, why, and of a few of them which they are.
func fateTable(w io.Writer, f *nic.Fate) error {
	line(w, "")
	line(w, fmt.Sprintf("%s, %s: %s", plural(int(f.Connections), "connection"), traffic(f.Packets, f.Bytes), fate(f)))
	if len(f.Examples) == 0 {
		return nil
	}
	ofController := f.Examples[0].Card != ""
	headings := []string{"ENI", "PROTOCOL", "LOCAL", "", "REMOTE", "STATE", "IN", "OUT", "AGE", "IDLE"}
	if ofController {
		headings = slices.Insert(headings, 0, "CARD")
	}
	headings[0] = "  " + headings[0]
	t := newTable(w, headings...)
	for i := range f.Examples {
		e := &f.Examples[i]
		cells := exampleCells(e)
		if ofController {
			cells = slices.Insert(cells, 0, any(e.Card))
		}
		cells[0] = fmt.Sprint("  ", cells[0])
		t.row(cells...)
	}
	return t.flush()
}

// exampleCells are a connection's, from its ENI on.
func exampleCells(e *nic.FlowView) []any {
	arrow := "<-"
	if e.Initiator == "local" {
		arrow = "->"
	}
	if e.By != "" {
		return []any{e.ENI, e.Protocol, e.Local + " by " + e.By, arrow, e.Remote, e.State, "", "", "", life(e.Idle)}
	}
	return []any{e.ENI, e.Protocol, e.Local, arrow, e.Remote, e.State, traffic(e.PacketsIn, e.BytesIn), traffic(e.PacketsOut, e.BytesOut), life(e.Age), life(e.Idle)}
}

// fate is what would become of some connections, and why, in words.
func fate(f *nic.Fate) string {
	if f.Others {
		return fmt.Sprintf("%s, for other reasons: no more than %d are told apart", outcomeWords[f.Outcome], nic.MostReasons)
	}
	by := strings.TrimSpace(f.ID + " " + f.What)
	if f.Reason == "security_group_in" || f.Reason == "security_group_out" {
		by = "no rule replaces " + by
	}
	why := strings.Trim(f.Reason+": "+by, ": ")
	return map[string]string{
		"cut":        "CUT " + f.Direction + ", " + why,
		"expires":    fmt.Sprintf("ENDED within %.0f s, as idle too long: %s", flow.TakesEffect.Seconds(), by),
		"admitted":   "let pass again " + f.Direction + ", before " + why,
		"outlives":   "kept by tracking alone: the new rules would not let them begin; " + by + " did",
		"rerouted":   "sent another way " + f.Direction + ": " + by,
		"asked_anew": "asked anew and kept: " + by,
		"moves":      "moved with their ENI to another card, which judges them",
		"barred":     "barred before and after, " + why,
	}[f.Outcome]
}
