package explain

import "time"

// Analysis is a path as EC2 tells it: the members of NetworkInsightsAnalysis that a card knows
// (EC2 API Reference, NetworkInsightsAnalysis), with EC2's names.
type Analysis struct {
	NetworkInsightsAnalysisId string // beginning with "nitrocard-"; EC2 has no such analysis
	StartDate                 time.Time
	Status                    string // succeeded
	NetworkPathFound          bool
	ForwardPathComponents     []PathComponent
	ReturnPathComponents      []PathComponent `json:",omitempty"`
	Explanations              []Explanation   `json:",omitempty"`
	Changes                   []string        `json:"nitrocard-Changes,omitempty"` // that would let the packet through
}

// AnalysisComponent names an object.
type AnalysisComponent struct {
	Id   string
	Name string `json:",omitempty"`
}

// PathComponent is a part of EC2 on the way.
type PathComponent struct {
	SequenceNumber    int
	Component         *AnalysisComponent         `json:",omitempty"`
	AttachedTo        *AnalysisComponent         `json:",omitempty"`
	Subnet            *AnalysisComponent         `json:",omitempty"`
	Vpc               *AnalysisComponent         `json:",omitempty"`
	AclRule           *AnalysisAclRule           `json:",omitempty"`
	RouteTableRoute   *AnalysisRouteTableRoute   `json:",omitempty"`
	SecurityGroupRule *AnalysisSecurityGroupRule `json:",omitempty"`
	InboundHeader     *AnalysisPacketHeader      `json:",omitempty"`
	OutboundHeader    *AnalysisPacketHeader      `json:",omitempty"`
	Explanations      []Explanation              `json:",omitempty"`
}

// AnalysisPacketHeader is a packet's headers.
type AnalysisPacketHeader struct {
	Protocol              string
	SourceAddresses       []string
	SourcePortRanges      []PortRange `json:",omitempty"`
	DestinationAddresses  []string
	DestinationPortRanges []PortRange `json:",omitempty"`
}

// PortRange is inclusive.
type PortRange struct{ From, To int }

// AnalysisAclRule is an entry of a network ACL.
type AnalysisAclRule struct {
	Cidr       string `json:",omitempty"`
	Egress     bool
	Protocol   string     `json:",omitempty"`
	PortRange  *PortRange `json:",omitempty"`
	RuleAction string
	RuleNumber int
}

// AnalysisSecurityGroupRule is a rule of a security group.
type AnalysisSecurityGroupRule struct {
	Direction       string     // ingress, egress
	Cidr            string     `json:",omitempty"`
	PrefixListId    string     `json:",omitempty"`
	SecurityGroupId string     `json:",omitempty"` // the group that the rule names
	Protocol        string     `json:",omitempty"`
	PortRange       *PortRange `json:",omitempty"`
}

// AnalysisRouteTableRoute is a route.
type AnalysisRouteTableRoute struct {
	DestinationCidr             string `json:",omitempty"`
	GatewayId                   string `json:",omitempty"`
	EgressOnlyInternetGatewayId string `json:",omitempty"`
	InstanceId                  string `json:",omitempty"`
	NatGatewayId                string `json:",omitempty"`
	NetworkInterfaceId          string `json:",omitempty"`
	TransitGatewayId            string `json:",omitempty"`
	VpcPeeringConnectionId      string `json:",omitempty"`
	State                       string `json:",omitempty"`
}

// Explanation is why a path is not reachable.
type Explanation struct {
	ExplanationCode  string                   // AWS's, or one of ours, which begins with "nitrocard-"
	Direction        string                   `json:",omitempty"` // ingress, egress
	Address          string                   `json:",omitempty"`
	Acl              *AnalysisComponent       `json:",omitempty"`
	AclRule          *AnalysisAclRule         `json:",omitempty"`
	Component        *AnalysisComponent       `json:",omitempty"`
	InternetGateway  *AnalysisComponent       `json:",omitempty"`
	NatGateway       *AnalysisComponent       `json:",omitempty"`
	NetworkInterface *AnalysisComponent       `json:",omitempty"`
	RouteTable       *AnalysisComponent       `json:",omitempty"`
	RouteTableRoute  *AnalysisRouteTableRoute `json:",omitempty"`
	SecurityGroups   []AnalysisComponent      `json:",omitempty"`
	Subnet           *AnalysisComponent       `json:",omitempty"`
	Vpc              *AnalysisComponent       `json:",omitempty"`
	Protocols        []string                 `json:",omitempty"`
	PortRanges       []PortRange              `json:",omitempty"`
	Packet           *AnalysisPacketHeader    `json:"nitrocard-Packet,omitempty"`
	Sentence         string                   `json:"nitrocard-Sentence,omitempty"`
}
