package vpc

import (
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
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

	// What is to be compiled.
	first        bool                       // prev has nothing
	whole        bool                       // everything is marked
	dirty        map[string]map[string]bool // by list, the IDs that are marked one by one
	edited       map[subject]bool           // what is configured otherwise than before
	pending      map[string]eniPlace        // by ENI, what edits say of its place
	nowhere      []reference                // to ENIs that there are not, from Placement
	allowed      map[string]bool            // instances whose allowance was changed
	renumberVPCs bool

	// What this change made itself, and may change.
	copied   map[string]bool      // lists
	filled   map[string][]*object // lists that were empty before, in order
	fresh    map[*network]bool
	stations map[*Stations]bool
	enis     map[*[1 << vectorBits]*ENI]bool
	packer   packer
	stood    []uint64 // entries of Region.onCard and ports that the first region gets at once:
	plugged  []uint64 // a large tree is slow to fill in no order

	// Of ENIs, and their public and private addresses.
	settings map[*ec2.NetworkInterface]*setting // by form
	joined   map[*membership]int                // how many ENIs more
	claims   []claim
	disputes map[wire.Addr]bool   // public addresses that two have
	builders map[*ENI]*eniBuilder // of ENIs that have Elastic IP addresses

	lost   map[string]bool // paths of objects that were left out, since an object that they name is not there
	unread unread
	remade map[any]bool // subnets and groups that are other ones now, or gone
	about  subject      // the object at hand, whose notices are noted
}

// subject is what a notice is about, or an edit: an object, or a section without
// IDs.
type subject struct{ kind, id string }

// key is where Region.notices has the notices about a subject.
func (s subject) key() string { return s.kind + " " + s.id }

// newCompiler begins a change of a region. The lineage's lock is held.
func newCompiler(r *Region) *compiler {
	return &compiler{
		Problems: ec2.Problems{Files: r.files}, prev: r, next: r.successor(), first: r.empty,
		dirty: map[string]map[string]bool{}, edited: map[subject]bool{}, pending: map[string]eniPlace{}, allowed: map[string]bool{},
		copied: map[string]bool{}, filled: map[string][]*object{}, fresh: map[*network]bool{}, stations: map[*Stations]bool{}, enis: map[*[1 << vectorBits]*ENI]bool{},
		packer:   packer{forms: map[string]*ec2.NetworkInterface{}, kept: &r.lineage.forms},
		settings: map[*ec2.NetworkInterface]*setting{}, joined: map[*membership]int{}, disputes: map[wire.Addr]bool{}, builders: map[*ENI]*eniBuilder{},
		lost: map[string]bool{}, remade: map[any]bool{},
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
		n.pages, n.last = nil, nil
		if c.first {
			n.macs, n.mapping = tight(n.macs), tight(n.mapping)
		}
	}
	c.next.changes = c.diff()
	return c.next, nil
}

// check is the steps that find mistakes and compile. unread.go runs them alone, for
// the mistakes.
func (c *compiler) check() {
	c.networks()
	c.security()
	c.interfaces()
	c.underlay()
}

// presence notes that a list is given once it has an object. From then on an ID that
// the list has not is a dangling one, so that everything is compiled again.
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

// toldOrder is the order in which notices are told: that of the compiler's steps.
var toldOrder = []string{"Vpcs", "Subnets", "ManagedPrefixLists", "PrefixLists", "RouteTables", "SecurityGroups", "NetworkInterfaces", "Addresses", "NetworkAcls", "NatGateways", "VpcPeeringConnections"}

// notice notes that the card does not enforce, or does not know, something about the
// object at hand.
func (c *compiler) notice(kind NoticeKind, path, what string) {
	had, _ := c.next.notices.Get(c.about.key())
	c.next.notices.Set(c.about.key(), append(slices.Clip(had), newNotice(kind, path, what)))
}

// Add notes a mistake. A mistake that only follows from one in reading is left out,
// for people mend the first and the second is gone.
func (c *compiler) Add(path, format string, args ...any) {
	if !c.unread.concerns(path) {
		c.Problems.Add(path, format, args...)
	}
}

// conflict is Add for a mistake between two objects, at path and at other. It is left
// out if either object has a mistake in reading.
func (c *compiler) conflict(path, other, format string, args ...any) {
	if !c.unread.concerns(other) {
		c.Add(path, format, args...)
	}
}

// unknown notes a reference to an ID that a list has not. It is left out if the object
// is there and has a mistake of its own, which is told already.
func (c *compiler) unknown(path, list, id string) {
	if c.unread.mayHave(list) || c.lost[c.spotOf(list, id).path()] {
		return
	}
	c.Add(path, "there is no %q in %s", ec2.Shorten(id), list)
}
