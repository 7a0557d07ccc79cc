package vpc

import (
	"cmp"

	"nitrocard/nic/vpc/ec2"
)

// Place is where an object of a configuration was read.
type Place struct {
	File   string // "": it was read from no file
	Index  int    // in the list in that file
	List   string // the list's name in that file; "": the same as in Config
	Answer bool   // it came in an answer of EC2's API
}

// Places are the places of all objects, by list and index in Config.
type Places map[string][]Place

// place is where the i-th object of a list was read. The place of an object that was not
// read from a file is its index.
func (c *Config) place(list string, i int) Place {
	if places := c.Places[list]; i < len(places) {
		return places[i]
	}
	return Place{Index: i}
}

// path names the i-th object of a list by its file and its index in that file, where
// people find the object.
func (c *Config) path(list string, i int, id string) string {
	return c.place(list, i).path(list, id)
}

// path names an object by file, list, index and ID: "a.json: Vpcs[3] vpc-1".
func (p Place) path(list, id string) string {
	return ec2.In(p.File, ec2.At(p.nameOf(list), p.Index, id))
}

// nameOf is the list's name in the file.
func (p Place) nameOf(list string) string { return cmp.Or(p.List, list) }

// files are the files that objects were read from.
func (p Places) files() map[string]bool {
	all, last := map[string]bool{}, ""
	for _, places := range p {
		for i := range places {
			if file := places[i].File; file != last {
				all[file], last = true, file
			}
		}
	}
	return all
}
