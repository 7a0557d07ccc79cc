package vpc

import (
	"fmt"

	"nitrocard/nic/vpc/ec2"
)

// MTU is how many bytes an IP packet may have on a way, its header included (EC2 User
// Guide, "Network maximum transmission unit (MTU) for your EC2 instance").
type MTU uint16

const (
	InsideMTU   MTU = 9001 // inside a VPC, and over peering in the region
	AcrossMTU   MTU = 8500 // NAT gateways, transit gateways, peering between regions
	InternetMTU MTU = 1500 // internet gateways and VPN connections
)

// String is the MTU with the way that has it.
func (m MTU) String() string {
	switch m {
	case InsideMTU:
		return "MTU 9001 inside a VPC"
	case AcrossMTU:
		return "MTU 8500 of a NAT gateway, a transit gateway or another region"
	case InternetMTU:
		return "MTU 1500 of the internet gateway or a VPN"
	}
	return fmt.Sprintf("MTU %d of the port", uint16(m))
}

// mtuOf is the MTU of the way to an ENI of the region.
func mtuOf(form *ec2.NetworkInterface) MTU {
	if form.InterfaceType == natInterface {
		return AcrossMTU
	}
	return InsideMTU
}
