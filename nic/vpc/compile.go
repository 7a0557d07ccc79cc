package vpc

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// CompileOptions say for which card, and after which policy.
type CompileOptions struct {
	Card string  // name of this card in Placement; "": the first
	Prev *Policy // the policy this one follows; nil: none
}

// maxENIs is how many ENIs a lineage may number: connection keys have 23 bits.
const maxENIs = 1 << 23

// Compile checks a configuration and makes the policy of one card. The error is
// all that was found wrong, one ec2.Problem a line; then nothing was made.
func Compile(config *Config, o CompileOptions) (*Policy, error) {
	c := newCompiler(config, o)
	c.check(o.Card)
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := c.link(); err != nil {
		return nil, err
	}
	c.unenforcedNotices()
	c.missingLists()
	return c.policy, nil
}

// check notes all that is wrong, and leaves what link builds on.
func (c *compiler) check(card string) {
	c.region()
	c.security()
	c.interfaces()
	c.underlay(card)
}

// compiler is the work of one Compile. Its steps note problems and go on, so that
// all are found; what a step leaves behind is sound as far as it goes.
type compiler struct {
	ec2.Problems
	config *Config
	place  Placement
	prev   *Policy // not nil
	policy *Policy

	vpcs     map[string]*VPC
	subnets  map[string]*Subnet
	enis     []*ENI // in order of the configuration
	holders  map[uint32]*ENI
	macs     map[stationKey]string
	onCard   map[string]int
	spots    map[string]spot // where an ID of a list stands
	answers  bool            // some object came in an answer of EC2's API
	lost     map[string]bool // paths of objects that name what is not there, and have no place without it
	unread   unread
	prevNums *lineage

	claims   []claim
	disputes map[uint32]bool // public addresses that two have

	groupLists map[string][]*Group // by setKey
}

// stationKey is a MAC within a VPC.
type stationKey struct {
	vpc *VPC
	mac wire.MAC
}

func newCompiler(config *Config, o CompileOptions) *compiler {
	prev := o.Prev
	if prev == nil {
		prev = &Policy{lineage: lineage{groups: numbering{next: 1}, rules: 1}}
	}
	c := &compiler{
		config: config, place: config.Placement.withDefaults(), prev: prev, prevNums: &prev.lineage,
		policy: &Policy{Epoch: prev.Epoch + 1, Notices: slices.Clone(config.Notices), byID: map[string]*ENI{}, groups: map[string]*Group{},
			lists: map[string]*prefixList{}, sets: map[string]*matcher{}},
		vpcs: map[string]*VPC{}, subnets: map[string]*Subnet{}, holders: map[uint32]*ENI{},
		macs: map[stationKey]string{}, onCard: map[string]int{}, spots: map[string]spot{}, answers: config.answers(), lost: map[string]bool{},
		disputes: map[uint32]bool{}, groupLists: map[string][]*Group{},
	}
	c.Files = config.Places.files()
	l, before := &c.policy.lineage, c.prevNums
	l.enis.after(&before.enis)
	l.owners.after(&before.owners)
	l.paths.after(&before.paths)
	l.vteps.after(&before.vteps)
	l.groups.after(&before.groups)
	for id, n := range before.groups.of {
		l.groups.of[id] = n
	}
	if l.rules = before.rules; l.rules > lastBase {
		c.prev = &Policy{lineage: prev.lineage, table: prev.table}
		l.rules = 1
	}
	return c
}

// Add notes a mistake, unless it only follows from one in reading.
func (c *compiler) Add(path, format string, args ...any) {
	if !c.unread.concerns(path) {
		c.Problems.Add(path, format, args...)
	}
}

// conflict is Add for a mistake of two objects; the second one's path is other.
func (c *compiler) conflict(path, other, format string, args ...any) {
	if !c.unread.concerns(other) {
		c.Add(path, format, args...)
	}
}

// notice notes what the card does not enforce, or does not know.
func (c *compiler) notice(kind NoticeKind, path, what string) {
	c.policy.Notices = append(c.policy.Notices, newNotice(kind, path, what))
}

