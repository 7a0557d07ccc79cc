package vpc

import (
	"cmp"

	"nitrocard/nic/vpc/ec2"
)

// Of two routes with the same prefix the one of lower rank counts (VPC User Guide, "How
// route priority works"). EC2 also puts propagated routes in an order: by Direct Connect,
// by a static route of a VPN, by BGP of a VPN. A dump tells of a propagated route only that
// it is one, so that here the first one of a table counts.
const (
	rankStatic = iota
	rankPrefixList
	rankPropagated
)

// rank is the rank of a route. Of two prefix lists with the same prefix EC2 chooses one at
// random, and then always the same; here it is the list whose ID comes first, wherever the
// routes stand in the table.
type rank struct {
	kind int
	list string // ID, of rankPrefixList
}

// before tells whether a route of rank r counts before one of rank o.
func (r rank) before(o rank) bool {
	return cmp.Or(cmp.Compare(r.kind, o.kind), cmp.Compare(r.list, o.list)) < 0
}

// rankOf is the rank of a route.
func rankOf(config *ec2.Route) rank {
	switch {
	case config.DestinationPrefixListId != "":
		return rank{rankPrefixList, config.DestinationPrefixListId}
	case config.Origin == "EnableVgwRoutePropagation" || config.Origin == "Advertisement":
		return rank{kind: rankPropagated}
	}
	return rank{}
}
