package ctl

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// readings are what ?reading= takes.
var readings = map[string][]string{"reading": {"told", "strict", "lenient", alreadyRead}}

// queryOf reads the query of a write, or answers why it cannot be. It takes the names and values given,
// each name once: a word that is passed over could have been the one that keeps the write from changing
// anything.
func queryOf(w http.ResponseWriter, r *http.Request, takes ...map[string][]string) (query map[string]string, ok bool) {
	known := map[string][]string{}
	for _, t := range takes {
		maps.Copy(known, t)
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		err = fmt.Errorf("?%s: %w", r.URL.RawQuery, err)
	}
	query = map[string]string{}
	for name, given := range values {
		if badly := wrong(r, known, name, given); badly != nil {
			err = badly
		}
		query[name] = given[0]
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "%v; nothing was changed", err)
	}
	return query, err == nil
}

// wrong is what is wrong about a parameter.
func wrong(r *http.Request, known map[string][]string, name string, given []string) error {
	switch values, is := known[name]; {
	case !is && name == dryRunPath:
		return fmt.Errorf("%s takes no parameter %s; POST /v1/%s with the whole configuration tells what it would do", r.URL.Path, name, dryRunPath)
	case !is:
		return fmt.Errorf("%s takes no parameter %s", r.URL.Path, name)
	case len(given) > 1:
		return fmt.Errorf("?%s= stands more than once", name)
	case !slices.Contains(values, given[0]):
		return fmt.Errorf("%s=%s: %s is expected", name, given[0], strings.Join(values, ", "))
	}
	return nil
}

// plain refuses writes with parameters.
func plain(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := queryOf(w, r); ok {
			h(w, r)
		}
	}
}
