package vpc

// noticeWords are a kind's name in JSON, its effect, and its sentences: one about a single
// notice, in which %s stands for the particulars, and many about %d notices. A kind of
// which a region has at most one notice has no second sentence.
type noticeWords struct {
	name      string
	effect    Effect
	one, many string
}

var noticeVocabulary = [noticeKinds]noticeWords{
	CutOff: {"cut_off", Passes, "the answer was cut off: a NextToken says that there are more %s, and they are not here",
		"%d lists were cut off: a NextToken says that there is more of each, and it is not here"},
	NoACLs: {"no_acls", Passes, "are not in the configuration (aws ec2 describe-network-acls): what they deny passes, if security groups allow it", ""},
	SubnetWithoutACL: {"subnet_without_acl", Passes, "its network ACL is not in the configuration (aws ec2 describe-network-acls): what it denies passes, if security groups allow it",
		"%d subnets have network ACLs that are not in the configuration (aws ec2 describe-network-acls): what they deny passes, if security groups allow it"},
	RouteElsewhere: {"route_elsewhere", Passes, "the destinations are not in the configuration (" + entriesFrom + "): %s",
		"%d routes have destinations that are not in the configuration (" + entriesFrom + "): their packets take wider routes"},
	NoInternetGateways: {"no_internet_gateways", Passes, "are not in the configuration (aws ec2 describe-internet-gateways): routes to one count as if it were attached", ""},

	NATZoneAbsent: {"nat_zone_absent", Passes, "Placement: NatGateways names no ENI that stands for it in %s: packets of that zone leave from another zone's addresses",
		"%d zones of regional NAT gateways have no ENI in Placement: NatGateways: packets of such a zone leave from another zone's addresses"},

	NoENIs:           {"no_enis", Drops, "there is no ENI without %s: this card drops everything", ""},
	InstanceENIs:     {"instance_enis", Drops, "are those of instances alone (%s in aws ec2 describe-instances): the ENIs of services (NAT gateways, load balancers, endpoints, …) are not in the configuration (aws ec2 describe-network-interfaces), and packets to them are dropped", ""},
	NoSecurityGroups: {"no_security_groups", Drops, "are not in the configuration (aws ec2 describe-security-groups): nothing is allowed, and every packet is dropped", ""},
	NoRouteTables:    {"no_route_tables", Drops, "are not in the configuration (aws ec2 describe-route-tables): every subnet has only the local route", ""},
	NoMainTable: {"no_main_table", Drops, "its main route table is not in the configuration (aws ec2 describe-route-tables): subnets without a table of their own have only the local route",
		"%d VPCs have main route tables that are not in the configuration (aws ec2 describe-route-tables): subnets without a table of their own have only the local route"},
	LeftOut: {"left_out", Drops, "names %s, which is not in the configuration; it is left out, and its packets are dropped",
		"%d objects name others that are not in the configuration; they are left out, and their packets are dropped"},
	Disputed: {"disputed", Drops, "%s; such packets are dropped",
		"%d objects contradict others in another answer, saved at another time; such packets are dropped"},
	RouteDropped: {"route_dropped", Drops, "%s: the configuration has no such target for this destination; such packets are dropped",
		"%d routes name targets that the configuration does not have for their destinations; such packets are dropped"},
	RouteOutside: {"route_outside", Drops, "%s: what is behind this target is outside the configuration; such packets are dropped, unless Placement: Exits says where it leads",
		"%d routes lead out of the configuration, to transit gateways and the like; such packets are dropped, unless Placement: Exits says where they lead"},
	RouteNowhere: {"route_nowhere", Drops, "%s: its destinations are not in the configuration (" + entriesFrom + "); no other route leads their packets out, and they are dropped",
		"%d routes have destinations that are not in the configuration (" + entriesFrom + "); no other route leads their packets out, and they are dropped"},
	RouteOfPool: {"route_of_pool", Drops, "%s: it is of a pool of one's own addresses, whose packets no edge of this card's region lets in; such packets are dropped",
		"%d routes of internet gateways are for pools of one's own addresses, whose packets no edge of this card's region lets in; such packets are dropped"},
	GatewayUnknown: {"gateway_unknown", Drops, "%s is not in the configuration as attached to this VPC (aws ec2 describe-internet-gateways); packets that it is for are dropped",
		"%d routes lead to internet gateways that are not in the configuration as attached to their VPC (aws ec2 describe-internet-gateways); such packets are dropped"},
	InterfaceUnknown: {"interface_unknown", Drops, "%s is not in NetworkInterfaces; packets that it is for are dropped",
		"%d routes lead to ENIs that are not in the configuration; such packets are dropped"},
	GroupRulesUnknown: {"group_rules_unknown", Drops, "%s is not in SecurityGroups: it allows nothing",
		"%d security groups of ENIs are not in the configuration: they allow nothing"},
	GroupNotLent: {"group_not_lent", Drops, "%s: it allows nothing here", "%d security groups of ENIs are of another VPC, and no association with the ENI's is in force: they allow nothing there"},
	GroupUnknown: {"group_unknown", Drops, "%s is not in SecurityGroups, and no ENI is in it: it matches nothing",
		"%d rules name security groups that are not in the configuration, and no ENI is in them: they match nothing"},
	PeerGroup: {"peer_group", Drops, "%s, which is not in the configuration: it matches nothing",
		"%d rules name groups of VPCs that are not in the configuration: they match nothing"},
	ForeignGroup: {"foreign_group", Drops, "%s; none of its ENIs is in the configuration: it matches nothing",
		"%d rules name groups of other accounts, and none of their ENIs is in the configuration: they match nothing"},
	RuleEntriesUnknown: {"rule_entries_unknown", Drops, "the entries of %s are not in the configuration (" + entriesFrom + "): it matches nothing",
		"%d rules name prefix lists whose entries are not in the configuration (" + entriesFrom + "): they match nothing"},
	UngroupedENI: {"ungrouped_eni", Drops, "InterfaceType %s: it has no security groups, so that every packet from and to it is dropped; in EC2 none filters it",
		"%d ENIs of AWS services have no security groups, so that every packet from and to them is dropped; in EC2 none filters them"},
	NATUnknown: {"nat_unknown", Drops, "%s, which is not in the configuration (aws ec2 describe-nat-gateways); such packets are dropped",
		"%d routes lead to NAT gateways that are not in the configuration (aws ec2 describe-nat-gateways); such packets are dropped"},
	NATWithoutENI: {"nat_without_eni", Drops, "%s; packets to it are dropped", "%d NAT gateways have no ENI in the configuration; packets to them are dropped"},
	PeerElsewhere: {"peer_elsewhere", Drops, "%s at its other end is not in the configuration; packets to it are dropped",
		"%d peering connections lead to VPCs that are not in the configuration; packets to them are dropped"},
	OtherSideOutside: {"other_side_outside", Drops, "its other side is outside the configuration; packets that need it are dropped, unless Placement: Exits says where it leads",
		"%d gateways whose other side is outside the configuration; packets that need them are dropped, unless Placement: Exits says where they lead"},
	NoEndpoint: {"no_endpoint", Drops, "the endpoint's service is outside the configuration: packets that routes lead to it are dropped, unless Placement: Exits says where it leads; behind its ENIs is what is plugged into their ports",
		"%d VPC endpoints, whose services are outside the configuration: packets that routes lead to them are dropped, unless Placement: Exits says where they lead; behind their ENIs is what is plugged into their ports"},
	OtherPublic: {"other_public", Drops, "%s: its carrier or local gateway, which translates it, is outside the configuration; packets to it are dropped",
		"%d carrier and customer-owned addresses, whose gateways, which translate them, are outside the configuration; packets to them are dropped"},
	NoAddress: {"no_address", Drops, "has no IP address; what it sends is dropped", "%d ENIs have no IP address; what they send is dropped"},

	OverQuota: {"over_quota", NoEffect, "%s", "%d objects have more than EC2's quotas allow; all of it is in force here"},
	RouteOdd: {"route_odd", NoEffect, "%s; EC2 takes no such route, and this card follows it",
		"%d routes are such as EC2 does not take; this card follows them"},
	InstanceOdd: {"instance_odd", NoEffect, "%s; what the ENI is told to be counts",
		"%d times an instance is told to be where its ENIs are not; what the ENIs are told to be counts"},
	ServiceENI: {"service_eni", NoEffect, "InterfaceType %s: its security groups are enforced, and the service behind it is not here",
		"%d ENIs of AWS services: their security groups are enforced, and the services behind them are not here"},
	StaleRule: {"stale_rule", NoEffect, "%s is gone, or no active peering connection within the region leads to its VPC: the rule is stale, and matches nothing",
		"%d rules are stale: the groups that they name are gone, or no active peering connection within the region leads there"},
	NotWatched: {"not_watched", NoEffect, "this card does not act on %s", "%d flow logs and mirror sessions, on which this card does not act"},
	KeyUnknown: {"key_unknown", NoEffect, "%s: metadata has no such key", "%d key pairs and instances have no public key in the configuration (aws ec2 describe-key-pairs --include-public-key): metadata has none"},
	TagUntold:  {"tag_untold", NoEffect, "%s is no name of a path: metadata does not have the tag", "%d tags have keys that are no names of paths: metadata does not have these tags"},
	NoAnswers:  {"no_answers", NoEffect, "guests' metadata and DNS do without %s", ""},
	Elsewhere:  {"elsewhere", NoEffect, "belongs to %s, which is not in the configuration: it has no effect here", "%d objects belong to others that are not in the configuration: they have no effect here"},
	Superseded: {"superseded", NoEffect, "differs from %s, and counts because it was read later",
		"%d objects stand in two answers, and differ; the later read counts"},
	EntriesOfNone: {"entries_of_none", NoEffect, "does not say of which prefix list the entries are: name the file after it, such as pl-0123456789abcdef0.json",
		"%d answers do not say of which prefix list the entries are: name each file after its list, such as pl-0123456789abcdef0.json"},
	MemberPassedOver: {"member_passed_over", NoEffect, "%s is no name of EC2 that this card knows: passed over",
		"%d names of answers are none of EC2 that this card knows: passed over"},
	FilePassedOver: {"file_passed_over", NoEffect, "%s: passed over", "%d files are passed over"},
}

// entriesFrom are the commands that print the entries of prefix lists: of AWS services, and
// of customers.
const entriesFrom = "aws ec2 describe-prefix-lists, get-managed-prefix-list-entries"
