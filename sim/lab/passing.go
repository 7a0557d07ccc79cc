//go:build linux

package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nitrocard/nic"
)

// passing tells whether a drop is of a moment alone, such as when the machine was busy elsewhere: the sender sends again.
func passing(d nic.LastDrop) bool {
	return slices.Contains([]string{"tx_full", "port_down", "underlay_unresolved", "gateway_unresolved"}, d.Reason)
}

// parted parts drops from those that are passing.
func parted(all []nic.LastDrop) (drops, lost []nic.LastDrop) {
	for _, d := range all {
		if passing(d) {
			lost = append(lost, d)
		} else {
			drops = append(drops, d)
		}
	}
	return drops, lost
}

// losses are the flows of a survey of which cards dropped a packet for a moment alone.
type losses struct {
	tried, lossy int            // flows
	packets      map[string]int // dropped, by reason
}

// note takes the passing drops of one more flow.
func (l *losses) note(drops []nic.LastDrop) {
	l.tried++
	if len(drops) == 0 {
		return
	}
	l.lossy++
	if l.packets == nil {
		l.packets = map[string]int{}
	}
	for _, d := range drops {
		l.packets[d.Reason]++
	}
}

// fewLossy is how many flows may lose a packet on a machine that is busy elsewhere, whatever the survey's size.
const fewLossy = 20

// judge is an error if more flows lost a packet than a busy machine explains, which is so of a card that drops the
// first packet of each. A card loses one for each tunnel end that it meets: the other cards and the edge.
func (l *losses) judge(cards int) (string, error) {
	said := fmt.Sprintf("%d of %d flows lost a packet%s", l.lossy, l.tried, l.reasons())
	if most := max(fewLossy, l.tried/10, cards*cards); l.lossy > most {
		return "", fmt.Errorf("%s; at most %d should", said, most)
	}
	return said, nil
}

// reasons tells how many packets were dropped for which reason.
func (l *losses) reasons() string {
	var all []string
	for _, reason := range slices.Sorted(maps.Keys(l.packets)) {
		all = append(all, fmt.Sprintf("%s %d", reason, l.packets[reason]))
	}
	if len(all) == 0 {
		return ""
	}
	return ": " + strings.Join(all, ", ")
}

// passed tells how many of the flows lost a packet for a moment alone.
func (s *survey) passed(context.Context) (string, error) { return s.losses.judge(len(s.cards)) }
