package vpc

import (
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/tidwall/btree"

	"nitrocard/nic/vpc/ec2"
)

// Region is what all cards share: every object of a configuration, compiled, and the
// places of all ENIs. A Region never changes, and any number of goroutines may read it.
// Change makes a successor; the two share everything that did not change.
type Region struct {
	changes *Diff            // nil: everything is new
	edited  map[subject]bool // what the last change touched
	came    []*object        // ENIs that the last change brought by Mappings, which are not in edited
	lineage *lineage
	empty   bool // EmptyRegion made it

	// The configuration.
	rest    *Config                   // the sections without IDs; the other lists are nil or empty
	objects map[string]*tree[*object] // by list
	listed  map[string]unshaped       // objects of rest's lists that have no shape here, by ID
	place   placement
	files   map[string]bool    // that objects were read from
	users   *btree.Set[string] // entries that use makes
	partial bool               // something was excused (see partial.go): the next change compiles all

	// The compiled form.
	networks *tree[*network]                 // by VPC
	subnets  *tree[*Subnet]                  // by ID
	routes   *tree[*routeTable]              // by ID
	assigned *tree[*routeTable]              // by subnet; a VPC's main table by mainOf
	acls     *tree[*networkACL]              // by ID
	guarded  *tree[*networkACL]              // by subnet; a VPC's default ACL by mainOf
	lists    *tree[*prefixList]              // by ID
	peerings *tree[*peering]                 // by ID
	peers    *tree[*peering]                 // by VPC and ID, as peerKey makes it
	pairs    *tree[*peering]                 // by both VPCs, as peering.pair makes it; of connections that are here
	outward  *tree[int]                      // how many route tables lead to a target, by the Via of a route to Outside
	nats     *tree[*NATGateway]              // by ID
	natENIs  *tree[*NATGateway]              // by the ID of the gateway's ENI
	groups   *tree[*groupRules]              // by ID
	numbers  *tree[uint32]                   // of groups by ID, also of groups that are gone, which rules may still name
	rules    *btree.Map[RuleID, *groupRules] // by the ID of the group's first rule
	enis     vector[*ENI]                    // by station
	members  *tree[int]                      // how many ENIs name a subnet or group, by ID
	public   *btree.Map[uint32, *ENI]        // by public address
	reached  *tree[Reach]                    // by VPC
	onCard   numberSet                       // card and station of each ENI
	ports    numberSet                       // fingerprints of card and port
	attached numberSet                       // fingerprint of the instance, and station, of each ENI with an instance
	forwards *btree.Map[uint64, int]         // how many ENIs without source/destination check, by forwarder
	vnis     *btree.Map[uint32, *VPC]
	notices  *tree[[]Notice] // by subject.key
	stations stations

	reachedAt uint64 // lineage.reached, when reached changed last
}

// tree is a map whose copy costs a word. A map and its copy share the nodes that neither
// has written to.
type tree[V any] = btree.Map[string, V]

// lineage is what a region and its successors have in common.
type lineage struct {
	mu       sync.Mutex // one change at a time: copies of a tree share its nodes
	sequence uint64     // the order of the object that came last
	rules    RuleID     // the first rule's of the next group; from 1
	groups   uint32     // the number of the next group; from 1
	reached  uint64     // how often the reach of a VPC changed
	matchers shared[matcher]
	forms    shared[ec2.NetworkInterface]
	members  shared[membership]
}

// VPC is the VPC of a VNI, nil if there is none.
func (r *Region) VPC(vni uint32) *VPC {
	v, _ := r.vnis.Get(vni)
	return v
}

// ENI is the ENI of an ID, nil if there is none.
func (r *Region) ENI(id string) *ENI {
	o, there := r.objects["NetworkInterfaces"].Get(id)
	if !there {
		return nil
	}
	return r.enis.at(o.config.(*identity).Station)
}

// all are the ENIs of the region, in no order.
func (r *Region) all() iter.Seq[*ENI] {
	return func(yield func(*ENI) bool) {
		for _, chunk := range r.enis.chunks {
			if chunk == nil {
				continue
			}
			for _, e := range chunk {
				if e != nil && !yield(e) {
					return
				}
			}
		}
	}
}

