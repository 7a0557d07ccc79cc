package oracle

import (
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// blocksOf are the CIDRs of a VPC. Ours, for AWS does not tell what each state of a block does: a further block is the VPC's while
// it is associated.
func blocksOf(v ec2.Vpc) (all []netip.Prefix) {
	if v.CidrBlock.IsValid() {
		all = append(all, v.CidrBlock)
	}
	for _, block := range v.CidrBlockAssociationSet {
		if (block.CidrBlockState.State == "" || block.CidrBlockState.State == "associated") && block.CidrBlock != v.CidrBlock {
			all = append(all, block.CidrBlock)
		}
	}
	for _, block := range v.Ipv6CidrBlockAssociationSet {
		if block.Ipv6CidrBlockState.State == "" || block.Ipv6CidrBlockState.State == "associated" {
			all = append(all, block.Ipv6CidrBlock)
		}
	}
	return all
}
