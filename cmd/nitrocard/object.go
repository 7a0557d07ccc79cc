package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"nitrocard/nic/vpc"
)

// objectOf finds an object of a configuration by its ID, which is the first
// field of every kind.
func objectOf(cfg *vpc.Config, id string) (any, error) {
	lists := reflect.ValueOf(cfg).Elem()
	for i := range lists.NumField() {
		list := lists.Field(i)
		if list.Kind() != reflect.Slice || list.Type().Elem().Kind() != reflect.Struct {
			continue
		}
		for j := range list.Len() {
			if object := list.Index(j); fmt.Sprint(object.Field(0)) == id {
				return object.Interface(), nil
			}
		}
	}
	return nil, fmt.Errorf("the configuration has no object %q", id)
}

// countKinds tells how many objects of each kind there are, in the
// configuration's order.
func countKinds(cfg *vpc.Config) []kindCount {
	var counts []kindCount
	lists := reflect.ValueOf(cfg).Elem()
	for i := range lists.NumField() {
		if list := lists.Field(i); list.Kind() == reflect.Slice && list.Len() > 0 {
			counts = append(counts, kindCount{lists.Type().Field(i).Name, list.Len()})
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(cfg.Unenforced)) {
		if n := len(cfg.Unenforced[kind]); n > 0 {
			counts = append(counts, kindCount{kind, n})
		}
	}
	return counts
}
