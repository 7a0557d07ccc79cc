package pipeline

import "nitrocard/nic/vpc"

// publicAccess holds a packet from the internet to what its ENI's owner lets through the
// internet gateway.
func (w *Worker) publicAccess(p *packet) Verdict {
	switch {
	case !p.byEdge():
		return next
	case !p.pair.Remote.Is4() && byEgressOnly(p.guest.eni, p.pair.Remote): // no call for IPv4
		return judgeEgressOnly(p.guest.eni.ENI)
	}
	return p.guest.publicAccess
}

// judgeFromInternet tells of ENIs whether packets may come to them by the internet gateway: to a VPC without one
// none do, though its ENIs have addresses of IPv6 that the internet carries (VPC User Guide, "Internet gateways").
func judgeFromInternet(policy *vpc.Policy) func(*vpc.ENI) Verdict {
	has := map[*vpc.VPC]bool{}
	return func(e *vpc.ENI) Verdict {
		of := e.Subnet.VPC
		attached, asked := has[of]
		if !asked {
			attached = policy.Region.HasInternetGateway(of.ID)
			has[of] = attached
		}
		if !attached {
			return NoInternetGateway
		}
		return judgePublicAccess(e)
	}
}

// judgePublicAccess tells whether packets may pass the internet gateway, in or out, from or
// to an ENI that has a public address. Where a gateway route table leads an ENI's packets to
// a middlebox, the subnet of the ENI counts, and not the middlebox's (VPC User Guide, "VPC
// BPA basics").
func judgePublicAccess(e *vpc.ENI) Verdict {
	switch {
	case e.BlocksPublicAccess():
		return BlockPublicAccess
	case e.DeniesInternet():
		return InternetDenied
	}
	return next
}
