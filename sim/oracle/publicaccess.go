package oracle

import (
	"cmp"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// Modes of VPC Block Public Access (EC2 API, InternetGatewayBlockMode).
const (
	blockIngress       = "block-ingress"
	blockBidirectional = "block-bidirectional"
)

// isClosed tells whether VPC Block Public Access keeps packets of an ENI from a gateway to
// the internet, in and out. In its mode block-ingress, "only traffic to and from NAT gateways
// and egress-only internet gateways … is allowed because these gateways only allow outbound
// connections to be established" (VPC User Guide, VPC BPA basics).
func (w *World) isClosed(e *ec2.NetworkInterface, by *ec2.Route) bool {
	switch w.blockMode(w.Subnet(e)) {
	case blockBidirectional:
		return true
	case blockIngress:
		return e.InterfaceType != "nat_gateway" && (by == nil || !isEgressOnly(*by))
	}
	return false
}

// blockMode is the mode of a subnet: the one that EC2 tells of the subnet, or else of its VPC,
// or else of the region; as far as no exclusion opens it.
func (w *World) blockMode(s *ec2.Subnet) string {
	mode := s.BlockPublicAccessStates.InternetGatewayBlockMode
	for _, v := range w.Config.Vpcs {
		if v.VpcId == s.VpcId {
			mode = cmp.Or(mode, v.BlockPublicAccessStates.InternetGatewayBlockMode)
		}
	}
	for _, o := range w.Config.VpcBlockPublicAccessOptions {
		mode = cmp.Or(mode, o.InternetGatewayBlockMode)
	}
	for _, object := range w.Config.Unenforced["VpcBlockPublicAccessExclusions"] {
		members, _ := object.(map[string]any)
		arn, _ := members["ResourceArn"].(string)
		if !strings.HasSuffix(arn, "/"+s.VpcId) && !strings.HasSuffix(arn, "/"+s.SubnetId) {
			continue
		}
		switch members["InternetGatewayExclusionMode"] {
		case "allow-bidirectional":
			return "off"
		case "allow-egress":
			mode = strings.Replace(mode, blockBidirectional, blockIngress, 1)
		}
	}
	return mode
}
