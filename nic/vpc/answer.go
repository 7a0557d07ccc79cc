package vpc

import (
	"reflect"
	"regexp"
	"slices"

	"nitrocard/nic/vpc/ec2"
)

// end judges what the document is, and merges it into the configuration.
func (d *document) end() {
	if !d.known && !d.wraps {
		d.loader.foreign = append(d.loader.foreign, foreign{d.source, d.foreign})
		return
	}
	d.loader.known = true
	d.problems.File = d.String()
	real, plausible := d.ids()
	answer := d.answer(real, plausible)
	sure := d.reading == Lenient || d.deep > 0 || d.envelope || !d.yaml && real
	for _, m := range d.unknown.Members {
		switch {
		case !answer || m.Typo && !sure:
			d.problems.Add(m.Path, "%s", m.Reason())
		case !m.Again:
			d.notice(MemberPassedOver, ec2.In(d.String(), m.Path), m.Name)
		}
	}
	d.names(answer, sure)
	if d.isAnswer = answer; answer {
		d.loader.config.Answer = true
		d.asAnswer()
	}
	d.loader.merge(d)
}

// names judges the names of members that EC2 does not have.
func (d *document) names(answer, sure bool) {
	for _, name := range distinct(d.foreign) {
		near := ec2.Nearest(name, sectionNames)
		switch {
		case !answer || !sure && near != "" && ec2.Close(name, near):
			d.problems.Add("", "%s", ec2.NoField(name, near))
		default:
			d.notice(MemberPassedOver, d.String(), name)
		}
	}
	if !answer {
		for _, name := range d.wrapping {
			d.problems.Add("", "%s", ec2.NoField(name, ec2.Nearest(name, sectionNames)))
		}
	}
}

// asAnswer marks all objects as read from an answer. In an answer a null list is an empty
// list.
func (d *document) asAnswer() {
	for _, places := range d.config.Places {
		for i := range places {
			places[i].Answer = true
		}
	}
	for _, name := range d.null {
		if field := d.config.list(name); field.IsNil() {
			field.Set(reflect.MakeSlice(field.Type(), 0, 0))
		}
	}
}

// answer tells an answer of the API from what people write. People write Placement,
// several lists in one document, names as IDs, and only what the card reads.
func (d *document) answer(real, plausible bool) bool {
	switch {
	case d.reading != Told:
		return d.reading == Lenient
	case d.byHand:
		return false
	case d.envelope || !d.known && d.wraps: // the answers inside were judged by themselves
		return true
	case d.yaml:
		return real && d.unknown.Extra
	}
	return real || d.unknown.Extra || plausible && len(d.lists) < 2 && len(d.wrapping) == 0
}

var (
	realID      = regexp.MustCompile(`^[a-z]+-([0-9a-f]{8}|[0-9a-f]{17})$`)
	plausibleID = regexp.MustCompile(`^[a-z]+-[0-9a-f]+$`)
)

// ids tells whether the IDs of all objects have the form that EC2 gives them, and whether
// they have that form but for their length.
func (d *document) ids() (real, plausible bool) {
	const enough = 100
	n, reals, plausibles := 0, 0, 0
	for list := range d.config.Places {
		if !slices.Contains(kinds, list) || list == "Addresses" {
			continue
		}
		objects := d.config.list(list)
		for i := range min(objects.Len(), enough) {
			id := idOf(objects.Index(i))
			n++
			if realID.MatchString(id) {
				reals++
			}
			if plausibleID.MatchString(id) {
				plausibles++
			}
		}
	}
	return n > 0 && reals == n, plausibles == n
}
