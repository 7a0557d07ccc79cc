package vpc

import (
	"cmp"
	"strconv"
	"strings"
	"sync"

	"nitrocard/nic/vpc/ec2"
)

// instanceBandwidths are the network bandwidths of instance types, in Gbit/s each way: "baseline/burst",
// or one figure for what a size has for ever (Amazon EC2 instance types, network specifications; in the
// API NetworkCards of DescribeInstanceTypes). Families in one row have the same sizes. InstanceTypes of the
// configuration count before the table.
const instanceBandwidths = `
t3 t3a t4g:      nano 0.032/5 micro 0.064/5 small 0.128/5 medium 0.256/5 large 0.512/5 xlarge 1.024/5 2xlarge 2.048/5
m5 m5d:          large 0.75/10 xlarge 1.25/10 2xlarge 2.5/10 4xlarge 5/10 8xlarge 10 12xlarge 12 16xlarge 20 24xlarge 25 metal 25
m5a m5ad:        large 0.75/10 xlarge 1.25/10 2xlarge 2.5/10 4xlarge 5/10 8xlarge 7.5/10 12xlarge 10 16xlarge 12 24xlarge 20
m5n m5dn:        large 2.1/25 xlarge 4.1/25 2xlarge 8.125/25 4xlarge 16.25/25 8xlarge 25 12xlarge 50 16xlarge 75 24xlarge 100 metal 100
c5 c5d:          large 0.75/10 xlarge 1.25/10 2xlarge 2.5/10 4xlarge 5/10 9xlarge 12 12xlarge 12 18xlarge 25 24xlarge 25 metal 25
c5n:             large 3/25 xlarge 5/25 2xlarge 10/25 4xlarge 15/25 9xlarge 50 18xlarge 100 metal 100
m6a c6a:         large 0.781/12.5 xlarge 1.562/12.5 2xlarge 3.125/12.5 4xlarge 6.25/12.5 8xlarge 12.5 12xlarge 18.75 16xlarge 25 24xlarge 37.5 32xlarge 50 48xlarge 50 metal 50
m6i m6id c6i c6id: large 0.781/12.5 xlarge 1.562/12.5 2xlarge 3.125/12.5 4xlarge 6.25/12.5 8xlarge 12.5 12xlarge 18.75 16xlarge 25 24xlarge 37.5 32xlarge 50 metal 50
m6in m6idn c6in: large 3.125/25 xlarge 6.25/30 2xlarge 12.5/40 4xlarge 25/50 8xlarge 50 12xlarge 75 16xlarge 100 24xlarge 150 32xlarge 200 metal 200
m6g m6gd c6g c6gd: medium 0.5/10 large 0.75/10 xlarge 1.25/10 2xlarge 2.5/10 4xlarge 5/10 8xlarge 12 12xlarge 20 16xlarge 25 metal 25
m7g m7gd:        medium 0.52/12.5 large 0.937/12.5 xlarge 1.876/12.5 2xlarge 3.75/15 4xlarge 7.5/15 8xlarge 15 12xlarge 22.5 16xlarge 30 metal 30
m7i:             large 0.781/12.5 xlarge 1.562/12.5 2xlarge 3.125/12.5 4xlarge 6.25/12.5 8xlarge 12.5 12xlarge 18.75 16xlarge 25 24xlarge 37.5 48xlarge 50 metal-24xl 37.5 metal-48xl 50
`

// packetsPerGbit is our guess of how many packets a second an instance may send and receive for each
// Gbit/s of its peak, because AWS publishes none: those of 1,250 bytes.
const packetsPerGbit = 100_000

// instanceType is what limits ask about an instance type.
type instanceType struct {
	baseline, peak float64 // Gbit/s each way
	large          bool    // it has largeVCPUs or more, or nothing tells how many
	guessed        bool    // nothing tells how many
}

// largeVCPUs is from how many vCPUs on an instance has half of its bandwidth to the internet.
const largeVCPUs = 32

// instanceType is the type of a name: by InstanceTypes of the configuration, and by the table where that
// tells no bandwidth.
func (r *Region) instanceType(name string) (t instanceType, known bool) {
	t, known = typeTable()[name]
	told := found[ec2.InstanceTypeInfo](r, "InstanceTypes", name)
	if told == nil {
		return t, known
	}
	if n := told.VCPUs(); n > 0 {
		t.large = n >= largeVCPUs
	} else if !known {
		t.large, t.guessed = true, true
	}
	if baseline, peak := told.Bandwidth(); peak > 0 {
		t.baseline, t.peak, known = min(cmp.Or(baseline, peak), peak), peak, true
	}
	return t, known
}

// Hypervisor is what runs instances of a type, nitro or xen; "": nothing tells, or the type is bare metal.
func (r *Region) Hypervisor(name string) string {
	if told := found[ec2.InstanceTypeInfo](r, "InstanceTypes", name); told != nil {
		return told.Hypervisor
	}
	return ""
}

// typeTable is each instance type of the table.
var typeTable = sync.OnceValue(func() map[string]instanceType {
	all := map[string]instanceType{}
	for line := range strings.Lines(strings.TrimSpace(instanceBandwidths)) {
		families, sizes, _ := strings.Cut(line, ":")
		words := strings.Fields(sizes)
		for _, family := range strings.Fields(families) {
			for i := 0; i+1 < len(words); i += 2 {
				base, peak, bursts := strings.Cut(words[i+1], "/")
				if !bursts {
					peak = base
				}
				all[family+"."+words[i]] = instanceType{baseline: gbit(base), peak: gbit(peak), large: isLarge(words[i])}
			}
		}
	}
	return all
})

// isLarge tells whether a size of the table's families has largeVCPUs or more: an xlarge has four vCPUs, and
// bare metal what the largest size has.
func isLarge(size string) bool {
	if strings.HasPrefix(size, "metal") {
		return true
	}
	n, err := strconv.Atoi(strings.TrimSuffix(size, "xlarge"))
	return err == nil && 4*n >= largeVCPUs
}

// gbit reads a figure of the table, which a test reads first.
func gbit(figure string) float64 {
	f, _ := strconv.ParseFloat(figure, 64)
	return f
}
