package oracle

import (
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// unblocked are the ranges that EC2 does not count as the internet's: "RFC 1918, 6598, 4193".
var unblocked = append([]netip.Prefix{netip.MustParsePrefix("fc00::/7")}, private...)

// isMailAbroad tells whether a packet is for another's mail server: "Port 25 outbound is
// blocked by default towards public v4 and towards v6; not to the VPC's primary CIDR, RFC
// 1918, 6598, 4193."
func (w *World) isMailAbroad(e *ec2.NetworkInterface, p Packet) bool {
	if p.Proto != TCP || p.DstPort != 25 || w.Config.Placement.Port25 == "open" {
		return false
	}
	for _, block := range unblocked {
		if block.Contains(p.Dst) {
			return false
		}
	}
	for _, v := range w.Config.Vpcs {
		if v.VpcId == w.VPC(e) && v.CidrBlock.Contains(p.Dst) {
			return false
		}
	}
	return true
}
