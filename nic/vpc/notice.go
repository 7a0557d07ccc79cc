package vpc

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// Notice names one place where this card does not do what EC2 does, or where
// the configuration does not tell what EC2 knows.
type Notice struct {
	Kind NoticeKind `json:"kind"`
	Path string     `json:"path"`           // as in an error: "NetworkAcls[0] acl-1: Entries[2]"
	What string     `json:"what,omitempty"` // the particulars: "tcp 22 from 0.0.0.0/0"
}

// newNotice bounds what a configuration can make the card say.
func newNotice(kind NoticeKind, path, what string) Notice {
	const most = 160
	if len(what) > most {
		what = what[:most] + "…"
	}
	return Notice{kind, path, what}
}

// NoticeKind is what a notice is about.
type NoticeKind uint8

// Effect is what a notice means for packets. The first is the worst.
type Effect uint8

// Effects.
const (
	Passes   Effect = iota // here passes what EC2 may drop, or may send another way
	Drops                  // here is dropped what EC2 passes
	NoEffect               // no packet meets another end
)

var effectNames = [...]string{"passes", "drops", "none"}

// String is the effect's name, in JSON.
func (e Effect) String() string { return effectNames[e] }

// Kinds of notices, those of one effect in order of importance.
const (
	CutOff NoticeKind = iota
	ACLDenies
	GatewayRoutes
	DeniesInternet
	RouteEntriesUnknown

	RouteDropped
	NoNatGateway
	NoPeering
	NotServed
	OrdinaryENI
	PeerGroup
	RuleEntriesUnknown
	IPv6

	NotWatched

	noticeKinds
)

// noticeWords are a kind's name in JSON, its effect, and its sentences: about
// one, where %s stands for its particulars, and about %d of them.
type noticeWords struct {
	name      string
	effect    Effect
	one, many string
}

var noticeVocabulary = [noticeKinds]noticeWords{
	CutOff: {"cut_off", Passes, "an answer of describe-* was cut off here; the rest is not in the configuration",
		"%d answers of describe-* were cut off; their rest is not in the configuration"},
	ACLDenies: {"acl_denies", Passes, "denies %s; this card does not enforce network ACLs yet",
		"%d entries of network ACLs deny packets; this card does not enforce network ACLs yet"},
	GatewayRoutes: {"gateway_routes", Passes, "routes what comes in through %s; this card does not enforce gateway route tables yet",
		"%d route tables route what comes in through a gateway; this card does not enforce gateway route tables yet"},
	DeniesInternet: {"denies_internet", Passes, "DenyAllIgwTraffic is not enforced by this card yet",
		"%d ENIs have DenyAllIgwTraffic, which this card does not enforce yet"},
	RouteEntriesUnknown: {"route_entries_unknown", Passes, "the entries of %s are not in the configuration (get-managed-prefix-list-entries): it matches nothing",
		"%d routes are for prefix lists whose entries are not in the configuration (get-managed-prefix-list-entries): they match nothing"},

	RouteDropped: {"route_dropped", Drops, "%s: this card does not serve this target yet; such packets are dropped",
		"%d routes lead to targets that this card does not serve yet; such packets are dropped"},
	NoNatGateway: {"no_nat_gateway", Drops, "this card is no NAT gateway yet", "%d NAT gateways; this card is none yet"},
	NoPeering:    {"no_peering", Drops, "this card does not serve peering yet", "%d peering connections; this card does not serve peering yet"},
	NotServed:    {"not_served", Drops, "this card does not act on %s yet", "%d objects on which this card does not act yet"},
	OrdinaryENI: {"ordinary_eni", Drops, "InterfaceType %s: this card takes it for an ordinary ENI",
		"%d ENIs of AWS services, which this card takes for ordinary ones"},
	PeerGroup: {"peer_group", Drops, "%s is a group of another VPC; this card does not enforce rules over peering yet: it matches nothing",
		"%d rules name groups of other VPCs; this card does not enforce rules over peering yet: they match nothing"},
	RuleEntriesUnknown: {"rule_entries_unknown", Drops, "the entries of %s are not in the configuration (get-managed-prefix-list-entries): it matches nothing",
		"%d rules name prefix lists whose entries are not in the configuration (get-managed-prefix-list-entries): they match nothing"},
	IPv6: {"ipv6", Drops, "has %s; this card has no IPv6 yet", "%d VPCs, subnets, ENIs, rules and routes have IPv6; this card has none yet"},

	NotWatched: {"not_watched", NoEffect, "this card does not act on %s yet", "%d objects watch packets; this card does not act on them yet"},
}

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
	one := noticeVocabulary[n.Kind].one
	if n.What == "" {
		return one
	}
	return fmt.Sprintf(one, n.What)
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

// Digests are one for each kind of notices that there are, the worst first.
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

// Text is what the notices have in common, as one sentence.
func (d Digest) Text() string {
	if d.Count == 1 {
		return d.First.String()
	}
	return fmt.Sprintf(noticeVocabulary[d.First.Kind].many, d.Count)
}

// String is the digest as one line, with the first notice as its example.
func (d Digest) String() string {
	line := d.Text()
	if d.Count > 1 {
		line += "; first " + d.First.Path
		if d.First.What != "" {
			line += ", " + d.First.What
		}
	}
	return line
}
