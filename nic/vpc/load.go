package vpc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"nitrocard/nic/vpc/ec2"
)

// Reading tells what becomes of a name in a configuration that EC2 does not have.
type Reading int

// Readings.
const (
	Told    Reading = iota // Lenient for answers of EC2's API, Strict for what people write
	Strict                 // the name is an error
	Lenient                // the name is passed over with a notice
)

// Flags are the flags of the command line that choose the reading.
func (r Reading) Flags() []string {
	switch r {
	case Strict:
		return []string{"--strict"}
	case Lenient:
		return []string{"--lenient"}
	}
	return nil
}

// Readings by their names.
var readings = map[string]Reading{"told": Told, "strict": Strict, "lenient": Lenient}

// ReadingOf is the reading of that name.
func ReadingOf(name string) (Reading, error) {
	r, found := readings[name]
	if !found {
		return r, fmt.Errorf("%q is no reading: told, strict and lenient are", ec2.Shorten(name))
	}
	return r, nil
}

// Load reads a configuration from path: a file of YAML or JSON, with or without gzip; a
// folder, of which Load merges all such files, list by list; or "-", standard input. A
// saved answer of `aws ec2 describe-*` is such a file as it is.
//
// Load checks names and types, and Compile checks the meaning. If a name or type is wrong,
// Load's error also has the mistakes of meaning, so that people find all mistakes in one
// round.
func Load(path string) (*Config, error) { return Told.Load(path) }

// Parse reads one file's bytes. name stands before each error; if name ends in .json, YAML
// is an error. The error has all mistakes, one a line.
func Parse(name string, data []byte) (*Config, error) { return Told.Parse(name, data) }

// Load is the function Load, with this reading.
func (r Reading) Load(path string) (*Config, error) {
	l := newLoader(r)
	if path == "-" {
		l.read("standard input", os.Stdin)
		return l.finish()
	}
	info, err := os.Stat(path)
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		return nil, ec2.Problem{File: path, Reason: failed.Err.Error(), Cause: failed.Err}
	}
	if info.IsDir() {
		l.folder(path, 0)
	} else {
		l.file(path)
	}
	return l.finish()
}

// Parse is the function Parse, with this reading.
func (r Reading) Parse(name string, data []byte) (*Config, error) {
	l := newLoader(r)
	l.read(name, bytes.NewReader(data))
	return l.finish()
}

// loader gathers a configuration from the documents of all files.
type loader struct {
	reading  Reading
	bounds   readBounds
	config   *Config
	problems ec2.Problems
	pages    []listPage
	taken    []instanceENIs
	foreign  []foreign
	known    bool  // something of EC2 or of ours was found
	size     int64 // bytes of text in all files
	ended    bool  // a bound was reached
	files    int
	at       map[string]map[string]holder // by list and ID
	parts    int
	placed   bool // a Placement was read
}

// newLoader begins to read a configuration.
func newLoader(r Reading) *loader {
	return &loader{reading: r, bounds: usualBounds, config: &Config{Unenforced: map[string][]any{}, Places: Places{}}, at: map[string]map[string]holder{}}
}

// file reads a file.
func (l *loader) file(path string) {
	f, err := os.Open(path)
	if err != nil {
		l.wrong(path, err)
		return
	}
	defer f.Close()
	l.read(path, f)
}

// wrong notes that a file as a whole could not be read.
func (l *loader) wrong(file string, err error) {
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	l.problems.File = file
	l.problems.Add("", "%v", err)
}

// notice notes something that was passed over.
func (l *loader) notice(kind NoticeKind, path, what string) {
	l.config.Notices = append(l.config.Notices, newNotice(kind, path, what))
}

// read reads all documents of a file.
func (l *loader) read(name string, from io.Reader) {
	l.problems.File = name
	r, err := l.bounds.NewReader(name, from, &l.problems)
	if err != nil {
		l.wrong(name, err)
		return
	}
	defer l.count(name, r)
	for n := 1; r.Kind() != 0; n++ {
		if err := l.document(r, source{file: name, n: n}); err != nil {
			l.wrong(name, r.Explain(err))
			return
		}
	}
	if err := r.End(); err != nil {
		l.wrong(name, err)
	}
}

// count counts a file's bytes of text, and bounds those of all files together.
func (l *loader) count(name string, r *ec2.Reader) {
	if l.size += r.Size(); l.size > l.bounds.folder && !l.ended {
		l.tooLong(name, "with this file, the folder has more than %s of text: leave out the files that the card does not act on, such as Reservations", ec2.Bytes(l.bounds.folder))
	}
}

// finish is the configuration of all files together, or the error of all mistakes.
func (l *loader) finish() (*Config, error) {
	l.passOver()
	l.takeInstances()
	if l.problems.Err() != nil {
		return nil, l.config.mistakes(l.problems)
	}
	l.cutOff()
	return l.config, nil
}
