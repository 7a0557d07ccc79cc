package vpc

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/tidwall/btree"

	"nitrocard/nic/vpc/ec2"
)

// Edit puts an object in the place of the one with its ID, or adds or removes it.
type Edit struct {
	Kind   string // the object's list, such as "SecurityGroups"; "Placement", which has no ID; or "ENIPlacements"
	ID     string
	Object any // a pointer to its shape, such as *ec2.SecurityGroup, which nobody changes any more; nil: the object goes
}

// KindENIPlacement is the kind of an edit that says where one ENI is, with an
// *ENIPlacement.
const KindENIPlacement = "ENIPlacements"

// object is an object as it was configured.
type object struct {
	kind, id string
	place    Place
	order    uint64 // its place among those of its kind
	config   any
}

// path is the object's place in an error.
func (o *object) path() string {
	if o.place == alone {
		return o.kind + " " + ec2.Shorten(o.id)
	}
	return o.place.path(o.kind, o.id)
}

// spot is where the object stands, while it is checked.
func (o *object) spot() spot { return spot{o.path(), o.kind, o.place} }

// spotOf is where an object stands.
func (c *compiler) spotOf(kind, id string) spot {
	if o := c.object(kind, id); o != nil {
		return o.spot()
	}
	return spot{list: kind}
}

// alone is the place of an object that came in no list.
var alone = Place{Index: -1}

// Change makes the successor of a region in which all edits are done, whatever
// their order. The error is all that is wrong, one ec2.Problem a line; then there
// is no successor. It costs what the edits touch: an object, and what names it
// where that can matter.
func (r *Region) Change(edits ...Edit) (*Region, error) {
	r.lineage.mu.Lock()
	defer r.lineage.mu.Unlock()
	return r.step(func(c *compiler) {
		for _, e := range edits {
			c.edit(e)
		}
	})
}

// step makes the successor that edit describes. Where the answers of EC2's API
// are partial, what is said of one object may depend on any other: then all is
// compiled.
func (r *Region) step(edit func(*compiler)) (*Region, error) {
	c := newCompiler(r)
	edit(c)
	if r.partial {
		c.markAll()
	}
	next, err := c.compile()
	if c.whole || !c.next.partial {
		return next, err
	}
	c = newCompiler(r)
	edit(c)
	c.markAll()
	return c.compile()
}

// EmptyRegion is what a configuration makes a region of.
func EmptyRegion() *Region {
	r := &Region{
		lineage: &lineage{rules: 1, groups: 1}, rest: &Config{}, objects: map[string]*tree[*object]{},
		users: &btree.Set[string]{}, networks: &tree[*network]{}, subnets: &tree[*Subnet]{},
		routes: &tree[*routeTable]{}, assigned: &tree[*routeTable]{}, lists: &tree[*prefixList]{}, groups: &tree[*groupRules]{},
		numbers: &tree[uint32]{}, rules: &btree.Map[RuleID, *groupRules]{}, enis: &tree[*ENI]{}, members: &tree[int]{},
		public: &btree.Map[uint32, *ENI]{}, onCard: &btree.Map[uint64, *ENI]{}, ports: &btree.Set[uint64]{},
		forwards: &btree.Map[uint64, int]{}, vnis: &btree.Map[uint32, *VPC]{}, notices: &tree[[]Notice]{},
	}
	for _, kind := range kinds {
		r.objects[kind] = &tree[*object]{}
	}
	r.place.enis, r.place.allowances = &tree[eniPlace]{}, &tree[Allowance]{}
	return r
}

// successor is a copy that may be changed. The lineage's lock is held.
func (r *Region) successor() *Region {
	n := &Region{
		lineage: r.lineage, rest: r.rest, objects: maps.Clone(r.objects), place: r.place,
		users: r.users.Copy(), answers: r.answers, files: r.files, networks: r.networks.Copy(), subnets: r.subnets.Copy(),
		routes: r.routes.Copy(), assigned: r.assigned.Copy(), lists: r.lists.Copy(), groups: r.groups.Copy(),
		numbers: r.numbers.Copy(), rules: r.rules.Copy(), enis: r.enis.Copy(), members: r.members.Copy(),
		public: r.public.Copy(), onCard: r.onCard.Copy(), ports: r.ports.Copy(),
		forwards: r.forwards.Copy(), vnis: r.vnis.Copy(), notices: r.notices.Copy(), stations: r.stations,
	}
	n.stations.chunks = slices.Clone(r.stations.chunks)
	n.place.enis, n.place.allowances = r.place.enis.Copy(), r.place.allowances.Copy()
	return n
}

