package follow

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// RootFolder is a folder of root documents, each in the file that TUF gives it: 3.root.json has
// version 3. Nothing in it is secret.
type RootFolder string

const rootSuffix = ".root.json"

// Path is where the document of a version is.
func (f RootFolder) Path(version int64) string {
	return filepath.Join(string(f), strconv.FormatInt(version, 10)+rootSuffix)
}

// Read reads the document of a version. The error is fs.ErrNotExist if there is none.
func (f RootFolder) Read(version int64) (*Root, error) {
	text, err := os.ReadFile(f.Path(version))
	if err != nil {
		return nil, err
	}
	r, err := ParseRoot(text)
	if err == nil && r.Version() != version {
		err = fmt.Errorf("its version is %d", r.Version())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path(version), err)
	}
	return r, nil
}

// Write puts a document in its file's place.
func (f RootFolder) Write(r *Root) error {
	next := f.Path(r.Version()) + ".new"
	if err := os.WriteFile(next, r.Text(), 0o644); err != nil {
		return err
	}
	return os.Rename(next, f.Path(r.Version()))
}

// Newest is the document of the highest version, whoever has signed it; nil if there is none.
func (f RootFolder) Newest() (*Root, error) {
	entries, err := os.ReadDir(string(f))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	newest := int64(0)
	for _, e := range entries {
		name, is := strings.CutSuffix(e.Name(), rootSuffix)
		if version, err := strconv.ParseInt(name, 10, 64); is && err == nil {
			newest = max(newest, version)
		}
	}
	if newest == 0 {
		return nil, nil
	}
	return f.Read(newest)
}

// mostRoots is how many root documents a card is told at once.
const mostRoots = 32

// After are the documents after a version, in order, at most mostRoots and none that is not signed as
// it must be. The error tells of the first that is not.
func (f RootFolder) After(version int64) (all []*Root, err error) {
	before, err := f.Read(version)
	for n := version + 1; len(all) < mostRoots && (err == nil || errors.Is(err, fs.ErrNotExist)); n++ {
		var next *Root
		if next, err = f.Read(n); err != nil {
			break
		}
		if before != nil { // nobody keeps the oldest for ever
			_, err = before.Next(next.Text())
		} else {
			err = next.Complete()
		}
		if err == nil {
			all, before = append(all, next), next
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return all, err
}
