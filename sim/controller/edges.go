package controller

import (
	"iter"

	"nitrocard/nic/vpc"
)

// edgeScope stands, among the VPCs of a scope, for what edges need of the whole region
// (vpc.Region.EdgePart). No VPC has such an ID.
const edgeScope = "/edges"

// edgePart is an object as edges are told of it, and whether they needed it before and need it now.
type edgePart struct {
	key
	was, is bool
}

// scopes are those of whom edges are told, and nobody else.
func (p *edgePart) scopes() (was, is []string) {
	if p.was {
		was = []string{edgeScope}
	}
	if p.is {
		is = []string{edgeScope}
	}
	return was, is
}

// edgeParts are the objects of which edges are told something new when edits have made a region of
// another. Beside the edits this costs what Region.Since costs.
func edgeParts(edited map[key]bool, was, is *vpc.Region) iter.Seq[edgePart] {
	return func(yield func(edgePart) bool) {
		for k := range edited {
			switch k.kind {
			case "Vpcs", "Subnets", vpc.KindRegionPlacement:
				if !yield(edgePart{k, was.Edit(k.kind, k.id).Object != nil, is.Edit(k.kind, k.id).Object != nil}) {
					return
				}
			}
		}
		for id := range moved(was, is) {
			for p := range edgePartsOf(id, was, is) {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// moved are the IDs of the ENIs that differ between two regions. An ENI that comes may have the
// number of one that went.
func moved(was, is *vpc.Region) map[string]bool {
	ids := map[string]bool{}
	for m := range is.Since(was) {
		for _, e := range []*vpc.ENI{m.Was, m.Is} {
			if e != nil {
				ids[e.ID] = true
			}
		}
	}
	return ids
}

// edgePartsOf are an ENI and its place, where they are not what they were.
func edgePartsOf(id string, was, is *vpc.Region) iter.Seq[edgePart] {
	return func(yield func(edgePart) bool) {
		before, after := was.ENI(id), is.ENI(id)
		if !is.SameAtEdge(id, was) && !yield(edgePart{key{"NetworkInterfaces", id}, was.AtEdge(before), is.AtEdge(after)}) {
			return
		}
		from, to := cardAtEdge(before, was), cardAtEdge(after, is)
		if from != to {
			yield(edgePart{key{vpc.KindENIPlacement, id}, from != "", to != ""})
		}
	}
}

// cardAtEdge is the card that a region names for an ENI; "" if edges do not need to know.
func cardAtEdge(e *vpc.ENI, r *vpc.Region) string {
	if !r.AtEdge(e) {
		return ""
	}
	return r.ENIPlacement(e.ID).Card
}
