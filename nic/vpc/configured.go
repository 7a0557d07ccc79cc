package vpc

import (
	"iter"
	"maps"
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// EachSecurityGroup yields the region's groups after an ID, all for "", as they are
// configured, by ID. The groups belong to the region: read them, and change none.
func (r *Region) EachSecurityGroup(after string) iter.Seq[*ec2.SecurityGroup] {
	return listed[ec2.SecurityGroup](r, "SecurityGroups", after)
}

// EachNetworkACL is EachSecurityGroup for network ACLs.
func (r *Region) EachNetworkACL(after string) iter.Seq[*ec2.NetworkAcl] {
	return listed[ec2.NetworkAcl](r, "NetworkAcls", after)
}

// listed yields the objects of a list after an ID, all for "", by ID.
func listed[T any](r *Region, kind, after string) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		r.objects[kind].Ascend(after, func(id string, o *object) bool {
			return id == after || yield(o.shape().(*T))
		})
	}
}

// SecurityGroup is the group of an ID as it is configured, nil if there is none. The group
// belongs to the region: read it, and change nothing.
func (r *Region) SecurityGroup(id string) *ec2.SecurityGroup {
	return found[ec2.SecurityGroup](r, "SecurityGroups", id)
}

// NetworkACL is SecurityGroup for network ACLs.
func (r *Region) NetworkACL(id string) *ec2.NetworkAcl {
	return found[ec2.NetworkAcl](r, "NetworkAcls", id)
}

// found is the object of a list with an ID, nil if there is none.
func found[T any](r *Region, kind, id string) *T {
	o, there := r.objects[kind].Get(id)
	if !there {
		return nil
	}
	return o.shape().(*T)
}

// Lists yields the lists of Config by name, each with its objects. The objects belong to
// the region: read them, and change none. Placement is no list.
func (r *Region) Lists() iter.Seq2[string, iter.Seq[any]] {
	return func(yield func(string, iter.Seq[any]) bool) {
		for _, kind := range kinds {
			if (r.objects[kind].Len() > 0 || r.rest.gives(kind)) && !yield(kind, r.shapes(kind)) {
				return
			}
		}
		sections := r.rest.sections()
		for _, name := range slices.Sorted(maps.Keys(sections)) {
			if !yield(name, elements(sections[name])) {
				return
			}
		}
	}
}

// shapes are the objects of a list in EC2's shape, in the order of the configuration.
func (r *Region) shapes(kind string) iter.Seq[any] {
	return func(yield func(any) bool) {
		for _, o := range r.inOrder(kind) {
			if !yield(o.shape()) {
				return
			}
		}
	}
}

// elements are those of a slice.
func elements(list any) iter.Seq[any] {
	return func(yield func(any) bool) {
		v := reflect.ValueOf(list)
		for i := range v.Len() {
			if !yield(v.Index(i).Interface()) {
				return
			}
		}
	}
}
