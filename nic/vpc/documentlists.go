package vpc

import (
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// list reads a list of objects that the card knows.
func (d *document) list(name string, r *ec2.Reader) error {
	d.known, d.lists = true, append(d.lists, name)
	if r.Kind() == 'n' {
		d.null = append(d.null, name)
	}
	field := d.config.list(name)
	err := r.Decode(name, field.Addr().Interface())
	if n := field.Len(); err != nil && n > len(d.config.Places[name]) { // the JSON broke off in the last object
		field.SetLen(n - 1)
	}
	places := slices.Grow(d.config.Places[name], field.Len())
	file := d.String()
	for i := len(places); i < field.Len(); i++ {
		places = append(places, Place{File: file, Index: i})
	}
	if len(places) > 0 {
		d.config.Places[name] = places
	}
	return err
}

// place notes where the next object of a list was read.
func (d *document) place(list string, p Place) {
	d.config.Places[list] = append(d.config.Places[list], p)
}

// bare reads one of EC2's objects that stands outside its list.
func (d *document) bare(list string, p Place, r *ec2.Reader) error {
	p.File = d.String()
	d.known = true
	if !slices.Contains(d.lists, list) {
		d.lists = append(d.lists, list)
	}
	if list == "Reservations" || list == "Instances" {
		return d.instances(list, p, r)
	}
	if _, ours := section(list); ours {
		d.place(list, p)
		return r.Add(p.nameOf(list), p.Index, d.config.list(list).Addr().Interface())
	}
	tree, err := r.Tree()
	if slices.Contains(unenforced, list) && err == nil {
		d.config.Unenforced[list] = append(d.config.Unenforced[list], tree)
		d.place(list, p)
	}
	return err
}

// unread keeps a list of objects that the card does not act on.
func (d *document) unread(name string, r *ec2.Reader) error {
	d.known, d.lists = true, append(d.lists, name)
	kind := r.Kind()
	tree, err := r.Tree()
	if err != nil {
		return err
	}
	objects, is := tree.([]any)
	if !is && kind != 'n' {
		d.problems.Add(name, "a list is expected")
	}
	d.config.Unenforced[name] = objects
	for i := range objects {
		d.place(name, Place{File: d.String(), Index: i})
	}
	return nil
}

// prefixLists reads the objects of describe-managed-prefix-lists and of
// describe-prefix-lists, which come under one name, and tells them apart by their members.
func (d *document) prefixLists(r *ec2.Reader) error {
	d.known, d.lists = true, append(d.lists, "PrefixLists")
	i := -1
	return r.Elements(func() error {
		i++
		raw, err := r.Raw()
		if err != nil {
			return err
		}
		list, field := "PrefixLists", any(&d.config.PrefixLists)
		if ec2.Managed(ec2.Names(raw)) {
			list, field = "ManagedPrefixLists", any(&d.config.ManagedPrefixLists)
		}
		d.place(list, Place{File: d.String(), List: "PrefixLists", Index: i})
		return r.Of(raw).Add("PrefixLists", i, field)
	})
}
