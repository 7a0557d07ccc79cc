package vpc

import (
	"maps"
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// object is one object as it was configured. An object never changes once a region has
// it, so that successive regions share it.
type object struct {
	*origin
	order  uint64 // sorts the objects of a kind as the configuration does
	config any    // an ENI's *identity; of other kinds a pointer to the shape
	index  int32  // in the list of origin; -1: it came in no list
	card   uint16 // an ENI's card: index in Region.VTEPs; 0: Placement names none
}

// origin is where objects were read. The objects of one list in one file share an origin.
type origin struct {
	kind   string
	file   string // "": no file
	list   string // the list's name there; "": the kind
	answer bool   // the list came in an answer of EC2's API
}

// newObject makes an object of a kind that came in no list.
func newObject(kind string) *object { return &object{origin: &origin{kind: kind}, index: -1} }

// id is the ID by which other objects name the object.
func (o *object) id() string {
	if e, is := o.config.(*identity); is {
		return e.ID
	}
	return idOfEntry(o.config)
}

// place is where the object was read.
func (o *object) place() Place {
	return Place{File: o.file, Index: int(o.index), List: o.list, Answer: o.answer}
}

// path is the object's place in an error.
func (o *object) path() string {
	if o.index < 0 {
		return o.kind + " " + ec2.Shorten(o.id())
	}
	return o.place().path(o.kind, o.id())
}

// says tells whether two objects have the same configuration.
func (o *object) says(other *object) bool {
	if e, is := o.config.(*identity); is {
		return e.says(other.config.(*identity))
	}
	return reflect.DeepEqual(o.config, other.config)
}

// shape is the object in EC2's shape, a pointer to it.
func (o *object) shape() any {
	if e, is := o.config.(*identity); is {
		return e.config()
	}
	return o.config
}

// idOfEntry is the ID of an object, of which config points to the shape. An address of a
// carrier gateway or of an Outpost's customer has no PublicIp, and its own address is the
// ID.
func idOfEntry(config any) string {
	a, is := config.(*ec2.Address)
	switch {
	case !is || a.PublicIp.IsValid():
		return idOf(reflect.ValueOf(config).Elem())
	case a.CarrierIp.IsValid():
		return a.CarrierIp.String()
	case a.CustomerOwnedIp.IsValid():
		return a.CustomerOwnedIp.String()
	}
	return ""
}

// has tells whether an object, or a section without IDs, is configured.
func (r *Region) has(kind, id string) bool {
	if objects := r.objects[kind]; objects != nil {
		_, there := objects.Get(id)
		return there
	}
	if kind == "Placement" {
		return r.placed()
	}
	_, there := r.rest.sections()[kind]
	return there
}

// pathOf is an object's place in an error.
func (r *Region) pathOf(kind, id string) string {
	if o, there := r.objects[kind].Get(id); there {
		return o.path()
	}
	return kind + " " + id
}

// inOrder are the objects of a list, in the order of the configuration.
func (r *Region) inOrder(kind string) []*object {
	all := r.objects[kind].Values()
	slices.SortFunc(all, byOrder)
	return all
}

// byOrder compares objects by their place in the configuration.
func byOrder(a, b *object) int {
	switch {
	case a.order < b.order:
		return -1
	case a.order > b.order:
		return 1
	}
	return 0
}

// Config is the configuration that the region is compiled from. Its objects belong to the
// region: read them, and change none.
func (r *Region) Config() *Config {
	config := *r.rest
	config.Placement = r.Placement()
	config.Places = maps.Clone(r.rest.Places)
	if config.Places == nil {
		config.Places = Places{}
	}
	v := reflect.ValueOf(&config).Elem()
	for _, kind := range kinds {
		list, objects := v.FieldByName(kind), r.inOrder(kind)
		if len(objects) == 0 {
			continue
		}
		all := reflect.MakeSlice(list.Type(), 0, len(objects))
		for _, o := range objects {
			all = reflect.Append(all, reflect.ValueOf(o.shape()).Elem())
			config.Places[kind] = append(config.Places[kind], o.place())
		}
		list.Set(all)
	}
	return &config
}