// Remove makes the edit that an object goes, and with it what Placement says of
// it. It is an error if there is none.
func (r *Region) Remove(kind, id string) (Edit, error) {
	switch {
	case !slices.Contains(kinds, kind):
		return Edit{}, unknownKind(kind)
	case !r.has(kind, id):
		return Edit{}, notThere(kind, id)
	}
	return Edit{Kind: kind, ID: id}, nil
}

// edit does one edit of what is configured, and marks what has to be compiled.
func (c *compiler) edit(e Edit) {
	switch {
	case e.Kind == KindENIPlacement:
		c.placeENI(e)
	case e.Kind == "Placement":
		place, _ := e.Object.(*Placement)
		c.placeAll(cmp.Or(place, &Placement{}))
	case !slices.Contains(kinds, e.Kind):
		c.Add("", "%v", unknownKind(e.Kind))
	case e.Object == nil:
		c.forgetPlacement(e.Kind, e.ID)
		c.put(&object{kind: e.Kind, id: e.ID})
	default:
		c.put(&object{kind: e.Kind, id: e.ID, place: alone, config: e.Object})
	}
}

// put takes an object, or removes it where it has no config.
func (c *compiler) put(o *object) {
	objects, old := c.list(o.kind), c.object(o.kind, o.id)
	switch {
	case old == nil && o.config == nil:
		c.Add("", "%v", notThere(o.kind, o.id))
		return
	case o.config == nil:
		objects.Delete(o.id)
		c.recount(old, nil)
		c.renumberVPCs = c.renumberVPCs || o.kind == "Vpcs" // one that comes back in the same change is the last
	case old != nil && reflect.DeepEqual(old.config, o.config):
		if o.order != 0 && (o.order != old.order || o.place != old.place) {
			objects.Set(o.id, o)
			c.recount(old, o)
		}
		if _, noticed := c.next.notices.Get(about(o.kind, o.id)); (noticed || o.kind == "RouteTables") && o.place != old.place {
			c.mark(o.kind, o.id)
		}
		return
	default:
		c.settle(o, old)
		objects.Set(o.id, o)
		c.recount(old, o)
	}
	c.changed(o.kind, o.id)
	c.refer(old, o)
	c.mark(o.kind, o.id)
	if o.kind == "NetworkAcls" {
		c.markNamed("Subnets", old, o)
	}
	if old == nil || o.config == nil || !sameToUsers(o.kind, old.config, o.config) {
		c.markUsers(o.id)
	}
}

// recount counts the objects that came in answers, when one takes the place of
// another; nil: none.
func (c *compiler) recount(old, o *object) {
	if old != nil && old.place.Answer {
		c.next.answers--
	}
	if o != nil && o.place.Answer {
		c.next.answers++
	}
}

// settle gives an object its order: its predecessor's, or the last.
func (c *compiler) settle(o, old *object) {
	switch {
	case o.order != 0:
	case old != nil:
		o.order = old.order
	default:
		c.next.lineage.sequence += orderGap
		o.order = c.next.lineage.sequence
	}
}

// orderGap lies between objects, for those that come between them.
const orderGap = 1 << 20

// list is what is configured of a kind, for a change.
func (c *compiler) list(kind string) *tree[*object] {
	if !c.copied[kind] {
		c.copied[kind] = true
		c.next.objects[kind] = c.next.objects[kind].Copy()
	}
	return c.next.objects[kind]
}

// object is what is configured under an ID; nil: nothing.
func (c *compiler) object(kind, id string) *object {
	o, _ := c.next.objects[kind].Get(id)
	return o
}

// sameToUsers tells whether those who name an object need not care that it
// changed: rules of a group are its members' cards' alone.
func sameToUsers(kind string, a, b any) bool {
	switch kind {
	case "SecurityGroups":
		x, y := a.(*ec2.SecurityGroup), b.(*ec2.SecurityGroup)
		return x.VpcId == y.VpcId && x.OwnerId == y.OwnerId && x.GroupName == y.GroupName
	case "NetworkInterfaces":
		return false
	}
	return false
}

// refer keeps users as an object has it: of ENIs it knows nothing, as they are
// many and name nothing but their subnet and groups (see members).
func (c *compiler) refer(old, o *object) {
	if o.kind == "NetworkInterfaces" {
		return
	}
	if old != nil {
		for id := range references(old.config) {
			c.next.users.Delete(use(id, o.kind, o.id))
		}
	}
	if o.config != nil {
		for id := range references(o.config) {
			c.next.users.Insert(use(id, o.kind, o.id))
		}
	}
}

