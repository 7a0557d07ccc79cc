package controller

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// draft is changes on their way into the store.
type draft struct {
	region   *vpc.Region
	revision uint64
	hadVNI   uint32 // the highest number that was given out before
	lastVNI  uint32
	edits    map[key]vpc.Edit
	order    []key
	done     map[*proposal]nic.Change
}

// draft begins changes of the region. The lock is held.
func (c *Controller) draft() *draft {
	return &draft{region: c.region, revision: c.revision, hadVNI: c.lastVNI, lastVNI: c.lastVNI, edits: map[key]vpc.Edit{}, done: map[*proposal]nic.Change{}}
}

// errFull is the error of a proposal that is for another commit.
var errFull = errors.New("the commit has as many records as it can")

// take adds what a proposal changes. The error of a proposal leaves the draft as it was.
func (d *draft) take(p *proposal, most int) error {
	next, err := p.step(d.region)
	if err != nil {
		return err
	}
	if placementOf(next).Part {
		return errors.New("Placement: Part: a controller has whole regions; leave it out")
	}
	diff, notices := next.Diff(), next.Notices()
	edits := next.Edits()
	if err := staySubnets(d.region, edits); err != nil {
		return err
	}
	if next, edits, err = d.number(next, edits); err != nil {
		return err
	}
	if n := len(d.edits) + len(edits) + 1; n > most {
		if len(d.edits) > 0 {
			return errFull
		}
		return fmt.Errorf("the change has %d objects, and the store takes %d at once (etcd's --max-txn-ops)", len(edits), most-1)
	}
	d.region = next
	for _, e := range edits {
		k := key{e.Kind, e.ID}
		if _, again := d.edits[k]; !again {
			d.order = append(d.order, k)
		}
		d.edits[k] = e
	}
	d.done[p] = nic.Change{Diff: diff, Notices: append([]vpc.Notice{}, notices...)}
	return nil
}

// staySubnets is an error if edits of a region move a subnet into another VPC, which nobody can do
// in EC2: its ENIs would change their VPC, and none of them is edited.
func staySubnets(r *vpc.Region, edits []vpc.Edit) error {
	for _, e := range edits {
		was, had := r.Edit(e.Kind, e.ID).Object.(*ec2.Subnet)
		if is, has := e.Object.(*ec2.Subnet); had && has && was.VpcId != is.VpcId {
			return fmt.Errorf("Subnets %s: VpcId %s: the subnet is in %s for good; create another one there", e.ID, is.VpcId, was.VpcId)
		}
	}
	return nil
}

// number gives each VPC without a VNI the one that it had, or one that no VPC ever had, so
// that each card calls the VPC the same, whichever VPCs it knows.
func (d *draft) number(next *vpc.Region, edits []vpc.Edit) (*vpc.Region, []vpc.Edit, error) {
	if !slices.ContainsFunc(edits, func(e vpc.Edit) bool { return e.Kind == "Vpcs" || e.Kind == vpc.KindRegionPlacement }) {
		return next, edits, nil
	}
	had := placementOf(d.region).Vnis
	place := placementOf(next)
	vnis, last := maps.Clone(place.Vnis), d.lastVNI
	if vnis == nil {
		vnis = map[string]uint32{}
	}
	used := map[uint32]bool{}
	for _, vni := range vnis {
		used[vni] = true
	}
	for _, x := range place.Exits {
		used[x.Vni] = true
	}
	for id := range next.VNIs() {
		if vnis[id] == 0 {
			vnis[id] = had[id]
		}
		if vnis[id] == 0 {
			for last++; used[last]; last++ {
			}
			vnis[id] = last
		}
	}
	if len(vnis) == len(place.Vnis) {
		return next, edits, nil
	}
	place.Vnis = vnis
	numbered, err := next.Change(vpc.Edit{Kind: vpc.KindRegionPlacement, Object: &place})
	if err != nil {
		return nil, nil, err
	}
	d.lastVNI = last
	return numbered, append(edits, numbered.Edits()...), nil
}

// placementOf is Placement without the places of ENIs.
func placementOf(r *vpc.Region) vpc.Placement {
	return *r.Edit(vpc.KindRegionPlacement, "").Object.(*vpc.Placement)
}

// records are the draft's edits as the store keeps them, and the numbers if more were given
// out.
func (d *draft) records() ([]Record, error) {
	var all []Record
	for _, k := range d.order {
		r := Record{Kind: k.kind, ID: k.id}
		if object := d.edits[k].Object; object != nil {
			var err error
			if r.Value, err = json.Marshal(object); err != nil {
				return nil, fmt.Errorf("%s %s: %w", k.kind, k.id, err)
			}
		}
		all = append(all, r)
	}
	if d.lastVNI > d.hadVNI {
		value, err := json.Marshal(numbers{d.lastVNI})
		if err != nil {
			return nil, err
		}
		all = append(all, Record{kindNumbers, "", value})
	}
	return all, nil
}

// answer tells who asked what was changed.
func (d *draft) answer() {
	revision := d.revision
	if len(d.edits) > 0 {
		revision++
	}
	for p, change := range d.done {
		change.Revision = revision
		p.done <- outcome{change: change}
	}
}
