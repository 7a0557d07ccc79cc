package imds

import (
	"strconv"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// launched puts how an instance was launched.
func launched(t tree, m *ec2.Instance) {
	t.put("reservation-id", m.ReservationId)
	t.put("ami-id", m.ImageId)
	t.put("ami-launch-index", strconv.Itoa(m.AmiLaunchIndex))
	t.put("instance-type", m.InstanceType)
	t.put("kernel-id", m.KernelId)
	t.put("ramdisk-id", m.RamdiskId)
	t.put("instance-life-cycle", "on-demand")
	t.put("instance-life-cycle", m.InstanceLifecycle)
	t.put("product-codes", strings.Join(append(products(m, "devpay"), products(m, "marketplace")...), "\n"))
	image(t, m)
	placed(t, m.Placement)
}

// image puts how an instance runs its image.
func image(t tree, m *ec2.Instance) {
	if m.VirtualizationType != "" {
		t.put("profile", "default-"+m.VirtualizationType)
	}
	if m.RootDeviceType == "ebs" {
		t.put("ami-manifest-path", "(unknown)") // so EC2 says of an image that is no bundle in S3
	}
	t.put("block-device-mapping/root", m.RootDeviceName)
}

// placed puts where an instance runs beside its zone.
func placed(t tree, p *ec2.Placement) {
	if p == nil {
		return
	}
	t.put("placement/group-name", p.GroupName)
	t.put("placement/host-id", p.HostId)
	if p.PartitionNumber > 0 {
		t.put("placement/partition-number", strconv.Itoa(p.PartitionNumber))
	}
}

// products are the product codes of an instance that are of a type, devpay or marketplace.
func products(m *ec2.Instance, of string) (codes []string) {
	for _, c := range m.ProductCodes {
		if c.ProductCodeType == of {
			codes = append(codes, c.ProductCodeId)
		}
	}
	return codes
}

// monitoring is whether CloudWatch hears of an instance each minute; "" while that changes, and if nothing tells.
func monitoring(m *ec2.Instance) string {
	if m.Monitoring == nil || m.Monitoring.State != "enabled" && m.Monitoring.State != "disabled" {
		return ""
	}
	return m.Monitoring.State
}