// markNamed marks the objects of a list that an object names, or named.
func (c *compiler) markNamed(kind string, old, o *object) {
	for _, o := range []*object{old, o} {
		if o == nil || o.config == nil {
			continue
		}
		for id := range references(o.config) {
			if c.object(kind, id) != nil {
				c.mark(kind, id)
			}
		}
	}
}

// use is an entry of Region.users: the object of an ID is named by another.
func use(id, kind, user string) string { return id + "\x00" + kind + "\x00" + user }

// markUsers marks all that name an ID.
func (c *compiler) markUsers(id string) {
	c.next.users.Ascend(id+"\x00", func(entry string) bool {
		used, user, _ := strings.Cut(entry, "\x00")
		if used == id {
			kind, name, _ := strings.Cut(user, "\x00")
			c.mark(kind, name)
		}
		return used == id
	})
}

// references are the IDs that an object names: what stands in fields that are
// called so. One too many costs a look at an object, one too few would be a
// mistake, so there is no list of fields.
func references(config any) map[string]bool {
	found := map[string]bool{}
	v := reflect.ValueOf(config).Elem()
	for i := 1; i < v.NumField(); i++ {
		addReferences(v.Type().Field(i).Name, v.Field(i), found)
	}
	return found
}

func addReferences(name string, v reflect.Value, found map[string]bool) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); s != "" && strings.HasSuffix(name, "Id") {
			found[s] = true
		}
	case reflect.Pointer:
		if !v.IsNil() {
			addReferences(name, v.Elem(), found)
		}
	case reflect.Slice:
		for i := range v.Len() {
			addReferences(name, v.Index(i), found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				addReferences(v.Type().Field(i).Name, v.Field(i), found)
			}
		}
	}
}

// mark has an object compiled anew. What was noticed about it is forgotten.
func (c *compiler) mark(kind, id string) {
	c.next.notices.Delete(about(kind, id))
	if c.dirty[kind] == nil {
		c.dirty[kind] = map[string]bool{}
	}
	c.dirty[kind][id] = true
}

// markAll has everything compiled anew: what everything hangs on has changed.
func (c *compiler) markAll() {
	for _, kind := range kinds {
		c.next.objects[kind].Scan(func(id string, _ *object) bool {
			c.mark(kind, id)
			return true
		})
	}
	c.whole = true
}

// changed notes the name of what an edit touched.
func (c *compiler) changed(kind, id string) { c.edited[[2]string{kind, id}] = true }

// diff names what is not as it was.
func (c *compiler) diff() Diff {
	d := Diff{Added: []string{}, Changed: []string{}, Removed: []string{}}
	for key := range c.edited {
		name := strings.TrimSpace(key[0] + " " + key[1])
		was, is := c.prev.has(key[0], key[1]), c.next.has(key[0], key[1])
		switch {
		case !was && is:
			d.Added = append(d.Added, name)
		case was && !is:
			d.Removed = append(d.Removed, name)
		case was && is:
			d.Changed = append(d.Changed, name)
		}
	}
	slices.Sort(d.Added)
	slices.Sort(d.Changed)
	slices.Sort(d.Removed)
	return d
}

// has tells whether something is configured: an object, or a section without
// IDs.
func (r *Region) has(kind, id string) bool {
	if objects := r.objects[kind]; objects != nil {
		_, there := objects.Get(id)
		return there
	}
	if kind == "Placement" {
		return !r.place.given.IsZero() || r.place.enis.Len() > 0 || r.place.allowances.Len() > 0
	}
	_, there := r.rest.sections()[kind]
	return there
}

// Config is the configuration that the region is compiled from, put together anew.
// Its objects are the region's: read, not changed.
func (r *Region) Config() *Config {
	config := *r.rest
	config.Placement = r.placement()
	config.Places = maps.Clone(r.rest.Places)
	if config.Places == nil {
		config.Places = Places{}
	}
	v := reflect.ValueOf(&config).Elem()
	for _, kind := range kinds {
		list, objects := v.FieldByName(kind), r.inOrder(kind)
		for _, id := range objects {
			o, _ := r.objects[kind].Get(id)
			list.Set(reflect.Append(list, reflect.ValueOf(o.config).Elem()))
			config.Places[kind] = append(config.Places[kind], o.place)
		}
	}
	return &config
}

// Diff names what the region's last change changed.
func (r *Region) Diff() Diff { return r.changes }

// Become makes the successor that a whole configuration describes: it does the
// edits in which the two differ.
func (r *Region) Become(config *Config) (*Region, error) {
	r.lineage.mu.Lock()
	defer r.lineage.mu.Unlock()
	return r.step(func(c *compiler) { c.rewrite(config) })
}

// NewRegion compiles a configuration.
func NewRegion(config *Config) (*Region, error) { return EmptyRegion().Become(config) }

