package ec2

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed fields.txt
var fieldsText string

// names holds, by shape, the members that EC2 gives it, sorted.
var names = parseNames(fieldsText)

// Lists is the shape name under which fields.txt keeps the top-level lists of
// all describe-* answers.
const Lists = "Describe"

// Answers is the one under which it keeps what else EC2 answers with, beside such
// lists or instead of them.
const Answers = "Answer"

// parseNames reads fields.txt: a shape's name with a colon, then its members.
func parseNames(text string) map[string][]string {
	all := map[string][]string{}
	shape := ""
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if name, found := strings.CutSuffix(words[0], ":"); found {
			shape, words = name, words[1:]
		}
		all[shape] = append(all[shape], words...)
	}
	return all
}

// Has tells whether EC2's shape has a member of that name.
func Has(shape, member string) bool {
	_, found := slices.BinarySearch(names[shape], member)
	return found
}

// Known tells whether any shape of EC2's has a member of that name.
func Known(member string) bool {
	_, found := members[member]
	return found
}

// members are those of all shapes.
var members = func() map[string]struct{} {
	all := map[string]struct{}{}
	for _, of := range names {
		for _, name := range of {
			all[name] = struct{}{}
		}
	}
	return all
}()

// Nearest is the candidate with the fewest edits to name; "" when none is near
// enough to be what was meant.
func Nearest(name string, candidates []string) string {
	if len(name) > 64 {
		return ""
	}
	best, least := "", 1+max(1, len(name)/3)
	for _, c := range candidates {
		if d := edits(strings.ToLower(name), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
