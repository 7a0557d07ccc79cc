package vpc

import (
	"maps"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// CompileOptions are the parameters of Compile.
type CompileOptions struct {
	Card string  // name of this card in Placement; "": the first
	Prev *Policy // the policy this one follows; nil: none
}

// Compile checks a configuration and makes the policy of one card. If anything is wrong
// Compile makes nothing, and the error has one ec2.Problem a line for all that is wrong.
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

// compiler is the work of one change. A step compiles the marked objects of its kind, and
// marks the objects of later steps that depend on them. A step that finds a problem notes
// it and goes on, so that one compilation finds all problems; what the step made so far
// is sound for the later steps.
type compiler struct {
	ec2.Problems
	prev, next *Region

	// What is to be compiled.
	first        bool                       // prev has nothing
	whole        bool                       // everything is marked
	dirty        map[string]map[string]bool // by list, the IDs that are marked one by one
	edited       map[subject]bool           // whose configuration differs from before
	pending      map[string]eniPlace        // by ENI, its place according to the edits
	mappings     []*Mappings                // to be put after all edits
	come         []*object                  // ENIs that Mappings brought, in order
	homeless     map[string]string          // ENIs whose card goes, with the card's path
	nowhere      []reference                // from Placement to ENIs that do not exist
	allowed      map[string]bool            // instances whose allowance was changed
	retyped      bool                       // instance types were changed
	moved        map[string]bool            // instances that lost or got an ENI
	renumberVPCs bool
	exits        bool            // Placement has other exits
	parts        bool            // Placement has other ENIs of regional NAT gateways
	deserted     map[string]bool // targets to which the last route is gone, by Via

	// What this change has made, and so may still write to.
	copied   map[string]bool      // lists
	filled   map[string][]*object // lists that were empty before, in order
	fresh    map[*network]bool
	stations map[*Stations]bool
	enis     map[*[1 << vectorBits]*ENI]bool
	packer   packer

	// ENIs, and their public and private addresses.
	settings map[*ec2.NetworkInterface]*setting // by form
	joined   map[*membership]int                // how many ENIs more than before
	claims   []claim
	disputes map[wire.Addr]bool   // public addresses that two ENIs have
	builders map[*ENI]*eniBuilder // of ENIs that have Elastic IP addresses

	lost   map[string]bool // paths of objects that were left out, because an object that they name is missing
	unread unread
	remade map[any]bool // subnets and groups of prev that are new objects in next, or gone
	about  subject      // the object at hand, which notices are about
}

// subject is the object, or the section without IDs, that a notice or an edit is about.
type subject struct{ kind, id string }

// key is the key of Region.notices for a subject.
func (s subject) key() string { return s.kind + " " + s.id }

// newCompiler begins a change of a region. The lineage's lock is held.
func newCompiler(r *Region) *compiler {
	return &compiler{
		Problems: ec2.Problems{Files: r.files}, prev: r, next: r.successor(), first: r.empty,
		dirty: map[string]map[string]bool{}, edited: map[subject]bool{}, pending: map[string]eniPlace{}, homeless: map[string]string{}, allowed: map[string]bool{}, moved: map[string]bool{},
		copied: map[string]bool{}, filled: map[string][]*object{}, fresh: map[*network]bool{}, stations: map[*Stations]bool{}, enis: map[*[1 << vectorBits]*ENI]bool{},
		packer:   packer{forms: map[string]*ec2.NetworkInterface{}, kept: &r.lineage.forms},
		settings: map[*ec2.NetworkInterface]*setting{}, joined: map[*membership]int{}, disputes: map[wire.Addr]bool{}, builders: map[*ENI]*eniBuilder{},
		lost: map[string]bool{}, remade: map[any]bool{}, deserted: map[string]bool{},
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
		n.mapping.own, n.mapping.last = nil, nil
		if c.first {
			n.mapping.pages = tight(n.mapping.pages)
		}
	}
	maps.DeleteFunc(c.edited, func(s subject, _ bool) bool { // came and went within the change
		return c.next.objects[s.kind] != nil && !c.prev.has(s.kind, s.id) && !c.next.has(s.kind, s.id)
	})
	c.next.changes, c.next.edited = c.diff(), c.edited
	if !c.first {
		c.next.came = c.come
	}
	return c.next, nil
}

// check is the steps that find mistakes and compile. Reading runs check alone to find
// mistakes beside those of reading (unread.go).
func (c *compiler) check() {
	c.networks()
	c.security()
	c.interfaces()
	c.machines()
	c.routedInstances()
	c.natGateways()
	c.underlay()
	c.reaches()
}

// presence notes that a list is given once it has an object. From then on a reference to
// an ID that the list lacks is a dangling one, so that everything is compiled again. Nothing refers to
// instances, their user data and their types by ID, and to key pairs only instances do.
func (c *compiler) presence() {
	for _, kind := range kinds {
		if c.next.objects[kind].Len() == 0 || c.given(kind) {
			continue
		}
		c.next.rest = c.next.rest.withList(kind)
		switch kind {
		case "Instances", "InstanceAttributes", "InstanceTypes":
		case "KeyPairs":
			c.markKeyed()
		default:
			c.markAll()
		}
	}
}

// given tells whether a list is in the configuration, though it may be empty.
func (c *compiler) given(kind string) bool { return c.next.rest.gives(kind) }

// toldOrder is the order in which notices are told, which is the order of the compiler's
// steps.
var toldOrder = []string{"DhcpOptions", "Vpcs", "Subnets", "ManagedPrefixLists", "PrefixLists", "VpcPeeringConnections", "RouteTables", "SecurityGroups", "NetworkInterfaces", "Instances", "InstanceAttributes", "InstanceTypes", "KeyPairs", "Addresses", "NetworkAcls", "NatGateways"}

// notice notes something that the card does not enforce, or does not know, about the
// object at hand.
func (c *compiler) notice(kind NoticeKind, path, what string) {
	had, _ := c.next.notices.Get(c.about.key())
	c.next.notices.Set(c.about.key(), append(slices.Clip(had), newNotice(kind, path, what)))
}

// Add notes a mistake. Add leaves out a mistake that only follows from a mistake in
// reading, because it goes when people mend that one.
func (c *compiler) Add(path, format string, args ...any) {
	if !c.unread.concerns(path) {
		c.Problems.Add(path, format, args...)
	}
}

// conflict is Add for a mistake between two objects, at path and at other. conflict leaves
// out the mistake if reading found a mistake in either object.
func (c *compiler) conflict(path, other, format string, args ...any) {
	if !c.unread.concerns(other) {
		c.Add(path, format, args...)
	}
}

// elsewhere tells whether what is named and not here may be in another card's part of the
// region. Whoever has the whole region has checked its references.
func (c *compiler) elsewhere() bool { return c.next.place.given.Part }

// unknown notes a reference to an ID that a list lacks. unknown leaves out the reference
// if the object was left out for a mistake of its own, which is noted already.
func (c *compiler) unknown(path, list, id string) {
	if c.unread.mayHave(list) || c.elsewhere() || c.lost[c.spotOf(list, id).path()] {
		return
	}
	c.Add(path, "there is no %q in %s", ec2.Shorten(id), list)
}
