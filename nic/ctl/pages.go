package ctl

import (
	"context"
	"maps"
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

// all are the items, page by page.
func all[T any](ctx context.Context, c *Client, p pages[T]) ([]T, error) {
	query := url.Values{}
	maps.Copy(query, p.query)
	list := []T{}
	for {
		n := usualLimit
		if p.limit > 0 {
			n = min(n, p.limit-len(list))
		}
		query.Set("limit", strconv.Itoa(n))
		items, err := get[[]T](ctx, c, p.path+"?"+query.Encode())
		if err != nil {
			return nil, err
		}
		list = append(list, items...)
		if len(items) != n || len(list) == p.limit {
			return list, nil
		}
		query.Set("after", p.key(&items[n-1]))
	}
}
