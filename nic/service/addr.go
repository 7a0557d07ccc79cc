package service

import (
	"net"
	"net/netip"

	"nitrocard/nic/wire"
)

// addrFrom is an address as package net has it.
func addrFrom(ip net.IP) wire.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return wire.AddrFrom(a)
}

// lastOf is the last address of an IPv4 block, its broadcast address.
func lastOf(block netip.Prefix) net.IP {
	a := block.Masked().Addr().As4()
	for i := block.Bits(); i < 32; i++ {
		a[i/8] |= 0x80 >> (i % 8)
	}
	return a[:]
}
