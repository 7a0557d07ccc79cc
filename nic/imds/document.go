package imds

import (
	"encoding/json"
	"time"
)

// document is the instance identity document (EC2 User Guide, "Instance identity documents"),
// with null for what the configuration does not know.
func (i Instance) document(started time.Time) string {
	e, m := i.ENIs[0], i.machine()
	known := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	b, _ := json.MarshalIndent(map[string]any{
		"accountId": known(e.Account()), "architecture": known(m.Architecture), "availabilityZone": known(e.Subnet.Zone), "billingProducts": nil,
		"devpayProductCodes": nil, "marketplaceProductCodes": nil, "imageId": known(m.ImageId), "instanceId": known(e.Instance), "instanceType": known(m.InstanceType),
		"kernelId": known(m.KernelId), "pendingTime": m.Launched(started).UTC().Format(time.RFC3339), "privateIp": known(text(e.Primary)),
		"ramdiskId": known(m.RamdiskId), "region": known(e.Subnet.Region()), "version": "2017-09-30",
	}, "", "  ")
	return string(b)
}
