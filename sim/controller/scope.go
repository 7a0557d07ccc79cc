package controller

import (
	"iter"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// key names an object, as of vpc.Edit.
type key struct{ kind, id string }

// scopes know which cards need which objects. A card needs the VPCs of its ENIs and the
// VPCs next to them, each with all that is in it: of an ENI elsewhere its mapping and
// groups, of a group its members.
type scopes struct {
	own     map[string]map[string]int // by card and VPC: how many ENIs the card has there
	left    map[string]map[string]int // the same of ENIs that left it a moment ago
	keyed   map[string]map[string]int // by card and scope of a key: how many of the card's ENIs are of instances with the key
	next    map[string]map[string]int // by VPC: the VPCs next to it, and for how many reasons
	lent    [][2]string               // pairs of next that stand for lent groups
	edges   map[string]bool           // names of hosts that need what edges need
	atEdge  int                       // ENIs that edges need
	objects objects
}

// objects are the objects of each VPC. Those that no card needs are in none.
type objects map[string]map[key]struct{}

// kind yields all objects of a kind.
func (o objects) kind(kind string) iter.Seq[key] {
	return func(yield func(key) bool) {
		for _, in := range o {
			for k := range in {
				if k.kind == kind && !yield(k) {
					return
				}
			}
		}
	}
}

func newScopes() *scopes {
	return &scopes{own: map[string]map[string]int{}, left: map[string]map[string]int{}, keyed: map[string]map[string]int{}, next: map[string]map[string]int{}, objects: objects{}}
}

// cardScope stands, among the VPCs of a scope, for what is one card's alone. No VPC has such an ID.
func cardScope(card string) string { return "/cards/" + card }

// keyScope stands, among the VPCs of a scope, for the key pairs of a name. No VPC has such an ID.
func keyScope(name string) string { return "/keys/" + name }

// scopesOf are the scopes that an object is in: its VPCs, or of a key pair its name, or of an instance's user
// data, which may be a secret, the cards that have an ENI of the instance.
func scopesOf(r *vpc.Region, e vpc.Edit) []string {
	switch o := e.Object.(type) {
	case *ec2.KeyPair:
		return []string{keyScope(o.KeyName)}
	case *ec2.InstanceAttribute:
	default:
		return r.VPCsOf(e)
	}
	cards := r.CardsOf(e.ID)
	for i := range cards {
		cards[i] = cardScope(cards[i])
	}
	return cards
}

// of is what a host needs: of a card the VPCs, what is its own, the keys of its instances, and everyone.
func (s *scopes) of(card string) map[string]bool {
	if s.edges[card] {
		return map[string]bool{edgeScope: true}
	}
	all := map[string]bool{vpc.EveryVPC: true, cardScope(card): true}
	for key := range s.keyed[card] {
		all[key] = true
	}
	for _, vpcs := range []map[string]int{s.own[card], s.left[card]} {
		for id := range vpcs {
			all[id] = true
			for peer := range s.next[id] {
				all[peer] = true
			}
		}
	}
	return all
}

// size is how many objects are in a scope, those of two VPCs twice.
func (s *scopes) size(scope map[string]bool) (n int) {
	for id := range scope {
		n += len(s.objects[id])
	}
	return n
}

// add counts one more, or with -1 one less, in a map of maps without zeros.
func add(m map[string]map[string]int, a, b string, n int) {
	if m[a] == nil {
		m[a] = map[string]int{}
	}
	if m[a][b] += n; m[a][b] == 0 {
		delete(m[a], b)
	}
	if len(m[a]) == 0 {
		delete(m, a)
	}
}

// move takes an object from the VPCs that it was in to those in which it is.
func (s *scopes) move(k key, was, is []string) {
	for _, id := range was {
		s.count(k, id, -1)
		delete(s.objects[id], k)
		if len(s.objects[id]) == 0 {
			delete(s.objects, id)
		}
	}
	for _, id := range is {
		s.count(k, id, 1)
		if s.objects[id] == nil {
			s.objects[id] = map[key]struct{}{}
		}
		s.objects[id][k] = struct{}{}
	}
}

// count counts an object of a scope, if it is an ENI that edges need.
func (s *scopes) count(k key, id string, n int) {
	if id == edgeScope && k.kind == "NetworkInterfaces" {
		s.atEdge += n
	}
}

// follow takes over the edits that made a region of another, and tells which hosts may need
// other VPCs than before: a card that has become an edge needs what edges need.
func (s *scopes) follow(edited map[key]bool, was, is *vpc.Region) (shifted map[string]bool) {
	shifted = map[string]bool{}
	if firstCard(was) != firstCard(is) {
		for k := range s.objects.kind("NetworkInterfaces") {
			edited[k] = true
		}
	}
	for k := range edited {
		switch k.kind {
		case vpc.KindENIPlacement:
			if edited[key{"NetworkInterfaces", k.id}] {
				continue
			}
			fallthrough
		case "NetworkInterfaces":
			s.ofENI(k.id, was, -1, shifted)
			s.ofENI(k.id, is, 1, shifted)
		case "Instances":
			s.ofInstance(k.id, edited, was, is, shifted)
		case "VpcPeeringConnections":
			s.ofPair(was.VPCsOf(was.Edit(k.kind, k.id)), -1, shifted)
			s.ofPair(is.VPCsOf(is.Edit(k.kind, k.id)), 1, shifted)
		}
	}
	if edited[key{kind: vpc.KindRegionPlacement}] {
		edges := edgesOf(is)
		for _, pair := range [][2]map[string]bool{{s.edges, edges}, {edges, s.edges}} {
			for name := range pair[0] {
				if !pair[1][name] {
					shifted[name] = true
				}
			}
		}
		s.edges = edges
	}
	if lent := lentGroups(is); !slices.Equal(lent, s.lent) {
		for _, pair := range s.lent {
			s.ofPair(pair[:], -1, shifted)
		}
		for _, pair := range lent {
			s.ofPair(pair[:], 1, shifted)
		}
		s.lent = lent
	}
	return shifted
}

// firstCard is the name of the card that has the ENIs that nobody places; "": the region has no card.
func firstCard(r *vpc.Region) string {
	if cards := r.Cards(); len(cards) > 0 {
		return cards[0].Name
	}
	return ""
}

// edgesOf are the names of a region's edges.
func edgesOf(r *vpc.Region) map[string]bool {
	names := map[string]bool{}
	for _, e := range r.Edges() {
		names[e.Name] = true
	}
	return names
}

// ofENI counts an ENI of a region among the card's.
func (s *scopes) ofENI(id string, r *vpc.Region, n int, shifted map[string]bool) {
	if e := r.ENI(id); e != nil {
		card := r.CardOf(e)
		add(s.own, card, e.Subnet.VPC.ID, n)
		s.ofKey(card, keyOf(r, e.Instance), n)
		shifted[card] = true
	}
}

// ofInstance counts the ENIs of an instance for its key, if the key became another. ENIs that are edited, too, count
// by ofENI.
func (s *scopes) ofInstance(id string, edited map[key]bool, was, is *vpc.Region, shifted map[string]bool) {
	before, after := keyOf(was, id), keyOf(is, id)
	if before == after {
		return
	}
	for e := range is.ENIsOf(id) {
		if edited[key{"NetworkInterfaces", e.ID}] || edited[key{vpc.KindENIPlacement, e.ID}] {
			continue
		}
		card := is.CardOf(e)
		s.ofKey(card, before, -1)
		s.ofKey(card, after, 1)
		shifted[card] = true
	}
}

// ofKey counts ENIs of a card for a key's name; "": none.
func (s *scopes) ofKey(card, name string, n int) {
	if name != "" {
		add(s.keyed, card, keyScope(name), n)
	}
}

// keyOf is the name of an instance's key; "": it has none.
func keyOf(r *vpc.Region, instance string) string {
	if i := r.Instance(instance); i != nil {
		return i.KeyName
	}
	return ""
}

// ofPair counts two VPCs as next to each other.
func (s *scopes) ofPair(vpcs []string, n int, shifted map[string]bool) {
	if len(vpcs) != 2 {
		return
	}
	add(s.next, vpcs[0], vpcs[1], n)
	add(s.next, vpcs[1], vpcs[0], n)
	for card, own := range s.own {
		if own[vpcs[0]] > 0 || own[vpcs[1]] > 0 {
			shifted[card] = true
		}
	}
}

// lentGroups are the pairs of a VPC whose group is associated with another VPC, and that
// one.
func lentGroups(r *vpc.Region) (pairs [][2]string) {
	list, _ := r.Edit("SecurityGroupVpcAssociations", "").Object.([]ec2.SecurityGroupVpcAssociation)
	for _, a := range list {
		if g := r.SecurityGroup(a.GroupId); g != nil {
			pairs = append(pairs, [2]string{g.VpcId, a.VpcId})
		}
	}
	return pairs
}

// consequent are the objects beside an edited one whose scope the edit may change, some of them twice: an
// ENI's addresses, and what is said of its instance. All of them may be there before the ENI.
func consequent(k key, was, is *vpc.Region) (all []key) {
	if k.kind != "NetworkInterfaces" && k.kind != vpc.KindENIPlacement {
		return nil
	}
	for _, r := range []*vpc.Region{was, is} {
		e := r.ENI(k.id)
		if e == nil {
			continue
		}
		if e.Instance != "" {
			all = append(all, key{"Instances", e.Instance}, key{"InstanceAttributes", e.Instance})
		}
		for _, name := range []string{e.ID, e.Instance} {
			for _, id := range r.NamedBy("Addresses", name) {
				all = append(all, key{"Addresses", id})
			}
		}
	}
	return all
}
