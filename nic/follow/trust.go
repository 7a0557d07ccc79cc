package follow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Trust is whom a card believes: keys that never change, or a root document and those that led on
// from it. It belongs to one goroutine.
type Trust struct {
	keys Keys
	root *Root // the latest; nil: the keys never change
	path string
	kept []byte // the documents after the one that was given, a line each

	unsaved bool // the file at path lacks some of kept
}

// Trust is to believe these keys, for good.
func (k Keys) Trust() *Trust { return &Trust{keys: k} }

// Trust is to believe who the document names, and the documents that follow it.
func (r *Root) Trust() *Trust { return &Trust{keys: r.Keys(ControllerRole), root: r} }

// LoadTrust reads what a card was given: public keys in PEM, or a root document.
func LoadTrust(path string) (*Trust, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		keys, err := parseKeys(path, data)
		if err != nil {
			return nil, err
		}
		return keys.Trust(), nil
	}
	root, err := ParseRoot(data)
	if err == nil {
		err = root.Complete()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return root.Trust(), nil
}

// Version is that of the latest root document; 0: there is none, and the keys never change.
func (t *Trust) Version() int64 {
	if t.root == nil {
		return 0
	}
	return t.root.Version()
}

// valid is an error if the latest root document has expired.
func (t *Trust) valid(now time.Time) error {
	if t.root != nil && now.After(t.root.Expires()) {
		return fmt.Errorf("root version %d, which says who signs: %w, at %s", t.Version(), errExpired, t.root.Expires().Format(time.RFC3339))
	}
	return nil
}

// Keep takes what a file in a folder of the card's own has kept of earlier starts, and keeps there
// what Advance takes. Nobody who comes between a controller and a card can then take a card that
// starts anew back to keys that were revoked. The file is checked as if it came from a controller,
// and a damaged one is an error: without it the card would believe who signed before.
func (t *Trust) Keep(path string) error {
	t.path = path
	data, err := os.ReadFile(path)
	if t.root == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for n := 1; len(data) > 0; n++ {
		line, rest, whole := bytes.Cut(data, []byte{'\n'})
		if !whole {
			return fmt.Errorf("%s: root document %d is cut off", path, n)
		}
		if err := t.recall(line); err != nil {
			return fmt.Errorf("%s: root document %d: %w", path, n, err)
		}
		data = rest
	}
	return nil
}

// recall takes a document from the card's file, unless the card was given a later one.
func (t *Trust) recall(line []byte) error {
	if r, err := ParseRoot(line); err != nil || r.Version() <= t.root.Version() {
		return err
	}
	next, err := t.root.Next(line)
	if err == nil {
		err = t.become(next)
	}
	return err
}

// become makes a document that follows the latest one the latest.
func (t *Trust) become(next *Root) error {
	var line bytes.Buffer
	if err := json.Compact(&line, next.Text()); err != nil {
		return err
	}
	line.WriteByte('\n')
	t.root, t.keys, t.kept = next, next.Keys(ControllerRole), append(t.kept, line.Bytes()...)
	return nil
}

// Advance takes the documents that follow the latest one, in order, as far as they do. It tells
// whether a key was revoked by them. The error says why not all of them were taken.
func (t *Trust) Advance(texts [][]byte) (revoked bool, err error) {
	from := t.Version()
	for _, text := range texts {
		before := t.keys
		if t.root == nil {
			return false, errors.New("the keys of this card never change, because no root document was given to it")
		}
		var next *Root
		if next, err = t.root.Next(text); err == nil {
			err = t.become(next)
		}
		if err != nil {
			break
		}
		for id := range before {
			revoked = revoked || t.keys[id] == nil
		}
	}
	t.unsaved = t.unsaved || t.Version() > from
	return revoked, errors.Join(err, t.save())
}

// save writes the documents, unless the file has them. A write that failed is tried again with the next
// Advance: with the older file a restart would bring back a key that was revoked.
func (t *Trust) save() error {
	if !t.unsaved {
		return nil
	}
	if err := t.write(); err != nil {
		return fmt.Errorf("the root documents are in force, and not written: a restart would trust the older ones: %w", err)
	}
	t.unsaved = false
	return nil
}

// write puts the documents in the place of the file's.
func (t *Trust) write() error {
	if t.path == "" {
		return nil
	}
	next := t.path + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(t.kept)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(next, t.path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(t.path))
	}
	return err
}
