package vpc

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// CompileOptions say for which card, and after which policy.
type CompileOptions struct {
	Card string  // name of this card in Placement; "": the first
	Prev *Policy // the policy this one follows; nil: none
}

// Compile checks a configuration and makes the policy of one card. The error is
// all that was found wrong, one ec2.Problem a line; then nothing was made.
func Compile(config *Config, o CompileOptions) (*Policy, error) {
	r := EmptyRegion()
	if o.Prev != nil {
		r = o.Prev.Region
	}
	r, err := r.Become(config)
	if err != nil {
		return nil, err
	}
	return r.Policy(o.Card, o.Prev)
}

// compiler is the work of one change. Its steps note problems and go on, so that
// all are found; what a step leaves behind is sound as far as it goes. A step
// compiles what is marked of its kind, and marks what that means for later ones.
type compiler struct {
	ec2.Problems
	prev, next *Region

	dirty        map[string]map[string]bool // by list, IDs of what is to be compiled
	edited       map[[2]string]bool         // list and ID of what is configured otherwise
	whole        bool                       // everything is marked
	placed       map[string]bool            // ENIs whose place was changed
	allowed      map[string]bool            // instances whose allowance was changed
	renumberVPCs bool

	// What this change made itself, and may change.
	copied map[string]bool
	fresh  map[*network]bool
	chunks map[*Stations]bool

	// Of public and private addresses.
	claims   []claim
	disputes map[uint32]bool      // public ones that two have
	builders map[*ENI]*eniBuilder // of ENIs that have Elastic IP addresses

	lost   map[string]bool // paths of objects that name what is not there, and have no place without it
	unread unread

	remade map[any]bool // subnets and groups that are other ones now, or gone
	about  string       // the object at hand, whose notices are noted
}

func newCompiler(r *Region) *compiler {
	return &compiler{
		Problems: ec2.Problems{Files: r.files}, prev: r, next: r.successor(),
		dirty: map[string]map[string]bool{}, edited: map[[2]string]bool{}, placed: map[string]bool{}, allowed: map[string]bool{},
		copied: map[string]bool{}, fresh: map[*network]bool{}, chunks: map[*Stations]bool{}, remade: map[any]bool{}, lost: map[string]bool{}, disputes: map[uint32]bool{}, builders: map[*ENI]*eniBuilder{},
	}
}

// compile is all steps in order.
func (c *compiler) compile() (*Region, error) {
	c.presence()
	c.check()
	c.unenforced()
	c.missingLists()
	if err := c.Err(); err != nil {
		return nil, err
	}
	for n := range c.fresh {
		n.pages = nil
	}
	c.next.changes = c.diff()
	return c.next, nil
}

// check notes all that is wrong, and leaves what others build on.
func (c *compiler) check() {
	c.networks()
	c.security()
	c.interfaces()
	c.underlay()
}

// presence notes lists that have come into being with their first object. What
// they hold no more is missing from now on.
func (c *compiler) presence() {
	for _, kind := range kinds {
		if c.next.objects[kind].Len() > 0 && !c.given(kind) {
			c.next.rest = c.next.rest.withList(kind)
			c.markAll()
		}
	}
}

// given tells whether a list is in the configuration, maybe empty.
func (c *compiler) given(kind string) bool { return c.next.rest.gives(kind) }

// each are the marked objects of a list that are configured, in order.
func each[T any](c *compiler, kind string) iter.Seq2[*object, *T] {
	var all []*object
	for id := range c.dirty[kind] {
		if o := c.object(kind, id); o != nil {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b *object) int { return cmp.Compare(a.order, b.order) })
	return func(yield func(*object, *T) bool) {
		for _, o := range all {
			c.about = about(kind, o.id)
			if !yield(o, o.config.(*T)) {
				return
			}
		}
	}
}

// gone are the marked IDs of a list that are not configured any more.
func (c *compiler) gone(kind string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for id := range c.dirty[kind] {
			if c.object(kind, id) == nil && !yield(id) {
				return
			}
		}
	}
}

// toldOrder is the order in which notices are told: that of the compiler's steps.
var toldOrder = []string{"Vpcs", "Subnets", "ManagedPrefixLists", "PrefixLists", "RouteTables", "SecurityGroups", "NetworkInterfaces", "Addresses", "NetworkAcls", "NatGateways", "VpcPeeringConnections"}

// about is where Region.notices has those of an object.
func about(kind, id string) string { return kind + " " + id }

// notice notes what the card does not enforce, or does not know.
func (c *compiler) notice(kind NoticeKind, path, what string) {
	had, _ := c.next.notices.Get(c.about)
	c.next.notices.Set(c.about, append(slices.Clip(had), newNotice(kind, path, what)))
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

// identify checks an object's ID beside those of its list that stand before it.
func (c *compiler) identify(o *object, field string, before map[string]*object) bool {
	if o.id == "" {
		c.Add(o.path(), "%s is missing", field)
		return false
	}
	if i := strings.IndexFunc(o.id, notInID); i >= 0 {
		c.Add(o.path(), "%s holds %q; letters, digits and - . _ : make an ID", field, o.id[i:i+1])
		return false
	}
	if first := before[o.id]; first != nil {
		c.Add(o.path(), "%s stands twice; the first is %s", field, first.path())
		return false
	}
	return true
}

func notInID(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !letter && !strings.ContainsRune("-._:", r)
}

// unknown is the problem of a reference into a list that has no such ID. Where
// the object has a mistake of its own, that one is told alone.
func (c *compiler) unknown(path, list, id string) {
	if c.unread.mayHave(list) || c.lost[c.spotOf(list, id).path] {
		return
	}
	c.Add(path, "there is no %q in %s", ec2.Shorten(id), list)
}

// pathOf is where an object stands.
func (r *Region) pathOf(kind, id string) string {
	if o, there := r.objects[kind].Get(id); there {
		return o.path()
	}
	return kind + " " + id
}

// count changes how many ENIs name a subnet or group.
func (c *compiler) count(id string, by int) {
	n, _ := c.next.members.Get(id)
	if n += by; n == 0 {
		c.next.members.Delete(id)
	} else {
		c.next.members.Set(id, n)
	}
}
