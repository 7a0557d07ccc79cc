package follow

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Copy is a file with the messages that a card took, as they came: a snapshot, and what
// led on from it. A card begins with it where no controller answers.
type Copy struct {
	path     string
	file     *os.File // open for appending; nil: there is no snapshot yet, or writing failed
	snapshot int64    // bytes
	size     int64
	told     time.Time // when a message was last written; zero: none since the start
	failed   time.Time // when a message could not be written; zero: nothing is missing

	now func() time.Time // the card's clock, which time.Now reads such that setting it changes no difference of two times
}

// mostTail is how long what led on from a snapshot may be, whatever the snapshot's length,
// before a new snapshot is worth its bytes.
const mostTail = 1 << 20

// stillNothing is for how long messages are not kept that tell nothing but that the copy is
// up to date. It and failing are told by the card's clock: the controller's, by which messages are
// issued, may be set back.
const stillNothing = 10 * time.Minute

// failing is how long a copy that could not be written, as on a full disk, asks for no snapshot: with every message,
// each such card would have its controller send all that the card needs.
const failing = 10 * time.Minute

// NewCopy makes a copy at a path in a folder of the card's own.
func NewCopy(path string) *Copy { return &Copy{path: path, now: time.Now} }

// Recall has a follower take what is in the file. Without a file it takes nothing. A
// message at the end that was cut off while it was written is left out. With any other
// message that is not as a controller signed it, nothing of the file is to be believed,
// and the error names it.
func (c *Copy) Recall(f *Follower) error {
	file, err := os.OpenFile(c.path, os.O_RDWR|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r := NewReader(file)
	for n := 1; ; n++ {
		m, err := Read(r)
		if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err == nil {
			err = f.Recall(m)
		}
		if err != nil {
			file.Close()
			return fmt.Errorf("%s: message %d: %w", c.path, n, err)
		}
		c.count(m)
	}
	if c.size == 0 {
		return file.Close()
	}
	if err := file.Truncate(c.size); err != nil {
		return errors.Join(err, file.Close())
	}
	c.file = file
	return nil
}

// count notes that a message stands in the file.
func (c *Copy) count(m *Message) {
	n := m.length()
	if m.Snapshot() {
		c.snapshot, c.size = n, 0
	}
	c.size += n
}

// Keep writes a message that the follower took, but for records and questions, which are for the moment. After an
// error the file ends with the message before, and nothing is added before the next snapshot.
func (c *Copy) Keep(m *Message) error {
	var err error
	switch {
	case m.Records != "" || m.Question != "":
		return nil
	case m.Snapshot():
		err = c.begin(m)
	case c.file == nil, m.Size == 0 && m.After == m.Revision && c.now().Sub(c.told) < stillNothing:
		return nil
	default:
		err = c.append(m)
	}
	if err != nil {
		c.failed = c.now()
		return err
	}
	c.told, c.failed = c.now(), time.Time{}
	c.count(m)
	return nil
}

// Wanting tells whether a snapshot is worth its bytes: there is none, or what led on from
// it is as long as the snapshot.
func (c *Copy) Wanting() bool {
	if !c.failed.IsZero() && c.now().Sub(c.failed) < failing {
		return false
	}
	return c.file == nil || c.size-c.snapshot > max(mostTail, c.snapshot)
}

// begin puts a file with a snapshot in the place of the one that is there.
func (c *Copy) begin(m *Message) (err error) {
	if err := c.Close(); err != nil { // what comes leads on from this snapshot, and not from the file's
		return err
	}
	next, err := os.OpenFile(c.path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = m.WriteTo(next); err == nil {
		err = next.Sync()
	}
	if err == nil {
		err = os.Rename(next.Name(), c.path)
	}
	if err != nil {
		return errors.Join(err, next.Close(), os.Remove(next.Name()))
	}
	if err := syncFolder(filepath.Dir(c.path)); err != nil {
		return errors.Join(err, next.Close())
	}
	c.file = next
	return nil
}

// syncFolder has a folder's names outlive the machine's power.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// append adds a message, or nothing.
func (c *Copy) append(m *Message) error {
	_, err := m.WriteTo(c.file)
	if err == nil {
		err = c.file.Sync()
	}
	if err == nil {
		return nil
	}
	err = errors.Join(err, c.file.Truncate(c.size), c.file.Close())
	c.file = nil
	return err
}

// Close closes the file.
func (c *Copy) Close() error {
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	c.file = nil
	return err
}