// rewrite does the edits that make the region what config says.
func (c *compiler) rewrite(config *Config) {
	rest := config.withoutObjects()
	if was, is := c.next.rest.sections(), rest.sections(); !reflect.DeepEqual(was, is) || !reflect.DeepEqual(c.next.rest.present(), rest.present()) {
		for name := range was {
			c.changedIf(name, was, is)
		}
		for name := range is {
			c.changedIf(name, was, is)
		}
		defer c.markAll()
	}
	c.next.rest = rest
	c.next.files = config.Places.files()
	c.Files = c.next.files
	v := reflect.ValueOf(config).Elem()
	for _, kind := range kinds {
		c.rewriteList(config, kind, v.FieldByName(kind))
	}
	c.placeAll(&config.Placement)
}

func (c *compiler) changedIf(name string, was, is map[string]any) {
	if !reflect.DeepEqual(was[name], is[name]) {
		c.changed(name, "")
	}
}

// rewriteList puts what a list holds and removes what it does not.
func (c *compiler) rewriteList(config *Config, kind string, list reflect.Value) {
	objects := make([]*object, 0, list.Len())
	seen := make(map[string]*object, list.Len())
	for i := range list.Len() {
		e := list.Index(i)
		o := &object{kind: kind, id: idOfEntry(e), place: config.place(kind, i), config: e.Addr().Interface()}
		if c.identify(o, list.Type().Elem().Field(0).Name, seen) {
			objects = append(objects, o)
			seen[o.id] = o
		}
	}
	var gone []string
	c.next.objects[kind].Scan(func(id string, _ *object) bool {
		if seen[id] == nil {
			gone = append(gone, id)
		}
		return true
	})
	for _, id := range gone {
		c.put(&object{kind: kind, id: id})
	}
	c.order(objects)
	for _, o := range objects {
		c.put(o)
	}
}

// idOfEntry is the ID of an object in a list. Addresses that are not the internet's
// have no PublicIp.
func idOfEntry(e reflect.Value) string {
	a, is := e.Addr().Interface().(*ec2.Address)
	switch {
	case !is || a.PublicIp.IsValid():
		return idOf(e)
	case a.CarrierIp.IsValid():
		return a.CarrierIp.String()
	case a.CustomerOwnedIp.IsValid():
		return a.CustomerOwnedIp.String()
	}
	return ""
}

// order gives objects of one kind the order in which they stand. Those that
// were there keep theirs as long as it fits.
func (c *compiler) order(objects []*object) {
	last := uint64(0)
	for i := 0; i < len(objects); i++ {
		old := c.object(objects[i].kind, objects[i].id)
		if old != nil && old.order > last {
			objects[i].order, last = old.order, old.order
			continue
		}
		// A run of those that come, or moved, lies before the next that stays.
		n, next := i, uint64(0)
		for ; n < len(objects); n++ {
			if old := c.object(objects[n].kind, objects[n].id); old != nil && old.order > last {
				next = old.order
				break
			}
		}
		step := uint64(orderGap)
		if next != 0 {
			step = (next - last) / uint64(n-i+1)
		}
		if step == 0 {
			c.renumber(objects)
			return
		}
		for ; i < n; i++ {
			last += step
			objects[i].order = last
		}
		i--
	}
	c.next.lineage.sequence = max(c.next.lineage.sequence, last)
}

// renumber orders objects where there is no room between them any more.
func (c *compiler) renumber(objects []*object) {
	for i, o := range objects {
		o.order = uint64(i+1) * orderGap
	}
	c.next.lineage.sequence = max(c.next.lineage.sequence, uint64(len(objects)+1)*orderGap)
}

// Put makes the edit that puts an object, in YAML or JSON, in the place of the one
// with its ID, or adds it. kind names the object's list, such as "SecurityGroups";
// "Placement" has no ID.
func Put(kind string, data []byte) (Edit, error) {
	var p ec2.Problems
	if kind == "Placement" {
		place := new(Placement)
		decode(kind, data, place, &p)
		return Edit{kind, "", place}, p.Err()
	}
	if !slices.Contains(kinds, kind) {
		return Edit{}, unknownKind(kind)
	}
	list, _ := reflect.TypeFor[Config]().FieldByName(kind)
	v := reflect.New(list.Type.Elem())
	decode(kind, data, v.Interface(), &p)
	if p.Err() == nil && idOf(v.Elem()) == "" {
		p.Add(kind, "%s is missing", v.Elem().Type().Field(0).Name)
	}
	return Edit{kind, idOf(v.Elem()), v.Interface()}, p.Err()
}
