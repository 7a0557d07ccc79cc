package vpc

import (
	"path/filepath"
	"slices"
)

// listPage is one answer's part of a list.
type listPage struct {
	source
	list string
	cut  bool // a NextToken says that there is more
}

// cutOff notes the lists whose last page is missing. The pages of one list lie in one
// folder, and the last page has no NextToken.
func (l *loader) cutOff() {
	type place struct{ folder, within, list string }
	last, complete := map[place]listPage{}, map[place]bool{}
	var order []place
	for _, p := range l.pages {
		_, ours := section(p.list)
		at := place{filepath.Dir(p.file), p.within, p.list}
		switch _, seen := last[at]; {
		case !ours && !slices.Contains(unenforced, p.list):
			continue
		case !p.cut:
			complete[at] = true
			continue
		case !seen:
			order = append(order, at)
		}
		last[at] = p
	}
	for _, at := range order {
		if !complete[at] {
			l.notice(CutOff, last[at].String(), at.list)
		}
	}
}
