package ec2

// InstanceTypeInfo is one of describe-instance-types.
type InstanceTypeInfo struct {
	InstanceType string       `json:",omitzero"`
	Hypervisor   string       `json:",omitzero"` // nitro, xen; absent: bare metal
	VCpuInfo     *VCpuInfo    `json:",omitzero"`
	NetworkInfo  *NetworkInfo `json:",omitzero"`
}

// VCpuInfo is how many CPUs an instance type has.
type VCpuInfo struct {
	DefaultVCpus int `json:",omitzero"`
}

// NetworkInfo is what network an instance type has.
type NetworkInfo struct {
	MaximumNetworkInterfaces int               `json:",omitzero"` // of an instance; absent: nothing tells
	NetworkCards             []NetworkCardInfo `json:",omitzero"`
}

// NetworkCardInfo is one network card of an instance type.
type NetworkCardInfo struct {
	NetworkCardIndex        int     `json:",omitzero"`
	BaselineBandwidthInGbps float64 `json:",omitzero"` // each way, for ever
	PeakBandwidthInGbps     float64 `json:",omitzero"` // each way, while there are credits
}

// Bandwidth is what all network cards of the type have together, in Gbit/s each way; 0: nothing tells.
func (t *InstanceTypeInfo) Bandwidth() (baseline, peak float64) {
	if t.NetworkInfo == nil {
		return 0, 0
	}
	for _, c := range t.NetworkInfo.NetworkCards {
		baseline, peak = baseline+c.BaselineBandwidthInGbps, peak+c.PeakBandwidthInGbps
	}
	return baseline, peak
}

// ENIs is how many an instance of the type may have; 0: nothing tells.
func (t *InstanceTypeInfo) ENIs() int {
	if t.NetworkInfo == nil {
		return 0
	}
	return t.NetworkInfo.MaximumNetworkInterfaces
}

// VCPUs is how many CPUs the type has; 0: nothing tells.
func (t *InstanceTypeInfo) VCPUs() int {
	if t.VCpuInfo == nil {
		return 0
	}
	return t.VCpuInfo.DefaultVCpus
}
