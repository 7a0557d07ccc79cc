package vpc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// readBounds are the bounds of a file and of a folder.
type readBounds struct {
	ec2.Bounds
	folder int64 // bytes of text in all files
	files  int
	nested int // folders in folders
}

var usualBounds = readBounds{Bounds: ec2.UsualBounds, folder: 1 << 30, files: 1 << 16, nested: 16}

// tooLong notes that a folder exceeds a bound, and ends the reading.
func (l *loader) tooLong(path, format string, bound any) {
	l.wrong(path, fmt.Errorf(format, bound))
	l.ended = true
}

// Files are the files that Load would read.
func Files(path string) ([]string, error) {
	if path == "-" {
		return nil, nil
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return []string{path}, err
	}
	var files []string
	err := filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// folder reads the files of a folder and of the folders inside, such as one a region, an
// account or a day, in the order of their names. A notice names each file passed over.
func (l *loader) folder(path string, deep int) {
	entries, err := os.ReadDir(path)
	if err != nil {
		l.wrong(path, err)
		return
	}
	before := l.files
	for _, e := range entries {
		if l.ended {
			return
		}
		file := filepath.Join(path, e.Name())
		switch reason := l.unread(file, e, deep); {
		case reason != "":
			l.notice(FilePassedOver, file, reason)
		case e.IsDir():
			l.folder(file, deep+1)
		case l.files == l.bounds.files:
			l.tooLong(path, "holds more than %d files; put them together: jq -s . *.json > all.json", l.bounds.files)
		default:
			l.files++
			l.file(file)
		}
	}
	if deep == 0 && l.files == before {
		l.wrong(path, errors.New("holds no file that ends in .json, .jsonl, .yaml, .yml or .gz"))
	}
}

// unread is why an entry of a folder is passed over; "": it is read. Only regular files
// are opened, because a pipe would never end, and a device might not.
func (l *loader) unread(path string, e fs.DirEntry, deep int) string {
	info, err := os.Stat(path)
	switch {
	case strings.HasPrefix(e.Name(), "."):
		return "is hidden"
	case err != nil:
		return "leads nowhere"
	case info.IsDir() && !e.IsDir():
		return "is a link to a folder"
	case info.IsDir() && deep == l.bounds.nested:
		return "lies too deep"
	case info.IsDir():
		return ""
	case !configEnding(e.Name()):
		return "ends in none of .json, .jsonl, .yaml, .yml, .gz"
	case !info.Mode().IsRegular():
		return "is no regular file"
	case info.Size() == 0:
		return "is empty: did the command that wrote it fail?"
	}
	return ""
}

// configEnding tells whether a file's name ends as a configuration's may.
func configEnding(name string) bool {
	name = strings.ToLower(name)
	return !strings.HasSuffix(name, ".tar.gz") && slices.Contains([]string{".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".gz"}, filepath.Ext(name))
}
