package ec2

import (
	"errors"
	"fmt"
	"strings"
)

// Problem is one mistake in a configuration.
type Problem struct {
	File   string `json:"file,omitempty"` // where it was read
	Path   string `json:"path,omitempty"` // "SecurityGroups[2] sg-0a1b: IpPermissions[3]"
	Reason string `json:"reason"`         // "FromPort 90 is above ToPort 80"
	Cause  error  `json:"-"`
}

// Error is the place, then the reason.
func (p Problem) Error() string { return In(In(p.File, p.Path), p.Reason) }

// Unwrap is the error of the system that is behind it.
func (p Problem) Unwrap() error { return p.Cause }

// maxProblems bounds what a file of mistakes can make us say.
const maxProblems = 100

// Problems collects mistakes. The zero value is ready.
type Problems struct {
	File  string          // where the next ones are; "": what their paths begin with, if it is one of Files
	Files map[string]bool // that paths may begin with
	found []error
	more  int
	rest  bool // something was not looked at for mistakes
}

// Full tells whether there are as many mistakes as are told.
func (p *Problems) Full() bool { return len(p.found) == maxProblems }

// Pass notes that the rest is not looked at for mistakes: enough are known.
func (p *Problems) Pass() { p.rest = true }

// Add notes a mistake at a path.
func (p *Problems) Add(path, format string, args ...any) {
	if len(p.found) == maxProblems {
		p.more++
		return
	}
	file := p.File
	if first, rest, more := strings.Cut(path, ": "); file == "" && p.Files[first] && more {
		file, path = first, rest
	}
	p.found = append(p.found, Problem{File: file, Path: path, Reason: fmt.Sprintf(format, args...)})
}

// Join adds what others found.
func (p *Problems) Join(others *Problems) {
	for _, err := range others.found {
		if len(p.found) == maxProblems {
			p.more++
			continue
		}
		p.found = append(p.found, err)
	}
	p.more += others.more
	p.rest = p.rest || others.rest
}

// ProblemsIn are those that an error is made of. What is no Problem has a reason
// alone.
func ProblemsIn(err error) (all []Problem) {
	if err == nil {
		return []Problem{}
	}
	if joined, is := err.(interface{ Unwrap() []error }); is {
		for _, one := range joined.Unwrap() {
			all = append(all, ProblemsIn(one)...)
		}
		return all
	}
	if p, is := err.(Problem); is {
		return []Problem{p}
	}
	if listed, is := err.(interface{ Listed() []Problem }); is && len(listed.Listed()) > 0 {
		return listed.Listed()
	}
	return ofOne(err)
}

// ofOne is an error as one problem. Of one that wraps several, each is told with
// what the error says before them.
func ofOne(err error) []Problem {
	inner := errors.Unwrap(err)
	if within := ProblemsIn(inner); len(within) > 1 {
		if before, ends := strings.CutSuffix(err.Error(), inner.Error()); ends {
			for i, p := range within {
				within[i] = Problem{Reason: before + p.Error()}
			}
			return within
		}
	}
	return []Problem{{Reason: err.Error()}}
}

// Err joins what was found, one Problem a line; nil without any.
func (p *Problems) Err() error {
	if p.rest {
		return errors.Join(append(p.found[:maxProblems:maxProblems], errors.New("and perhaps more: the rest was not read"))...)
	}
	if p.more > 0 {
		return errors.Join(append(p.found[:maxProblems:maxProblems], fmt.Errorf("and %d more", p.more))...)
	}
	return errors.Join(p.found...)
}

// In is the path of a name under another.
func In(path, name string) string {
	switch {
	case path == "":
		return name
	case name == "":
		return path
	}
	return path + ": " + name
}

// At is the path of the i-th element of a list, with its ID where it has one.
func At(list string, i int, id string) string {
	path := fmt.Sprintf("%s[%d]", list, i)
	if id == "" {
		return path
	}
	return path + " " + Shorten(id)
}

// Shorten cuts what a configuration says to what fits into a message.
func Shorten(s string) string { return Cut(s, 60) }

// Cut is a text of at most so many bytes, with an ellipsis where some are missing. No
// character is cut in two.
func Cut(s string, most int) string {
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
