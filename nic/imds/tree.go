package imds

import (
	"slices"
	"strings"
)

// tree is what may be asked for: the text of each path, without a slash at either end.
type tree map[string]string

// put sets the text of a path, if there is any.
func (t tree) put(path, text string) {
	if text != "" {
		t[path] = text
	}
}

// list sets the list of a folder where what lies below has other names in the list. The key ends in a
// slash, as no path does.
func (t tree) list(path, lines string) { t[path+"/"] = lines }

// at is the answer for a path: the text of a leaf, or the list of what lies below, folders with
// a slash behind. A leaf is not asked for with a slash.
func (t tree) at(path string) (text string, found bool) {
	folder := strings.HasSuffix(path, "/") || path == ""
	path = strings.Trim(path, "/")
	if text, leaf := t[path]; leaf {
		return text, !folder
	}
	if lines, listed := t[path+"/"]; listed {
		return lines, true
	}
	prefix := path + "/"
	if path == "" {
		prefix = ""
	}
	var below []string
	for p := range t {
		if rest, ok := strings.CutPrefix(p, prefix); ok && rest != "" {
			name, _, deeper := strings.Cut(rest, "/")
			if deeper {
				name += "/"
			}
			below = append(below, name)
		}
	}
	slices.Sort(below)
	return strings.Join(slices.Compact(below), "\n"), len(below) > 0
}
