package vpc

import (
	"sync"

	"github.com/tidwall/btree"
)

// Region is what all cards share: every object of a configuration, compiled, and
// who is where. It never changes, and any number of goroutines may read it.
// Change makes its successor, which shares with it all that did not change.
type Region struct {
	changes Diff
	lineage *lineage

	// What was configured.
	rest    *Config                   // what is in no list of objects with IDs; the other lists are nil or empty
	objects map[string]*tree[*object] // by list
	place   placement
	files   map[string]bool    // that objects were read from
	users   *btree.Set[string] // see use
	answers int                // how many objects came in answers of EC2's API
	partial bool               // something was excused (see partial.go): the next change compiles all

	// What it means.
	networks *tree[*network]                 // by VPC
	subnets  *tree[*Subnet]                  // by ID
	routes   *tree[*routeTable]              // by ID
	assigned *tree[*routeTable]              // by subnet; by VPC: its main table
	lists    *tree[*prefixList]              // by ID
	groups   *tree[*groupRules]              // by ID
	numbers  *tree[uint32]                   // of groups, also of those that are gone, which rules may name
	rules    *btree.Map[RuleID, *groupRules] // by the first rule's
	enis     *tree[*ENI]                     // by ID
	members  *tree[int]                      // how many ENIs name a subnet or group
	public   *btree.Map[uint32, *ENI]
	onCard   *btree.Map[uint64, *ENI] // by card and station
	ports    *btree.Set[uint64]       // fingerprints of card and port
	forwards *btree.Map[uint64, int]  // how many ENIs, by forwarder
	vnis     *btree.Map[uint32, *VPC]
	notices  *tree[[]Notice] // by object
	stations stations
}

// tree is a map whose copy costs nothing and shares what neither changes.
type tree[V any] = btree.Map[string, V]

// lineage is what a region and its successors have in common.
type lineage struct {
	mu       sync.Mutex // one change at a time: copies of a tree share its nodes
	sequence uint64     // of the object that came last
	rules    RuleID     // the next group's first; from 1
	groups   uint32     // the number of the next group; from 1
	matchers shared[matcher]
	sets     shared[GroupSet]
}

// VTEPs are the tunnel ends of the underlay, by index: 1 is the edge, and then
// come the cards. 0 stands for the card that looks.
func (r *Region) VTEPs() []VTEP { return r.place.ends.vteps }

// VTEP is the index of the tunnel end with an address.
func (r *Region) VTEP(addr uint32) (index uint16, known bool) {
	index, known = r.place.ends.by[addr]
	return index, known
}

// VPC finds a VPC by its VNI; nil: there is none.
func (r *Region) VPC(vni uint32) *VPC {
	v, _ := r.vnis.Get(vni)
	return v
}

// ENI finds an ENI of the region by its ID; nil: there is none.
func (r *Region) ENI(id string) *ENI {
	e, _ := r.enis.Get(id)
	return e
}

// Forwards tells whether a tunnel end may send in a VPC what is not its own: an
// ENI without source/destination check lives there, such as a NAT instance.
func (r *Region) Forwards(vni uint32, vtep uint16) bool {
	_, is := r.forwards.Get(forwarder(vni, vtep))
	return is
}

func forwarder(vni uint32, vtep uint16) uint64 { return uint64(vni)<<16 | uint64(vtep) }
