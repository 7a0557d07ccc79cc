package vpc

import (
	"cmp"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// holder is where an object is that was read before: its index in the list, and the number
// of the document.
type holder struct{ index, part int }

// merge adds the objects of a document to the configuration.
func (l *loader) merge(d *document) {
	l.fillEntries(d)
	for _, list := range sectionNames {
		if field := d.config.list(list); field.Kind() == reflect.Slice && !field.IsNil() {
			l.mergeList(list, field, d.config.Places[list])
		}
	}
	for list, objects := range d.config.Unenforced {
		l.mergeUnenforced(list, objects, d.config.Places[list])
	}
	if d.byHand {
		if l.placed {
			l.problems.Add("Placement", "stands in more than one file")
		}
		l.config.Placement, l.placed = d.config.Placement, true
	}
	if len(d.taken.enis) > 0 {
		l.taken = append(l.taken, d.taken)
	}
	for _, list := range d.lists {
		l.pages = append(l.pages, listPage{d.source, list, d.token != ""})
	}
}

// mergeList adds the objects of a document's list. The first list of a name is taken as it
// is if people wrote it: only answers may hold an object twice.
func (l *loader) mergeList(list string, from reflect.Value, places []Place) {
	to := l.config.list(list)
	isAnswer := func(p Place) bool { return p.Answer }
	if to.Len() == 0 && l.at[list] == nil && !slices.ContainsFunc(places, isAnswer) {
		to.Set(from)
		l.config.Places[list] = places
		return
	}
	at := l.holders(list)
	if to.Len() == 0 {
		to.Set(from.Slice(0, 0)) // in from's memory, and not nil if from is empty
	}
	for i := range from.Len() {
		object := from.Index(i)
		place, key := places[i], keyOf(object)
		first, twice := at[key]
		if twice && place.Answer && l.config.place(list, first.index).Answer {
			l.again(list, first, object, place)
			continue
		}
		at[key] = holder{to.Len(), l.parts}
		to.Set(reflect.Append(to, object))
		l.config.Places[list] = append(l.config.Places[list], place)
	}
}

// holders are the objects of a list that were read before, by ID.
func (l *loader) holders(list string) map[string]holder {
	at := l.at[list]
	if at == nil {
		objects := l.config.list(list)
		at = make(map[string]holder, objects.Len())
		for i := range objects.Len() {
			at[keyOf(objects.Index(i))] = holder{index: i}
		}
		l.at[list] = at
	}
	return at
}

// again takes an object that an answer has already told. If the two differ, they were true
// at different times, and the one that is read later counts. Within one answer a difference
// is a mistake.
func (l *loader) again(list string, first holder, object reflect.Value, place Place) {
	old := l.config.list(list).Index(first.index)
	completed(old, object)
	if reflect.DeepEqual(old.Interface(), object.Interface()) {
		return
	}
	id := idOf(object)
	was := l.config.path(list, first.index, id)
	if first.part == l.parts {
		l.problems.File, place.File = place.File, ""
		l.problems.Add(place.path(list, id), "stands twice in one answer, and differs: the first is %s", was)
		return
	}
	l.notice(Superseded, place.path(list, id), was)
	old.Set(object)
	l.config.Places[list][first.index] = place
	l.at[list][keyOf(object)] = holder{first.index, l.parts}
}

// completed gives two objects what only one of them has: describe-managed-prefix-lists tells no entries,
// and get-managed-prefix-list-entries tells nothing else; describe-vpc-attribute tells one attribute.
func completed(a, b reflect.Value) {
	if x, is := a.Addr().Interface().(*ec2.VpcAttribute); is {
		y := b.Addr().Interface().(*ec2.VpcAttribute)
		x.EnableDnsSupport, y.EnableDnsSupport = cmp.Or(x.EnableDnsSupport, y.EnableDnsSupport), cmp.Or(y.EnableDnsSupport, x.EnableDnsSupport)
		x.EnableDnsHostnames, y.EnableDnsHostnames = cmp.Or(x.EnableDnsHostnames, y.EnableDnsHostnames), cmp.Or(y.EnableDnsHostnames, x.EnableDnsHostnames)
	}
	x, is := a.Addr().Interface().(*ec2.ManagedPrefixList)
	if !is {
		return
	}
	y := b.Addr().Interface().(*ec2.ManagedPrefixList)
	if y.Entries == nil {
		y.Entries = x.Entries
	}
	if x.Entries == nil || len(y.Entries) > 0 && y.PrefixListName == "" {
		x.Entries = y.Entries
	}
	switch { // of one of the two only the entries are known
	case x.PrefixListName == "" && x.AddressFamily == "":
		*x = *y
	case y.PrefixListName == "" && y.AddressFamily == "":
		*y = *x
	}
}

// keyOf is the ID of an object, or for a list without IDs the members that tell its objects
// apart.
func keyOf(object reflect.Value) string {
	switch o := object.Addr().Interface().(type) {
	case *ec2.SecurityGroupVpcAssociation:
		return o.GroupId + " " + o.VpcId
	case *ec2.VpcBlockPublicAccessOptions:
		return o.AwsAccountId + " " + o.AwsRegion
	}
	return idOf(object)
}

// mergeUnenforced adds the objects of a list that the card does not act on. Of two answers
// about one object, the one that is read later counts.
func (l *loader) mergeUnenforced(list string, objects []any, places []Place) {
	at := l.at[list]
	if at == nil {
		at = make(map[string]holder, len(objects))
		l.at[list] = at
	}
	for i, object := range objects {
		id := idIn(list, object)
		if first, twice := at[id]; twice && id != "" && places[i].Answer {
			if old := l.config.Unenforced[list]; !reflect.DeepEqual(old[first.index], object) {
				l.notice(Superseded, places[i].path(list, id), l.config.path(list, first.index, id))
				old[first.index], l.config.Places[list][first.index] = object, places[i]
			}
			continue
		}
		at[id] = holder{len(l.config.Unenforced[list]), l.parts}
		l.config.Unenforced[list] = append(l.config.Unenforced[list], object)
		l.config.Places[list] = append(l.config.Places[list], places[i])
	}
	if _, there := l.config.Unenforced[list]; !there {
		l.config.Unenforced[list] = objects
	}
}

var listID = regexp.MustCompile(`pl-[0-9a-f]+`)

// fillEntries makes the answer of get-managed-prefix-list-entries a prefix list with
// entries. The answer does not name the list. The name comes from our PrefixListId beside
// the entries, or from the name of the file or of a folder around the file.
func (l *loader) fillEntries(d *document) {
	if d.entries == nil {
		return
	}
	for dir := d.source.file; d.owner == "" && dir != "." && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		d.owner = listID.FindString(filepath.Base(dir))
	}
	if d.owner == "" && d.isAnswer {
		l.notice(EntriesOfNone, d.source.String(), "")
		return
	}
	if d.owner == "" {
		l.problems.Add("Entries", "entries of a prefix list belong to their list: ManagedPrefixLists: [{PrefixListId: pl-…, Entries: […]}]")
		return
	}
	lists := l.holders("ManagedPrefixLists")
	at, there := lists[d.owner]
	if !there {
		at = holder{len(l.config.ManagedPrefixLists), l.parts}
		lists[d.owner] = at
		l.config.ManagedPrefixLists = append(l.config.ManagedPrefixLists, ec2.ManagedPrefixList{PrefixListId: d.owner})
		l.config.Places["ManagedPrefixLists"] = append(l.config.Places["ManagedPrefixLists"], Place{File: d.source.String(), Answer: true})
	}
	list := &l.config.ManagedPrefixLists[at.index]
	for _, e := range d.entries {
		if !slices.Contains(list.Entries, e) {
			list.Entries = append(list.Entries, e)
		}
	}
	if list.Entries == nil {
		list.Entries = []ec2.PrefixListEntry{}
	}
}
