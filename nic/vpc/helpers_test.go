package vpc

import (
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

func ip(s string) wire.Addr { return wire.AddrFrom(netip.MustParseAddr(s)) }

// FindENI finds an ENI of this card as a frame names it; nil: there is none.
func (p *Policy) FindENI(vni uint32, mac wire.MAC) *OwnENI {
	for _, e := range p.ENIs {
		if e != nil && e.VNI == vni && e.MAC == mac {
			return e
		}
	}
	return nil
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

var anywhere = netip.MustParsePrefix("0.0.0.0/0")

// plain is a configuration on which edits are done without thought: the oracle of
// Region.Change.
type plain struct{ *Config }

// edited is a copy on which an edit was done; false: there is nothing to remove.
func (c plain) edited(e Edit) (plain, bool) {
	next := *c.Config
	if e.Kind == KindENIPlacement {
		next.Placement = moved(c.Placement, e)
		return plain{&next}, true
	}
	if e.Kind == "Placement" {
		next.Placement = *e.Object.(*Placement)
		return plain{&next}, true
	}
	list := reflect.ValueOf(&next).Elem().FieldByName(e.Kind)
	i := indexOf(list, e.ID)
	if e.Object == nil && i < 0 {
		return c, false
	}
	all := reflect.AppendSlice(reflect.MakeSlice(list.Type(), 0, list.Len()+1), list)
	places := slices.Clone(c.Places[e.Kind])
	switch {
	case e.Object == nil:
		all = reflect.AppendSlice(all.Slice(0, i), list.Slice(i+1, list.Len()))
		if i < len(places) {
			places = slices.Delete(places, i, i+1)
		}
		next.Placement = unplaced(c.Placement, e.ID)
		next.dropAllowance(c.NetworkInterfaces, all)
	case i < 0:
		all = reflect.Append(all, reflect.ValueOf(e.Object).Elem())
	default:
		all.Index(i).Set(reflect.ValueOf(e.Object).Elem())
		if i < len(places) {
			places[i] = Place{Index: i}
		}
	}
	list.Set(all)
	next.Places = maps.Clone(c.Places)
	if next.Places != nil {
		next.Places[e.Kind] = places
	}
	return plain{&next}, true
}

// dropAllowance ends the allowances of instances that had an ENI and have none.
func (c *Config) dropAllowance(was []ec2.NetworkInterface, left reflect.Value) {
	enis, are := left.Interface().([]ec2.NetworkInterface)
	if !are {
		return
	}
	for _, e := range was {
		if e.Attachment == nil {
			continue
		}
		id := e.Attachment.InstanceId
		if !slices.ContainsFunc(enis, func(e ec2.NetworkInterface) bool { return e.Attachment != nil && e.Attachment.InstanceId == id }) {
			c.Placement.Allowances = without(c.Placement.Allowances, id)
		}
	}
}

// unplaced is a placement that says nothing of an ENI or VPC.
func unplaced(p Placement, id string) Placement {
	p.Vnis, p.Ports = without(p.Vnis, id), without(p.Ports, id)
	p.Cards = slices.Clone(p.Cards)
	for i := range p.Cards {
		others := slices.Clone(p.Cards[i].NetworkInterfaces)
		p.Cards[i].NetworkInterfaces = slices.DeleteFunc(others, func(eni string) bool { return eni == id })
	}
	return p
}

func moved(p Placement, e Edit) Placement {
	to, _ := e.Object.(*ENIPlacement)
	p = unplaced(p, e.ID)
	if to == nil {
		return p
	}
	for i := range p.Cards {
		if p.Cards[i].Name == to.Card {
			p.Cards[i].NetworkInterfaces = append(p.Cards[i].NetworkInterfaces, e.ID)
		}
	}
	if to.Port != "" {
		p.Ports[e.ID] = to.Port
	}
	return p
}

// put is a copy of a configuration with an object in YAML.
func put(t testing.TB, c *Config, kind, object string) *Config {
	t.Helper()
	e, err := Put(kind, []byte(object))
	require.NoError(t, err)
	next, _ := plain{c}.edited(e)
	return next.Config
}

// remove is a copy of a configuration without an object.
func remove(t testing.TB, c *Config, kind, id string) *Config {
	t.Helper()
	next, there := plain{c}.edited(Edit{Kind: kind, ID: id})
	require.True(t, there)
	return next.Config
}