// identify checks an object's ID and answers where the object stands.
func (c *compiler) identify(list string, i int, field, id string) (at spot, ok bool) {
	at = spot{c.config.path(list, i, id), list, c.config.place(list, i)}
	if id == "" {
		c.Add(at.path, "%s is missing", field)
		return at, false
	}
	if i := strings.IndexFunc(id, notInID); i >= 0 {
		c.Add(at.path, "%s holds %q; letters, digits and - . _ : make an ID", field, id[i:i+1])
		return at, false
	}
	key := list + " " + id
	if first, twice := c.spots[key]; twice {
		c.Add(at.path, "%s stands twice; the first is %s", field, first.path)
		return at, false
	}
	c.spots[key] = at
	return at, true
}

func notInID(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !letter && !strings.ContainsRune("-._:", r)
}

// link gives everything its number and builds what the packet path reads. The
// configuration was found good.
func (c *compiler) link() error {
	p, l := c.policy, &c.policy.lineage
	var local []*ENI
	for _, e := range c.enis {
		e.Number = l.enis.number(&c.prevNums.enis, e.VPC.ID+" "+e.ID)
		e.Owner = l.owners.number(&c.prevNums.owners, cmp.Or(e.Instance, e.ID))
		if e.Number >= maxENIs {
			return errors.New("this lineage of policies has numbered 8,388,608 ENIs: restart the card")
		}
		if e.Local {
			local = append(local, e)
		}
	}
	p.ENIs = make([]*ENI, l.enis.next)
	for _, e := range c.enis {
		p.ENIs[e.Number] = e
	}
	if err := c.vteps(); err != nil {
		return err
	}
	c.paths()
	c.match(local)
	if err := c.Err(); err != nil {
		return err
	}
	var err error
	p.table, err = tableOf(local, c.prev.table)
	return err
}

// paths prebuilds the headers towards each ENI, and towards the edge in each VPC.
func (c *compiler) paths() {
	p, l := c.policy, &c.policy.lineage
	for _, e := range c.enis {
		e.Path = l.paths.number(&c.prevNums.paths, e.VPC.ID+" "+e.ID)
	}
	for _, config := range c.config.Vpcs { // in their order, so that each run numbers alike
		v := c.vpcs[config.VpcId]
		v.edge = l.paths.number(&c.prevNums.paths, v.ID)
		p.VPCs = append(p.VPCs, v)
	}
	p.Paths = make([]Path, l.paths.next)
	for _, e := range c.enis {
		p.Paths[e.Path] = c.path(e.VNI, Path{Dst: e.MAC, Src: e.RouterMAC, VTEP: c.cardVTEP(c.onCard[e.ID])})
	}
	for _, v := range p.VPCs {
		p.Paths[v.edge] = c.path(v.VNI, Path{Dst: c.place.Edge.Mac, Src: routerMAC(v.ID), VTEP: c.edgeVTEP()})
	}
}

func (c *compiler) path(vni uint32, p Path) Path {
	p.Outer = tunnel{c.policy.Card.VTEP, c.policy.VTEPs[p.VTEP].Addr, vni}.outer()
	return p
}

// match compiles the groups of this card's ENIs, each set once.
func (c *compiler) match(local []*ENI) {
	for _, e := range local {
		groups := slices.Clone(e.Groups)
		slices.SortFunc(groups, func(a, b *Group) int { return cmp.Compare(a.ID, b.ID) })
		key := setKey(groups)
		m := c.policy.sets[key]
		if m == nil {
			m = c.prev.sets[key]
		}
		if m == nil {
			if excess := tooLarge(groups); excess != "" {
				c.Add(c.spots["NetworkInterfaces "+e.ID].path, "%s", excess)
				continue
			}
			m = newMatcher(groups)
		}
		e.matcher, c.policy.sets[key] = m, m
	}
}

// setKey names a set of compiled groups: bases are unique in a lineage.
func setKey(groups []*Group) string {
	var key []byte
	for _, g := range groups {
		key = binary.BigEndian.AppendUint32(key, uint32(g.base))
	}
	return string(key)
}
