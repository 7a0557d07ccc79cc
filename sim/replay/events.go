package replay

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"nitrocard/nic/vpc"
)

// event is a change of the configuration.
type event struct {
	at     Time
	line   string // where it was asked for, as FILE:LINE
	file   string // or folder, of the configuration
	config *vpc.Config
}

// maxLine is the longest line of an events file, in bytes.
const maxLine = 1 << 20

// readEvents reads the events file at path, in the order of time; lines of
// the same time keep theirs. No path: no events.
func readEvents(path string, reading vpc.Reading) ([]event, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--events: %w", err)
	}
	defer f.Close()
	var events []event
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	n := 1
	for ; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		e := event{line: fmt.Sprintf("%s:%d", path, n)}
		if err := e.parse(lines.Bytes(), filepath.Dir(path), reading); err != nil {
			return nil, fmt.Errorf("%s: %w", e.line, err)
		}
		events = append(events, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", path, n, err)
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return events, nil
}

// parse reads one line and the configuration that it names.
func (e *event) parse(line []byte, folder string, reading vpc.Reading) error {
	var fields struct {
		Time  *Time  `json:"time"`
		Apply string `json:"apply"`
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&fields); err != nil {
		return fmt.Errorf(`%w; a line is like {"time": 1767225600.5, "apply": "FILE"}`, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one object on the line")
	}
	if fields.Time == nil || fields.Apply == "" {
		return errors.New(`a line has both "time" and "apply"`)
	}
	e.at, e.file = *fields.Time, beside(folder, fields.Apply)
	var err error
	e.config, err = reading.Load(e.file)
	return err
}

// beside finds a file that is named relative to folder or else to the working
// directory.
func beside(folder, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	there := filepath.Join(folder, name)
	if _, err := os.Stat(there); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(name); err == nil {
			return name
		}
	}
	return there
}
