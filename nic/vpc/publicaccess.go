package vpc

import (
	"cmp"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// BlockMode is what VPC Block Public Access blocks between a subnet and the internet
// gateway.
type BlockMode uint8

// Modes.
const (
	BlockNothing       BlockMode = iota
	BlockIngress                 // everything but what gateways translate that nobody outside can open a connection through
	BlockBidirectional           // everything
)

var blockModes = map[string]BlockMode{
	"off": BlockNothing, "block-ingress": BlockIngress, "block-bidirectional": BlockBidirectional,
}

// BlocksPublicAccess tells whether VPC Block Public Access keeps the ENI's packets from the
// internet gateway, in and out. Block-ingress lets a NAT gateway pass, because nobody
// outside can open a connection through it, and no instance, not even with answers to what
// the instance asked (VPC User Guide, "VPC BPA basics", and scenario 3 of its example).
func (e *ENI) BlocksPublicAccess() bool {
	mode := e.Subnet.Block
	return mode == BlockBidirectional || mode == BlockIngress && e.form.InterfaceType != natInterface
}

// DeniesInternet tells whether the ENI has DenyAllIgwTraffic: nothing passes between the ENI
// and the internet gateway (EC2 API, NetworkInterface).
func (e *ENI) DeniesInternet() bool { return e.form.DenyAllIgwTraffic }

// block is the mode of a subnet: EC2's for the subnet, or else for its VPC, or else for the
// whole region; but no more than an exclusion allows.
func (c *compiler) block(o *object, config *ec2.Subnet) BlockMode {
	mode := config.BlockPublicAccessStates.InternetGatewayBlockMode
	c.blockMode(o.path(), mode)
	if v := c.object("Vpcs", config.VpcId); mode == "" && v != nil {
		mode = v.config.(*ec2.Vpc).BlockPublicAccessStates.InternetGatewayBlockMode
	}
	for _, o := range c.next.rest.VpcBlockPublicAccessOptions {
		mode = cmp.Or(mode, o.InternetGatewayBlockMode)
	}
	if mode == "" {
		return BlockNothing
	}
	excluded := c.exclusions()
	return min(blockModes[mode], excluded.most(config.SubnetId), excluded.most(config.VpcId))
}

// checkBlockModes checks the modes that accounts set for the whole region.
func (c *compiler) checkBlockModes() {
	for i, o := range c.next.rest.VpcBlockPublicAccessOptions {
		c.blockMode(c.next.rest.path("VpcBlockPublicAccessOptions", i, ""), o.InternetGatewayBlockMode)
	}
}

// blockMode checks a mode's name; "" is off.
func (c *compiler) blockMode(path, mode string) {
	if _, known := blockModes[mode]; !known && mode != "" {
		c.Add(path, "InternetGatewayBlockMode %q: off, block-ingress or block-bidirectional is expected", ec2.Shorten(mode))
	}
}

// exclusions are the most that may be blocked, by VPC or subnet.
type exclusions map[string]BlockMode

// most is the most that may be blocked of a VPC or subnet.
func (e exclusions) most(id string) BlockMode {
	if mode, is := e[id]; is {
		return mode
	}
	return BlockBidirectional
}

// exclusions are the exclusions in force (EC2 API, VpcBlockPublicAccessExclusion).
func (c *compiler) exclusions() exclusions {
	e := exclusions{}
	for _, object := range c.next.rest.Unenforced["VpcBlockPublicAccessExclusions"] {
		members, _ := object.(map[string]any)
		text := func(name string) string { s, _ := members[name].(string); return s }
		state, arn := text("State"), text("ResourceArn")
		if state != "" && state != "create-complete" && !strings.HasPrefix(state, "update-") {
			continue
		}
		id := arn[strings.LastIndex(arn, "/")+1:]
		switch text("InternetGatewayExclusionMode") {
		case "allow-bidirectional":
			e[id] = BlockNothing
		case "allow-egress":
			e[id] = BlockIngress
		}
	}
	return e
}
