package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"nitrocard/nic/printable"
	"nitrocard/nic/vpc"
	"nitrocard/sim/explain"
)

// expectation is what check --expect found.
type expectation struct {
	File      string      `json:"file"`
	Holds     int         `json:"holds"`
	Fails     int         `json:"fails"`
	Errors    int         `json:"errors"` // of those that fail: how many mean nothing in the configuration
	Sentences []heldShown `json:"sentences"`
}

// heldShown is a sentence, and what the configuration does about it.
type heldShown struct {
	Line     int    `json:"line"`
	From     string `json:"from"`
	To       string `json:"to"`
	Protocol string `json:"protocol"`
	Port     string `json:"port"` // "-" where the protocol has none
	Expected string `json:"expected"`
	Got      string `json:"got"`           // allowed, denied, unknown, or error: the sentence means nothing here
	Why      string `json:"why,omitempty"` // it is not allowed
	Holds    bool   `json:"holds"`
}

// meaningless is what a sentence got that means nothing in the configuration.
const meaningless = "error"

// show is a sentence for people and programs. err is that the sentence means nothing.
func show(h *explain.Held, err error) heldShown {
	words := h.Words()
	s := heldShown{h.Line, h.From, h.To, words[2], words[3], h.Expected(), h.Got(), h.Why, h.Holds()}
	if err != nil {
		s.Got, s.Why, s.Holds = meaningless, err.Error(), false
	}
	return s
}

// expect holds a configuration to the sentences of a file.
func expect(cfg *vpc.Config, file string) (*expectation, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("--expect: %w", err)
	}
	defer f.Close()
	sentences, err := explain.ReadSentences(file, f)
	if err != nil {
		return nil, err
	}
	if len(sentences) == 0 { // a pipeline would take it for a proof
		return nil, fmt.Errorf("--expect: %s: no sentence is in it; `nitrocard check --expect-from CONFIG` prints some", file)
	}
	n, err := explain.New(cfg)
	if err != nil {
		return nil, err
	}
	defer n.Close()
	e := &expectation{File: file, Sentences: []heldShown{}}
	for _, s := range sentences {
		h, err := n.Hold(s)
		e.add(show(&h, err))
	}
	return e, nil
}

// add adds a sentence, and counts it.
func (e *expectation) add(h heldShown) {
	e.Sentences = append(e.Sentences, h)
	switch {
	case h.Holds:
		e.Holds++
	case h.Got == meaningless:
		e.Errors++
		fallthrough
	default:
		e.Fails++
	}
}

// table prints a line for each sentence.
func (e *expectation) table(w io.Writer) error {
	for i := range e.Sentences {
		line(w, e.Sentences[i].String())
	}
	return line(w, fmt.Sprintf("%s: %d hold, %d do not", plural(len(e.Sentences), "sentence"), e.Holds, e.Fails))
}

// String is the sentence in a line.
func (h *heldShown) String() string {
	mark, what := "ok  ", fmt.Sprintf(" %s → %s, %s: %s", h.From, h.To, strings.TrimSuffix(h.Protocol+" "+h.Port, " -"), h.Got)
	if !h.Holds {
		mark, what = "FAIL", what+", and "+h.Expected+" is expected"
	}
	if h.Why != "" {
		what += "; " + h.Why
	}
	return mark + what
}

// status is the exit status: 1 if a sentence does not hold.
func (e *expectation) status() error {
	if e.Fails > 0 {
		return exitStatus(1)
	}
	return nil
}

// The shape of JUnit's XML reports, as build servers read them.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Failure *junitFailure `xml:"failure"`
		Error   *junitFailure `xml:"error"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit writes a report of JUnit's to a file.
func (e *expectation) junit(file string) error {
	s := junitSuite{Name: "nitrocard check --expect", Tests: len(e.Sentences), Failures: e.Fails - e.Errors, Errors: e.Errors}
	for i := range e.Sentences {
		h := &e.Sentences[i]
		c := junitCase{Name: printable.Line(strings.Join([]string{h.From, h.To, h.Protocol, h.Port, h.Expected}, " ")), Class: printable.Line(e.File)}
		if !h.Holds {
			text := printable.Line(fmt.Sprintf("%s:%d: %s", e.File, h.Line, h.String()))
			if h.Got == meaningless {
				c.Error = &junitFailure{Message: printable.Line(h.Why), Text: text}
			} else {
				c.Failure = &junitFailure{Message: h.Got + ", and " + h.Expected + " is expected", Text: text}
			}
		}
		s.Cases = append(s.Cases, c)
	}
	text, err := xml.MarshalIndent(junitSuites{Suites: []junitSuite{s}}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte(xml.Header), append(text, '\n')...), 0o666)
}

// writeToday writes the sentences that hold today, for people to cut.
func writeToday(to io.Writer, cfg *vpc.Config, name string) error {
	n, err := explain.New(cfg)
	if err != nil {
		return err
	}
	defer n.Close()
	w := printable.Writer(to)
	line(w, "# What "+name+" allows and denies: cut what does not matter, and hold it to the rest with")
	line(w, "# nitrocard check CONFIG --expect FILE")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "# FROM\tTO\tPROTOCOL\tPORT\tEXPECTED")
	count := 0
	for h := range n.Today() {
		fmt.Fprintln(t, strings.Join(append(h.Words(), h.Expected()), "\t"))
		count++
	}
	err = t.Flush()
	if count == explain.MostToday {
		line(w, fmt.Sprintf("# … and more: these are the first %d", count))
	}
	return errors.Join(err, w.Close())
}
