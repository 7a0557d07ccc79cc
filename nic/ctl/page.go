package ctl

import (
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// usualLimit is how long a page is, unless told.
const usualLimit = 1000

// page is what of a listing is asked for.
type page struct {
	after string // the last item of the page before: its ID, name or place; "": the first page
	limit int
	eni   string // whose, of flows
}

// pageOf reads a query, or answers why it cannot be. It takes what the path's listing
// takes, such as "after=ID" and "limit=N".
func pageOf(w http.ResponseWriter, r *http.Request, takes ...string) (p page, ok bool) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		fail(w, http.StatusBadRequest, "?%s: %v", r.URL.RawQuery, err)
		return p, false
	}
	p.limit = usualLimit
	for name, values := range query {
		if !slices.ContainsFunc(takes, func(t string) bool { return strings.HasPrefix(t, name+"=") }) {
			err = fmt.Errorf("%s takes %s, not %s", strings.TrimPrefix(r.URL.Path, "/v1/"), listed(takes), name)
		} else if badly := p.set(name, values[0]); badly != nil {
			err = badly
		}
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "%v", err)
	}
	return p, err == nil
}

func (p *page) set(name, value string) (err error) {
	switch name {
	case "eni":
		p.eni = value
	case "after":
		p.after = value
	case "limit":
		if p.limit, err = strconv.Atoi(value); err != nil || p.limit < 1 {
			err = fmt.Errorf("limit=%s: a limit is a number from 1 on", value)
		}
	}
	return err
}

// listed is "a, b and c".
func listed(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// first yields the first n.
func first[T any](n int, items iter.Seq[T]) iter.Seq[T] {
	return func(yield func(T) bool) {
		left := n
		for item := range items {
			if left--; !yield(item) || left == 0 {
				return
			}
		}
	}
}
