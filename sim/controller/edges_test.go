package controller

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/tables/oracle"
)

// withEdges are edits whose Placement names edges.
func withEdges(names string, edits ...vpc.Edit) []vpc.Edit {
	for _, e := range edits {
		if place, is := e.Object.(*vpc.Placement); is {
			for _, name := range names {
				place.Edges = append(place.Edges, vpc.EdgeHost{Name: string(name), Rack: "r1"})
			}
		}
	}
	return edits
}

// An edge is handed the ENIs that have public addresses, and what is around them; it is told of a
// change if an edge acts otherwise for it.
func TestAnEdgeIsHandedWhatItNeeds(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(withEdges("e", beginning()...), newENI(0, 1), newPlace(0, 1, "x"), newENI(0, 2), newENI(1, 1), newPlace(1, 1, "y"), newAddress(0, 1))...)
	e := o.follow("e")
	require.True(t, e.hear(o).Snapshot())
	around := []string{"subnet-0", "subnet-1", "subnet-2", "vpc-0", "vpc-1", "vpc-2"}
	require.Equal(t, append([]string{"eni-01"}, around...), e.has())
	require.Empty(t, e.Region().ENI("eni-01").Groups)
	require.True(t, e.Region().NamesEdge("e"))

	for _, edit := range []vpc.Edit{newGroup(0, 80), newENI(0, 3), newPlace(1, 1, "z"), newPeering(0, 1)} {
		o.change(edit)
		require.Zero(t, e.hear(o).Size, "%s %s", edit.Kind, edit.ID)
	}
	o.change(newAddress(1, 1))
	require.False(t, e.hear(o).Snapshot())
	require.Equal(t, append([]string{"eni-01", "eni-11"}, around...), e.has())
	require.Equal(t, "z", e.Region().CardOf(e.Region().ENI("eni-11")))

	o.change(newPlace(0, 1, "z"))
	e.hear(o)
	require.Equal(t, "z", e.Region().CardOf(e.Region().ENI("eni-01")), "the ENI moved")
	taken := newAddress(0, 1)
	taken.Object = nil
	o.change(taken)
	e.hear(o)
	require.Equal(t, append([]string{"eni-11"}, around...), e.has())
}

// An edge is told of the addresses that the internet reaches: none of a VPC whose internet gateway is detached.
func TestAnEdgeIsToldWhatTheInternetReaches(t *testing.T) {
	gateway := func(attachments string) vpc.Edit {
		e, err := vpc.Put("InternetGateways", []byte("{InternetGatewayId: igw-0, Attachments: ["+attachments+"]}"))
		require.NoError(t, err)
		return e
	}
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(withEdges("e", beginning()...), newENI(0, 1), newPlace(0, 1, "x"), newAddress(0, 1), newENI(1, 1), newPlace(1, 1, "y"), newAddress(1, 1), gateway("{VpcId: vpc-0}"))...)
	e := o.follow("e")
	e.hear(o)
	around := []string{"subnet-0", "subnet-1", "subnet-2", "vpc-0", "vpc-1", "vpc-2"}
	require.Equal(t, append([]string{"eni-01"}, around...), e.has())
	o.change(gateway("{VpcId: vpc-1}"))
	require.False(t, e.hear(o).Snapshot())
	require.Equal(t, append([]string{"eni-11"}, around...), e.has())
	require.Equal(t, "y", e.Region().CardOf(e.Region().ENI("eni-11")))
	o.change(gateway(""))
	e.hear(o)
	require.Equal(t, around, e.has())
	o.change(gateway("{VpcId: vpc-0}"))
	e.hear(o)
	require.Equal(t, append([]string{"eni-01"}, around...), e.has())
}

// An edge that Placement does not name any more is told so, and nothing else; a card that has
// never been one is none.
func TestAnEdgeThatGoes(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(withEdges("ef", beginning()...)...)
	e, f := o.follow("e"), o.follow("f")
	e.hear(o)
	f.hear(o)
	o.change(withEdges("f", beginning()[0])...)
	f.hear(o)
	e.hear(o)
	require.False(t, e.Region().NamesEdge("e"))
	require.True(t, f.Region().NamesEdge("f"))
	_, err := e.feed.Next(t.Context())
	require.Equal(t, errGone, err)
	_, err = o.Open("e", e.Revision(), true)
	require.ErrorContains(t, err, `Placement names no card and no edge "e"`)
	o.change(withEdges("ef", beginning()[0])...)
	e.connect(o)
	e.hear(o)
	require.True(t, e.Region().NamesEdge("e"))
}

// A name is a card's or an edge's, or the change is refused.
func TestNamesOfEdges(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	for names, says := range map[string]string{
		"ee": `Placement: Edges[1] e: Name is that of Placement: Edges[0] e`,
		"ex": `Placement: Edges[1] x: Name is that of Placement: Cards[1] x`,
	} {
		_, err := o.Change(t.Context(), withEdges(names, beginning()...)...)
		require.ErrorContains(t, err, says)
	}
	place := &vpc.Placement{Edges: []vpc.EdgeHost{{Rack: "r1"}}}
	_, err := o.Change(t.Context(), vpc.Edit{Kind: "Placement", Object: place})
	require.ErrorContains(t, err, "Placement: Edges[0]: Name is missing")
}