// Interface is the ENI that a route names by the ENI's ID, or by its instance's. It is nil if
// there is no such ENI, if the ENI is attached to no instance, or if the instance has
// several: a route by an instance needs an instance with one ENI (EC2 API, CreateRoute).
func (r *Region) Interface(id string) *ENI {
	if e := r.ENI(id); e != nil {
		if !e.isAttached() {
			return nil
		}
		return e
	}
	var only *ENI
	for e := range r.ENIsOf(id) {
		if only != nil || !e.isAttached() {
			return nil
		}
		only = e
	}
	return only
}

// ENIsOf are the ENIs of an instance, in no order.
func (r *Region) ENIsOf(instance string) iter.Seq[*ENI] {
	return func(yield func(*ENI) bool) {
		first := attachedTo(instance, 0)
		for key := range r.attached.from(first) {
			e := r.enis.at(uint32(key))
			if key>>32 != first>>32 || e.Instance == instance && !yield(e) {
				return
			}
		}
	}
}

// attachedTo is the entry of an instance and station in Region.attached.
func attachedTo(instance string, station uint32) uint64 {
	return xxhash.Sum64String(instance)>>32<<32 | uint64(station)
}

// Forwards tells whether a tunnel end may send packets in a VPC from addresses that are not
// its ENIs': an ENI without source/destination check, such as a NAT instance, lives there.
func (r *Region) Forwards(vni uint32, vtep uint16) bool {
	_, is := r.forwards.Get(forwarder(vni, vtep))
	return is
}

// forwarder is the entry of a VPC and tunnel end in Region.forwards.
func forwarder(vni uint32, vtep uint16) uint64 { return uint64(vni)<<16 | uint64(vtep) }

// EmptyRegion makes a region without objects, for the first configuration to change.
func EmptyRegion() *Region {
	r := &Region{
		empty: true, lineage: &lineage{rules: 1, groups: 1}, rest: &Config{}, objects: map[string]*tree[*object]{},
		users: &btree.Set[string]{}, networks: &tree[*network]{}, subnets: &tree[*Subnet]{},
		routes: &tree[*routeTable]{}, assigned: &tree[*routeTable]{}, acls: &tree[*networkACL]{}, guarded: &tree[*networkACL]{}, lists: &tree[*prefixList]{}, peerings: &tree[*peering]{}, peers: &tree[*peering]{}, pairs: &tree[*peering]{}, outward: &tree[int]{}, nats: &tree[*NATGateway]{}, natENIs: &tree[*NATGateway]{}, groups: &tree[*groupRules]{},
		numbers: &tree[uint32]{}, rules: &btree.Map[RuleID, *groupRules]{}, members: &tree[int]{},
		public: &btree.Map[uint32, *ENI]{}, reached: &tree[Reach]{},
		forwards: &btree.Map[uint64, int]{}, vnis: &btree.Map[uint32, *VPC]{}, notices: &tree[[]Notice]{},
	}
	for _, kind := range kinds {
		r.objects[kind] = &tree[*object]{}
	}
	r.place.ports, r.place.allowances, r.place.exits = &tree[string]{}, &tree[Allowance]{}, &exits{}
	return r
}

// successor makes a copy of the region for a change to write to. The lineage's lock is held.
func (r *Region) successor() *Region {
	n := &Region{
		lineage: r.lineage, rest: r.rest, listed: r.listed, objects: maps.Clone(r.objects), place: r.place,
		users: r.users.Copy(), files: r.files, networks: r.networks.Copy(), subnets: r.subnets.Copy(),
		routes: r.routes.Copy(), assigned: r.assigned.Copy(), acls: r.acls.Copy(), guarded: r.guarded.Copy(), lists: r.lists.Copy(), peerings: r.peerings.Copy(), peers: r.peers.Copy(), pairs: r.pairs.Copy(), outward: r.outward.Copy(), nats: r.nats.Copy(), natENIs: r.natENIs.Copy(), groups: r.groups.Copy(),
		numbers: r.numbers.Copy(), rules: r.rules.Copy(), members: r.members.Copy(),
		public: r.public.Copy(), reached: r.reached.Copy(), reachedAt: r.reachedAt, onCard: r.onCard, ports: r.ports, attached: r.attached,
		forwards: r.forwards.Copy(), vnis: r.vnis.Copy(), notices: r.notices.Copy(), stations: r.stations, enis: r.enis,
	}
	n.stations.chunks, n.enis.chunks = slices.Clone(r.stations.chunks), slices.Clone(r.enis.chunks)
	n.place.ports, n.place.allowances = r.place.ports.Copy(), r.place.allowances.Copy()
	return n
}
