package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"nitrocard/nic"
)

func dropTable(w io.Writer, d *nic.DropsView) error {
	t := newTable(w, "REASON", "PACKETS", "ENIS", "IN WORDS")
	for _, r := range d.Reasons {
		t.row(r.Reason, r.Packets, byENI(r.ENIs), r.Sentence)
	}
	if err := t.flush(); err != nil || len(d.Last) == 0 {
		return err
	}
	fmt.Fprintln(w)
	t = newTable(w, "TIME", "PORT", "ENI", "PROTOCOL", "SOURCE", "DESTINATION", "REASON", "ASKED")
	for _, l := range d.Last {
		t.row(l.Time.Format("15:04:05.000"), l.Port, l.ENI, l.Protocol, l.Source, l.Destination, l.Reason, l.DeniedBy())
	}
	return t.flush()
}

// byENI tells which ENIs had how many, the most first.
func byENI(counts map[string]uint64) string {
	ids := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, id := range ids {
		ids[i] = fmt.Sprintf("%s:%d", id, counts[id])
	}
	return strings.Join(ids, ",")
}