// A card that a change makes an edge is handed what an edge needs, and is handed a card's part once it
// is a card again; so is one that was away meanwhile.
func TestAHostTakesTheOtherRole(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"), newAddress(0, 1), newENI(1, 1), newPlace(1, 1, "x"))...)
	z, away := o.follow("z"), o.follow("y")
	z.hear(o)
	away.hear(o)
	away.feed.Close()
	asEdges := withEdges("yz", beginning()[0])
	place := asEdges[0].Object.(*vpc.Placement)
	place.Cards = place.Cards[:2]
	o.change(asEdges...)
	away.connect(o)
	for _, d := range []*desk{z, away} {
		require.True(t, d.hear(o).Snapshot())
		require.Equal(t, []string{"eni-01", "subnet-0", "subnet-1", "subnet-2", "vpc-0", "vpc-1", "vpc-2"}, d.has())
		require.Equal(t, ways(o.Region()), ways(d.Region()))
	}
	o.change(beginning()[0], newPlace(1, 1, "z"))
	require.True(t, z.hear(o).Snapshot())
	require.Equal(t, []string{"eni-11", "sg-1", "subnet-1", "vpc-1"}, z.has())
	away.hear(o)
	require.Empty(t, away.has())
}

// Hosts are cards and edges.
func TestEdgesAreHosts(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(withEdges("e", beginning()...), newENI(0, 1), newENI(0, 2), newAddress(0, 1))...)
	e := o.follow("e")
	e.hear(o)
	o.change(newAddress(0, 2))
	hosts := o.Hosts()
	require.Len(t, hosts, len(cards)+1)
	view := hosts[len(cards)]
	require.Equal(t, "e edge 198.18.0.254 r1", fmt.Sprint(view.Name, " ", view.Role, " ", view.Vtep, " ", view.Rack))
	require.Equal(t, []any{2, true, uint64(2)}, []any{view.ENIs, view.Connected, view.Behind})
}

// After random changes and interruptions an edge sends each packet where an edge that has the
// whole region sends it.
func TestEdgesHaveTheirPartOfTheWhole(t *testing.T) {
	r := oracle.Random(t)
	o := open(t, NewMemory(), newSigner(t))
	o.change(withEdges("ef", beginning()...)...)
	e, f := o.follow("e"), o.follow("f")
	taken := 0
	for range 400 {
		edits := withEdges("ef", randomEdgeEdits(r)...)
		if _, err := o.Change(t.Context(), edits...); err == nil {
			taken++
		}
		for _, d := range []*desk{e, f} {
			if r.IntN(20) == 0 {
				d.connect(o)
			}
			if r.IntN(3) > 0 {
				continue
			}
			d.hear(o)
			require.Equal(t, ways(o.Region()), ways(d.Region()))
			needed := map[string]bool{}
			for _, k := range []string{"Vpcs", "Subnets", "NetworkInterfaces", vpc.KindRegionPlacement, vpc.KindENIPlacement} {
				needed[k] = true
			}
			for edit := range d.Region().All() {
				require.True(t, needed[edit.Kind], edit.Kind)
				if edit.Kind == "NetworkInterfaces" {
					require.Contains(t, reached(o.Region()), edit.ID)
				}
			}
		}
	}
	require.Greater(t, taken, 100)
}

// randomEdgeEdits are one edit or a few, with ENIs that matter to edges in all ways.
func randomEdgeEdits(r *rand.Rand) (edits []vpc.Edit) {
	for range 1 + r.IntN(2) {
		e := randomEdit(r)
		if eni, is := e.Object.(*ec2.NetworkInterface); is {
			if r.IntN(4) == 0 {
				eni.SourceDestCheck = new(bool)
			}
			if r.IntN(3) == 0 {
				public := newAddress(r.IntN(3), r.IntN(4)).Object.(*ec2.Address).PublicIp
				eni.Association = &ec2.NetworkInterfaceAssociation{PublicIp: public, AllocationId: "eipalloc-1"}
			}
			if r.IntN(3) == 0 {
				eni.Attachment = &ec2.NetworkInterfaceAttachment{InstanceId: fmt.Sprint("i-", eni.NetworkInterfaceId), DeviceIndex: r.IntN(2)}
			}
		}
		edits = append(edits, e)
	}
	return edits
}

// reached are the IDs of ENIs that edges need, as the configuration tells them.
func reached(r *vpc.Region) (ids []string) {
	config := r.Config()
	for _, e := range config.NetworkInterfaces {
		named := slices.ContainsFunc(config.Addresses, func(a ec2.Address) bool { return a.NetworkInterfaceId == e.NetworkInterfaceId })
		if named || e.Association != nil || e.SourceDestCheck != nil {
			ids = append(ids, e.NetworkInterfaceId)
		}
	}
	return ids
}

// ways are all that an edge of a region does.
func ways(r *vpc.Region) (all []string) {
	ends := r.VTEPs()
	for m := range r.Since(nil) {
		for b := range m.Is.PublicBlocks() {
			s := *r.Station(m.Is.Station)
			where, known := r.Whereabouts(b.Addr())
			all = append(all, fmt.Sprint(b, s.VNI, s.Dst, s.Src, s.MTU, ends[s.VTEP], where, known))
		}
	}
	for id, vni := range r.VNIs() {
		for i, end := range ends {
			all = append(all, fmt.Sprint(id, vni, end, r.Forwards(vni, uint16(i))))
		}
	}
	slices.Sort(all)
	return append(all, fmt.Sprint(r.EdgeMAC(), r.EdgeVTEP(), r.PublicPrefixes(), r.Edge(nil).Card))
}
