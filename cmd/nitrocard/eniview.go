package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"nitrocard/nic"
)

func eniTable(w io.Writer, enis []nic.ENIView) error {
	t := newTable(w, "ENI", "INSTANCE", "VPC", "VNI", "SUBNET", "MAC", "ADDRESSES", "SECURITY GROUPS", "PORT", "CONNECTIONS")
	for _, e := range enis {
		t.row(e.ID, e.Instance, e.VPC, e.VNI, e.Subnet, e.MAC, addresses(&e), strings.Join(e.SecurityGroups, ","),
			e.Port, fmt.Sprintf("%d of %d", e.Connections, e.Allowance))
	}
	return t.flush()
}

// addresses are an ENI's, each with its public one if it has one.
func addresses(e *nic.ENIView) string {
	all := slices.Clone(e.Addresses)
	for i, public := range e.Public {
		if i < len(all) && public != "" {
			all[i] += "=" + public
		}
	}
	return strings.Join(all, ",")
}
