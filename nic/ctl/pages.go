package ctl

import (
	"context"
	"iter"
	"net/url"
	"strconv"
)

// pages are a listing that a client reads page by page. The card waits for nobody who
// takes his time between two pages.
type pages[T any] struct {
	path  string
	query url.Values
	limit int             // items in all; 0: all there are
	key   func(*T) string // what the page behind an item is asked for by
}

// each yields the items, or the error that ended it.
func each[T any](ctx context.Context, c *Client, p pages[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		query := url.Values{}
		for name, values := range p.query {
			query[name] = values
		}
		for left, more := p.limit, true; more; {
			n := usualLimit
			if p.limit > 0 {
				n = min(n, left)
			}
			query.Set("limit", strconv.Itoa(n))
			items, err := get[[]T](ctx, c, p.path+"?"+query.Encode())
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for i := range items {
				if !yield(items[i], nil) {
					return
				}
			}
			left -= len(items)
			if more = len(items) == n && (p.limit == 0 || left > 0); more {
				query.Set("after", p.key(&items[n-1]))
			}
		}
	}
}

// all is what a sequence yields, or the error that ended it.
func all[T any](items iter.Seq2[T, error]) ([]T, error) {
	list := []T{}
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}
