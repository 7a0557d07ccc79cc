package main

import (
	"fmt"
	"io"
	"strings"

	"nitrocard/nic"
)

const (
	fewAccess = 10 // lines about access without --verbose
	fewParts  = 2  // parts of a rule that a line tells
)

// accessTable tells what a change newly allows and newly denies, by rules and entries.
func accessTable(w io.Writer, f *nic.Effect, verbose bool) {
	shown := shownOf(f.Access, fewAccess, verbose)
	for i := range shown {
		line(w, access(&shown[i]))
	}
	switch more := len(f.Access) - len(shown) + f.MoreAccess; {
	case f.MoreAccess < 0:
		line(w, "… and more newly allowed or denied: too many rules change to compare all")
	case more > 0:
		line(w, fmt.Sprintf("… and %d more newly allowed or denied", more))
	}
}

// access is what a rule or an entry newly allows or denies, in words.
func access(a *nic.Access) string {
	s := "newly " + a.Outcome + " " + a.Direction + ": " + strings.TrimSpace(a.ID+" "+a.What)
	if len(a.Parts) > 0 {
		few := min(len(a.Parts), fewParts)
		s += ", of that only " + strings.Join(a.Parts[:few], ", ")
		if more := len(a.Parts) - few + a.MoreParts; more > 0 {
			s += fmt.Sprintf(" and %d parts more", more)
		}
	}
	if a.ENIs > len(a.Examples) {
		return fmt.Sprintf("%s; at %s and %d more ENIs", s, strings.Join(a.Examples, ", "), a.ENIs-len(a.Examples))
	}
	return s + "; at " + strings.Join(a.Examples, ", ")
}
