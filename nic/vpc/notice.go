package vpc

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// Notice names one place of the configuration where this card does not do what EC2 does,
// or where the configuration lacks what EC2 knows.
type Notice struct {
	Kind NoticeKind `json:"kind"`
	Path string     `json:"path"`           // as in an error: "NetworkAcls[0] acl-1: Entries[2]"
	What string     `json:"what,omitempty"` // the particulars: "tcp 22 from 0.0.0.0/0"
}

// newNotice makes a notice, and bounds the text that a configuration can put into it.
func newNotice(kind NoticeKind, path, what string) Notice {
	return Notice{kind, path, ec2.Cut(what, 240)}
}

// NoticeKind is what a notice is about.
type NoticeKind uint8

// Effect is what a notice means for packets. The first is the worst.
type Effect uint8

// Effects.
const (
	Passes   Effect = iota // the card passes packets that EC2 may drop or send another way
	Drops                  // the card drops packets that EC2 passes
	NoEffect               // the card treats every packet as EC2 does
)

var effectNames = [...]string{"passes", "drops", "none"}

// String is the effect's name, in JSON.
func (e Effect) String() string { return effectNames[e] }

// Kinds of notices. The kinds of one effect are in order of importance.
const (
	CutOff NoticeKind = iota
	NoACLs
	SubnetWithoutACL
	RouteElsewhere
	NoInternetGateways
	NATZoneAbsent

	NoENIs
	InstanceENIs
	NoSecurityGroups
	NoRouteTables
	NoMainTable
	LeftOut
	Disputed
	RouteDropped
	RouteOutside
	RouteNowhere
	RouteOfPool
	GatewayUnknown
	InterfaceUnknown
	GroupRulesUnknown
	GroupNotLent
	GroupUnknown
	PeerGroup
	ForeignGroup
	RuleEntriesUnknown
	UngroupedENI
	NATUnknown
	NATWithoutENI
	PeerElsewhere
	OtherSideOutside
	NoEndpoint
	OtherPublic
	NoAddress

	OverQuota
	RouteOdd
	InstanceOdd
	ServiceENI
	StaleRule
	NotWatched
	KeyUnknown
	TagUntold
	NoAnswers
	Elsewhere
	Superseded
	EntriesOfNone
	MemberPassedOver
	FilePassedOver

	noticeKinds
)

// String is the kind's name, in JSON.
func (k NoticeKind) String() string { return noticeVocabulary[k].name }

// Effect is what notices of the kind mean for packets.
func (k NoticeKind) Effect() Effect { return noticeVocabulary[k].effect }

// MarshalText writes the name.
func (k NoticeKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the name.
func (k *NoticeKind) UnmarshalText(name []byte) error {
	i := slices.IndexFunc(noticeVocabulary[:], func(w noticeWords) bool { return w.name == string(name) })
	if i < 0 {
		return fmt.Errorf("%q is no kind of notice", name)
	}
	*k = NoticeKind(i)
	return nil
}

// Text is the notice as one sentence, without its place.
func (n Notice) Text() string {
	return strings.ReplaceAll(noticeVocabulary[n.Kind].one, "%s", n.What)
}

// String is the notice as one line.
func (n Notice) String() string { return n.Path + ": " + n.Text() }

// MarshalJSON writes effect and sentence beside what UnmarshalJSON reads.
func (n Notice) MarshalJSON() ([]byte, error) {
	type plain Notice
	return json.Marshal(struct {
		plain
		Effect string `json:"effect"`
		Text   string `json:"text"`
	}{plain(n), n.Kind.Effect().String(), n.Text()})
}

// Digest is the notices of one kind: how many, and the first.
type Digest struct {
	Count int
	First Notice
}

// Digests are a digest for each kind that has a notice, the worst effect first.
func Digests(notices []Notice) []Digest {
	var of [noticeKinds]Digest
	for _, n := range notices {
		if of[n.Kind].Count == 0 {
			of[n.Kind].First = n
		}
		of[n.Kind].Count++
	}
	all := slices.DeleteFunc(of[:], func(d Digest) bool { return d.Count == 0 })
	slices.SortStableFunc(all, func(a, b Digest) int { return cmp.Compare(a.First.Kind.Effect(), b.First.Kind.Effect()) })
	return all
}

// Clause is the sentence about all notices of the digest: about a single notice, the whole
// notice.
func (d Digest) Clause() string {
	many := noticeVocabulary[d.First.Kind].many
	if d.Count == 1 || many == "" {
		return d.First.String()
	}
	return fmt.Sprintf(many, d.Count)
}

// String is the digest as one line, with the first notice as its example.
func (d Digest) String() string {
	line := d.Clause()
	if d.Count == 1 {
		return line
	}
	line += "; first " + d.First.Path
	if d.First.What != "" && strings.Contains(noticeVocabulary[d.First.Kind].one, "%s") {
		line += ", " + d.First.What
	}
	return line
}
