package ec2

import "time"

// Reservation is one of describe-instances: the instances of one launch.
type Reservation struct {
	ReservationId string     `json:",omitzero"`
	Instances     []Instance `json:",omitzero"`
}

// Instance is one of a reservation, without the ENIs that EC2 tells in it.
type Instance struct {
	InstanceId            string                           `json:",omitzero"`
	ReservationId         string                           `json:",omitzero"` // of the reservation that EC2 tells the instance in
	InstanceType          string                           `json:",omitzero"`
	ImageId               string                           `json:",omitzero"`
	KernelId              string                           `json:",omitzero"`
	RamdiskId             string                           `json:",omitzero"`
	Architecture          string                           `json:",omitzero"`
	AmiLaunchIndex        int                              `json:",omitzero"`
	State                 *InstanceState                   `json:",omitzero"`
	LaunchTime            string                           `json:",omitzero"` // ISO 8601, with T or a space
	InstanceLifecycle     string                           `json:",omitzero"` // spot, scheduled, capacity-block; absent: on demand
	VirtualizationType    string                           `json:",omitzero"` // hvm, paravirtual
	RootDeviceType        string                           `json:",omitzero"` // ebs, instance-store
	RootDeviceName        string                           `json:",omitzero"` // such as /dev/xvda
	ProductCodes          []ProductCode                    `json:",omitzero"`
	Monitoring            *Monitoring                      `json:",omitzero"`
	VpcId                 string                           `json:",omitzero"` // of the first ENI
	SubnetId              string                           `json:",omitzero"` // of the first ENI
	KeyName               string                           `json:",omitzero"`
	Placement             *Placement                       `json:",omitzero"`
	MetadataOptions       *InstanceMetadataOptionsResponse `json:",omitzero"`
	PrivateDnsNameOptions *PrivateDnsNameOptionsResponse   `json:",omitzero"`
	Tags                  []Tag                            `json:",omitzero"`
}

// InstanceState is what an instance does.
type InstanceState struct {
	Name string `json:",omitzero"` // pending, running, stopping, stopped, shutting-down, terminated
}

// Gone tells whether the instance is one of the past, which EC2 tells for an hour.
func (i *Instance) Gone() bool { return i.State != nil && i.State.Name == "terminated" }

// Launched is when the instance was launched; told is false if nothing tells.
func (i *Instance) Launched() (at time.Time, told bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, i.LaunchTime); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// ProductCode is that of a product which an instance's image has.
type ProductCode struct {
	ProductCodeId   string `json:",omitzero"`
	ProductCodeType string `json:",omitzero"` // devpay, marketplace
}

// Monitoring is whether CloudWatch hears of an instance each minute.
type Monitoring struct {
	State string `json:",omitzero"` // disabled, disabling, enabled, pending
}

// Placement is where an instance runs.
type Placement struct {
	AvailabilityZone   string `json:",omitzero"`
	AvailabilityZoneId string `json:",omitzero"` // such as use1-az6
	GroupName          string `json:",omitzero"` // of a placement group
	HostId             string `json:",omitzero"` // of a dedicated host
	PartitionNumber    int    `json:",omitzero"` // in a partition placement group
}

// InstanceMetadataOptionsResponse is how an instance may ask for its metadata.
type InstanceMetadataOptionsResponse struct {
	HttpTokens              string `json:",omitzero"` // optional, required; absent: optional
	HttpPutResponseHopLimit int    `json:",omitzero"` // 1 to 64; absent: 1
	HttpEndpoint            string `json:",omitzero"` // enabled, disabled; absent: enabled
	HttpProtocolIpv6        string `json:",omitzero"` // enabled, disabled; absent: enabled, because EC2 always tells it
	InstanceMetadataTags    string `json:",omitzero"` // enabled, disabled; absent: disabled
}

// PrivateDnsNameOptions is which private names an instance has.
type PrivateDnsNameOptions struct {
	HostnameType                    string `json:",omitzero"` // ip-name, resource-name; absent: ip-name
	EnableResourceNameDnsARecord    bool   `json:",omitzero"`
	EnableResourceNameDnsAAAARecord bool   `json:",omitzero"`
}

// PrivateDnsNameOptionsResponse is an instance's.
type PrivateDnsNameOptionsResponse PrivateDnsNameOptions

// PrivateDnsNameOptionsOnLaunch is what a subnet gives to instances at their launch.
type PrivateDnsNameOptionsOnLaunch PrivateDnsNameOptions

// InstanceAttribute is the answer of describe-instance-attribute for the attribute userData.
type InstanceAttribute struct {
	InstanceId string   `json:",omitzero"`
	UserData   UserData `json:",omitzero"`
}

// UserData is the value of the attribute userData, in base64.
type UserData struct {
	Value string `json:",omitzero" most:"21848"` // 16,384 bytes (EC2 User Guide, "Run commands when you launch an EC2 instance")
}

// KeyPair is one of describe-key-pairs, with --include-public-key.
type KeyPair struct {
	KeyPairId string `json:",omitzero"`
	KeyName   string `json:",omitzero"`
	KeyType   string `json:",omitzero"`             // rsa, ed25519
	PublicKey string `json:",omitzero" most:"4096"` // a line of authorized_keys
	Tags      []Tag  `json:",omitzero"`
}
