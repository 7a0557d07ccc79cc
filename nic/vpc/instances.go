package vpc

import (
	"bytes"
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
	if r.Kind() != '[' {
		return r.Skip()
	}
	if name == "Instances" && d.config.Instances == nil {
		d.config.Instances = []ec2.Instance{}
	}
	i := -1
	return r.Elements(func() error {
		i++
		return d.instances(name, Place{Index: i}, r)
	})
}

// instances reads one reservation, or one instance.
func (d *document) instances(list string, p Place, r *ec2.Reader) error {
	raw, err := r.Raw()
	if err != nil {
		return err
	}
	name, p := p.nameOf(list), Place{List: p.List, Index: p.Index} // without the file
	if list == "Instances" {
		var one []ec2.Instance
		err := r.Of(raw).Add(name, p.Index, &one)
		for _, instance := range one {
			d.instance(name, p.Index, instance)
			d.instanceENIs(p.path(list, instance.InstanceId), instance.InstanceId, r, raw)
		}
		return err
	}
	var one []ec2.Reservation
	if err := r.Of(raw).Add(name, p.Index, &one); err != nil || len(one) == 0 {
		return err
	}
	within, i := ec2.In(p.path(list, ""), "Instances"), -1
	for _, raw := range elementsOf(r, ec2.Member(raw, "Instances")) {
		i++
		instance := one[0].Instances[i]
		instance.ReservationId = one[0].ReservationId
		d.instance(within, i, instance)
		d.instanceENIs(ec2.At(within, i, instance.InstanceId), instance.InstanceId, r, raw)
	}
	return nil
}

// elementsOf are the elements of a list that Member answered.
func elementsOf(r *ec2.Reader, list []byte) (all [][]byte) {
	if list = bytes.TrimSpace(list); !bytes.HasPrefix(list, []byte("[")) {
		return nil
	}
	in := r.Of(list)
	in.Elements(func() error {
		raw, err := in.Raw()
		all = append(all, raw)
		return err
	})
	return all
}

// instance takes an instance, which is the i-th of a list, unless it is one of the past.
func (d *document) instance(list string, i int, one ec2.Instance) {
	if one.Gone() {
		return
	}
	d.config.Instances = append(d.config.Instances, one)
	if list == "Instances" {
		list = ""
	}
	d.place("Instances", Place{File: d.String(), List: list, Index: i})
}

// instanceENIs takes the ENIs of the instance at path. Nobody needs to know which names they have
// beside EC2's.
func (d *document) instanceENIs(path, id string, r *ec2.Reader, instance []byte) {
	raw := ec2.Member(instance, "NetworkInterfaces")
	if raw == nil || d.config.NetworkInterfaces != nil || d.loader.config.NetworkInterfaces != nil {
		return
	}
	d.taken.problems.File = d.String()
	in := r.Of(raw)
	in.Collect(&ec2.Unknown{}, &d.taken.problems)
	list := path + ": NetworkInterfaces"
	var enis []ec2.NetworkInterface
	in.Decode(list, &enis)
	for i, eni := range enis {
		if eni.Attachment == nil {
			eni.Attachment = &ec2.NetworkInterfaceAttachment{}
		}
		eni.Attachment.InstanceId = id
		d.taken.enis = append(d.taken.enis, eni)
		d.taken.places = append(d.taken.places, Place{File: d.String(), List: list, Index: i, Answer: true})
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
