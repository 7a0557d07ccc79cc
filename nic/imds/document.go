package imds

import (
	"encoding/json"
	"time"

	"nitrocard/nic/vpc"
)

// document is the instance identity document (EC2 User Guide, "Instance identity documents"),
// with null for what the configuration does not know.
func (i Instance) document() string {
	e, m := i.ENIs[0], i.machine()
	known := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	codes := func(of string) any {
		if all := products(m, of); len(all) > 0 {
			return all
		}
		return nil
	}
	pending := ""
	if at, told := m.Launched(); told {
		pending = at.UTC().Format(time.RFC3339)
	}
	b, _ := json.MarshalIndent(map[string]any{
		"accountId": known(e.Account()), "architecture": known(m.Architecture), "availabilityZone": known(i.zone()), "billingProducts": nil,
		"devpayProductCodes": codes("devpay"), "marketplaceProductCodes": codes("marketplace"), "imageId": known(m.ImageId), "instanceId": known(e.Instance), "instanceType": known(m.InstanceType),
		"kernelId": known(m.KernelId), "pendingTime": known(pending), "privateIp": known(text(e.Primary)),
		"ramdiskId": known(m.RamdiskId), "region": known(vpc.RegionOf(i.zone())), "version": "2017-09-30",
	}, "", "  ")
	return string(b)
}
