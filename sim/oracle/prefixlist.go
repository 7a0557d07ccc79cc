package oracle

import "net/netip"

// listed tells whether an address is in an entry of a prefix list.
func (w *World) listed(list string, a netip.Addr) bool {
	for _, entry := range w.entries(list) {
		if entry.Contains(a) {
			return true
		}
	}
	return false
}

// entries are the CIDRs of a prefix list.
func (w *World) entries(list string) (all []netip.Prefix) {
	for _, l := range w.Config.ManagedPrefixLists {
		for _, entry := range l.Entries {
			if l.PrefixListId == list {
				all = append(all, entry.Cidr)
			}
		}
	}
	return all
}
