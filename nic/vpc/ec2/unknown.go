package ec2

import "strings"

// Unknown is what one document holds and EC2's shapes do not: mistakes where
// people wrote it, and a newer EC2 where the API answered.
type Unknown struct {
	Members []UnknownMember // some of each name
	Extra   bool            // EC2's own members are there that the card has no use for; people rarely write them

	counts map[[2]string]int
}

// UnknownMember is a name that its shape does not have.
type UnknownMember struct {
	Path, Shape, Name string
	Near              string // the nearest name that the shape has
	Typo              bool   // Near is two letters off at most, and the object lacks it
	Again             bool   // it stood in another object before
}

// Reason says what is wrong with it.
func (u *UnknownMember) Reason() string { return NoField(u.Name, u.Near) }

// NoField is the reason for a name that does not exist.
func NoField(name, near string) string {
	reason := "there is no field \"" + Shorten(name) + "\""
	if near != "" {
		reason += "; the nearest name is \"" + near + "\""
	}
	return reason
}

// mostUnknown bounds the names that are kept of one document.
const mostUnknown = 1000

// add answers the index in Members, or -1 for one of too many.
func (u *Unknown) add(shape, name string, known []string) int {
	if u.counts == nil {
		u.counts = map[[2]string]int{}
	}
	key := [2]string{shape, name}
	n := u.counts[key]
	if n == maxProblems || n == 0 && len(u.counts) == mostUnknown {
		return -1
	}
	u.counts[key]++
	u.Members = append(u.Members, UnknownMember{Shape: shape, Name: name, Near: Nearest(name, known), Again: n > 0})
	return len(u.Members) - 1
}

// judge tells typing errors from new names, now that an object was read and it
// is known which of its shape's names it has. Its own are from first on.
func (u *Unknown) judge(first int, s *shape, seen uint64) {
	for i := first; i < len(u.Members); i++ {
		if m := &u.Members[i]; m.Shape == s.name && m.Near != "" {
			m.Typo = seen&s.members[m.Near].bit == 0 && Close(m.Name, m.Near)
		}
	}
}

// Close tells whether a name is the other but for two letters.
func Close(name, other string) bool {
	return len(name) <= 64 && edits(strings.ToLower(name), strings.ToLower(other)) <= 2
}
