package vpc

import (
	"reflect"
	"strconv"

	"nitrocard/nic/vpc/ec2"
)

// describe-instances tells the ENIs of instances, too. The configuration takes those ENIs
// only if no answer has NetworkInterfaces; then the ENIs of EC2's services are missing.

// instanceENIs are the ENIs of one document's instances.
type instanceENIs struct {
	enis     []ec2.NetworkInterface
	places   []Place
	problems ec2.Problems // which count only if the ENIs are taken
}

// reservations reads the list Reservations, or the list Instances.
func (d *document) reservations(name string, r *ec2.Reader) error {
	d.known, d.lists = true, append(d.lists, name)
	if r.Kind() != '[' || d.config.NetworkInterfaces != nil || d.loader.config.NetworkInterfaces != nil {
		return r.Skip()
	}
	i := -1
	return r.Elements(func() error {
		i++
		return d.instances(name, Place{Index: i}, r)
	})
}

// instances reads one reservation, or one instance.
func (d *document) instances(list string, p Place, r *ec2.Reader) error {
	d.taken.problems.File = d.String()
	var members ec2.Unknown
	r.Collect(&members, &d.taken.problems)
	defer func() {
		d.unknown.Extra = d.unknown.Extra || members.Extra
		r.Collect(d.unknown, &d.loader.problems)
	}()
	name, p := p.nameOf(list), Place{List: p.List, Index: p.Index} // without the file
	if list == "Instances" {
		var one []ec2.Instance
		err := r.Add(name, p.Index, &one)
		d.instance(p.path(list, idOfFirst(one)), one)
		return err
	}
	var one []ec2.Reservation
	err := r.Add(name, p.Index, &one)
	for _, reservation := range one {
		for j := range reservation.Instances {
			instance := reservation.Instances[j : j+1]
			d.instance(ec2.In(p.path(list, ""), ec2.At("Instances", j, idOfFirst(instance))), instance)
		}
	}
	return err
}

// idOfFirst is the ID of a list's first instance; "": the list is empty.
func idOfFirst(instances []ec2.Instance) string {
	if len(instances) == 0 {
		return ""
	}
	return instances[0].InstanceId
}

// instance takes the ENIs of the instance at path.
func (d *document) instance(path string, one []ec2.Instance) {
	for _, instance := range one {
		for i, eni := range instance.NetworkInterfaces {
			if eni.Attachment == nil {
				eni.Attachment = &ec2.NetworkInterfaceAttachment{}
			}
			eni.Attachment.InstanceId = instance.InstanceId
			d.taken.enis = append(d.taken.enis, eni)
			d.taken.places = append(d.taken.places, Place{File: d.String(), List: path + ": NetworkInterfaces", Index: i, Answer: true})
		}
	}
}

// takeInstances makes NetworkInterfaces of the ENIs that instances tell, unless a document
// has NetworkInterfaces.
func (l *loader) takeInstances() {
	if l.config.NetworkInterfaces != nil {
		return
	}
	for i := range l.taken {
		t := &l.taken[i]
		l.problems.Join(&t.problems)
		l.parts++
		l.problems.File = ""
		l.mergeList("NetworkInterfaces", reflect.ValueOf(&t.enis).Elem(), t.places)
	}
	if n := len(l.config.NetworkInterfaces); n > 0 {
		l.notice(InstanceENIs, "NetworkInterfaces", strconv.Itoa(n))
	}
}
