package vpc

import (
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// BlockMode is what VPC Block Public Access keeps from a subnet at the internet
// gateway.
type BlockMode uint8

// Modes.
const (
	BlockNothing       BlockMode = iota
	BlockIngress                 // connections from outside
	BlockBidirectional           // everything
)

var blockModes = map[string]BlockMode{
	"off": BlockNothing, "block-ingress": BlockIngress, "block-bidirectional": BlockBidirectional,
}

// publicAccess gives each subnet its mode: what EC2 says of the subnet, or of
// its VPC, or of all in the region, less what an exclusion takes from that.
func (c *compiler) publicAccess() {
	excluded := c.exclusions()
	region := ""
	for i, o := range c.config.VpcBlockPublicAccessOptions {
		c.blockMode(c.config.path("VpcBlockPublicAccessOptions", i, ""), o.InternetGatewayBlockMode)
		region = o.InternetGatewayBlockMode
	}
	ofVPC := map[string]string{}
	for i, v := range c.config.Vpcs {
		mode := v.BlockPublicAccessStates.InternetGatewayBlockMode
		c.blockMode(c.config.path("Vpcs", i, v.VpcId), mode)
		if ofVPC[v.VpcId] = mode; mode == "" {
			ofVPC[v.VpcId] = region
		}
	}
	for i, config := range c.config.Subnets {
		mode := config.BlockPublicAccessStates.InternetGatewayBlockMode
		c.blockMode(c.config.path("Subnets", i, config.SubnetId), mode)
		if mode == "" {
			mode = ofVPC[config.VpcId]
		}
		if s := c.subnets[config.SubnetId]; s != nil {
			s.Block = min(blockModes[mode], excluded.most(s.ID), excluded.most(s.VPC.ID))
		}
	}
}

// blockMode checks a mode; absent is off.
func (c *compiler) blockMode(path, mode string) {
	if _, known := blockModes[mode]; !known && mode != "" {
		c.Add(path, "InternetGatewayBlockMode %q: off, block-ingress or block-bidirectional is expected", ec2.Shorten(mode))
	}
}

// exclusions say how much may be blocked at most, by VPC or subnet.
type exclusions map[string]BlockMode

func (e exclusions) most(id string) BlockMode {
	if mode, is := e[id]; is {
		return mode
	}
	return BlockBidirectional
}

// exclusions that are in force (EC2 API, VpcBlockPublicAccessExclusion).
func (c *compiler) exclusions() exclusions {
	e := exclusions{}
	for _, object := range c.config.Unenforced["VpcBlockPublicAccessExclusions"] {
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
