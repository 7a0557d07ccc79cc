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

// passing tells whether a drop is of a moment alone: before a neighbor answered, or when the machine was busy
// elsewhere. The sender sends again.
func passing(d nic.LastDrop) bool {
	return unanswered(d) || slices.Contains([]string{"tx_full", "port_down"}, d.Reason)
}

// unanswered tells whether a neighbor had not answered yet whose MAC the card asks for from its start.
func unanswered(d nic.LastDrop) bool {
	return slices.Contains([]string{"underlay_unresolved", "gateway_unresolved"}, d.Reason)
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
	early        int            // those of lossy before a neighbor answered
	packets      map[string]int // dropped, by reason
}

// note takes the passing drops of one more flow.
func (l *losses) note(drops []nic.LastDrop) {
	l.tried++
	if len(drops) == 0 {
		return
	}
	l.lossy++
	if slices.ContainsFunc(drops, unanswered) {
		l.early++
	}
	if l.packets == nil {
		l.packets = map[string]int{}
	}
	for _, d := range drops {
		l.packets[d.Reason]++
	}
}

// fewLossy is how many flows may lose a packet to a full queue or a port that is down, whatever the survey's size.
const fewLossy = 2

// judge is an error if more flows lost a packet than can be explained, which is so of a card that drops the first
// packet of each.
//
// A tunnel end that has answered stays known. So a card loses the packets of one flow at most for each end that it
// meets, which are the other cards and the edge: all cards together lose those of as many flows as the square of their
// number. Flows are tried one after the other and fill no queue, and no port goes down: but for a machine that is
// busy elsewhere, no flow would lose a packet so. 28 surveys of a thousand flows lost none beside 70 threads that
// waited for two CPUs. So one flow of 20 is much.
func (l *losses) judge(cards int) (string, error) {
	said := fmt.Sprintf("%d of %d flows lost a packet%s", l.lossy, l.tried, l.reasons())
	if most := cards * cards; l.early > most {
		return "", fmt.Errorf("%s; at most %d should before a neighbor answers", said, most)
	}
	if most := max(fewLossy, l.tried/20); l.lossy-l.early > most {
		return "", fmt.Errorf("%s; at most %d should to a queue or a port", said, most)
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
