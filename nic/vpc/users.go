package vpc

import (
	"reflect"
	"strings"
	"sync"

	"nitrocard/nic/vpc/ec2"
)

// use is the entry of Region.users for a user, an object of a kind, that names an ID.
func use(id, kind, user string) string { return id + "\x00" + kind + "\x00" + user }

// markUsers marks all objects that name an ID.
func (c *compiler) markUsers(id string) {
	if c.whole {
		return
	}
	c.next.users.Ascend(id, func(entry string) bool { // the entries of id come before those of longer IDs
		used, user, _ := strings.Cut(entry, "\x00")
		if used == id {
			kind, name, _ := strings.Cut(user, "\x00")
			c.mark(kind, name)
		}
		return used == id
	})
}

// used tells whether an object names an ID.
func (r *Region) used(id string) (is bool) {
	r.users.Ascend(id, func(entry string) bool {
		used, _, _ := strings.Cut(entry, "\x00")
		is = used == id
		return false
	})
	return is
}

// refer changes Region.users after an object became another. Region.users has no ENIs,
// which are many and name only their subnet and groups (see Region.members).
func (c *compiler) refer(old, o *object) {
	if old != nil {
		if old.kind == "NetworkInterfaces" {
			return
		}
		for id := range references(old.config) {
			c.next.users.Delete(use(id, old.kind, old.id()))
		}
	}
	if o != nil && o.kind != "NetworkInterfaces" {
		for id := range references(o.config) {
			c.next.users.Insert(use(id, o.kind, o.id()))
		}
	}
}

// NamedBy are the IDs of the objects of a list that name an ID.
func (r *Region) NamedBy(kind, id string) (all []string) {
	before := use(id, kind, "")
	r.users.Ascend(before, func(entry string) bool {
		user, is := strings.CutPrefix(entry, before)
		if is {
			all = append(all, user)
		}
		return is
	})
	return all
}

// namedBy are the objects of a list that name an ID.
func (c *compiler) namedBy(kind, id string) (all []*object) {
	for _, user := range c.next.NamedBy(kind, id) {
		all = append(all, c.object(kind, user))
	}
	return all
}

// markNamed marks the objects of a list that an object names, or named.
func (c *compiler) markNamed(kind string, objects ...*object) {
	for _, o := range objects {
		if o == nil {
			continue
		}
		for id := range references(o.config) {
			if c.object(kind, id) != nil {
				c.mark(kind, id)
			}
		}
	}
}

// markKeyUsers marks the instances that name a key pair, by its name before a change or after the change,
// if the name came to lead to a key, or to lead to none.
func (c *compiler) markKeyUsers(pairs ...*object) {
	for _, o := range pairs {
		if o == nil {
			continue
		}
		if name := o.config.(*ec2.KeyPair).KeyName; c.prev.keyMissing(name) != c.next.keyMissing(name) {
			c.markUsers(keyNamed(name))
		}
	}
}

// namesKey tells whether an instance or a key pair has the name of a key.
func (r *Region) namesKey() (is bool) {
	r.users.Ascend(keyNamed(""), func(entry string) bool {
		is = strings.HasPrefix(entry, keyNamed(""))
		return false
	})
	return is
}

// keyNamed stands in Region.users for the name of a key pair, by which instances and key pairs name the
// same key. No ID has a space.
func keyNamed(name string) string { return "KeyName " + strings.ReplaceAll(name, "\x00", "") }

// markKeyed marks all instances that name a key pair.
func (c *compiler) markKeyed() {
	c.next.users.Ascend(keyNamed(""), func(entry string) bool {
		used, user, _ := strings.Cut(entry, "\x00")
		if kind, id, _ := strings.Cut(user, "\x00"); kind == "Instances" {
			c.mark(kind, id)
		}
		return strings.HasPrefix(used, keyNamed(""))
	})
}

// ownedBy stands in Region.users for the account of a VPC's OwnerId.
func ownedBy(account string) string { return "OwnerId " + strings.ReplaceAll(account, "\x00", "") }

// severalAccounts tells whether the VPCs that tell their accounts are those of more than one.
func (r *Region) severalAccounts() bool {
	first := r.accountFrom(ownedBy(""))
	return first != "" && r.accountFrom(first+"\x01") != ""
}

// accountFrom is the first account of a VPC, as ownedBy has it, at or behind a place in Region.users.
func (r *Region) accountFrom(at string) (account string) {
	r.users.Ascend(at, func(entry string) bool {
		if used, _, _ := strings.Cut(entry, "\x00"); strings.HasPrefix(used, ownedBy("")) {
			account = used
		}
		return false
	})
	return account
}

// references are the IDs that an object names: the values of all fields whose names end in
// Id. A list of fields might lack one, and a change would then miss an object; an ID too
// many only costs a look at an object.
func references(config any) map[string]bool {
	switch o := config.(type) {
	case *ec2.Instance: // of which a region may have a million; nobody asks who names their IDs
		if o.KeyName == "" {
			return nil
		}
		return map[string]bool{keyNamed(o.KeyName): true}
	case *ec2.KeyPair:
		return map[string]bool{keyNamed(o.KeyName): true}
	}
	found := map[string]bool{}
	if o, is := config.(*ec2.Vpc); is && o.OwnerId != "" {
		found[ownedBy(o.OwnerId)] = true
	}
	v := reflect.ValueOf(config).Elem()
	for _, m := range idFieldsOf(v.Type()) {
		if m.index > 0 {
			addReferences(m.name, v.Field(m.index), found)
		}
	}
	return found
}

// addReferences adds the IDs in a value, at any depth. name is the field's.
func addReferences(name string, v reflect.Value, found map[string]bool) {
	switch v.Kind() {
	case reflect.String:
		// NUL divides the entries of Region.users, and is in no ID.
		if s := v.String(); s != "" && strings.HasSuffix(name, "Id") && !strings.Contains(s, "\x00") {
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
		for _, m := range idFieldsOf(v.Type()) {
			addReferences(m.name, v.Field(m.index), found)
		}
	}
}

// idField is an exported field of a struct that may hold IDs.
type idField struct {
	index int
	name  string
}

// idFields keeps idFieldsOf of each type, because a region may have a million routes, and a
// field's name costs more than its value.
var idFields sync.Map

// idFieldsOf are the fields of a struct's type.
func idFieldsOf(t reflect.Type) []idField {
	if known, is := idFields.Load(t); is {
		return known.([]idField)
	}
	var all []idField
	for i := range t.NumField() {
		f := t.Field(i)
		switch f.Type.Kind() {
		case reflect.String, reflect.Pointer, reflect.Slice, reflect.Struct:
			if f.IsExported() {
				all = append(all, idField{i, f.Name})
			}
		}
	}
	idFields.Store(t, all)
	return all
}
