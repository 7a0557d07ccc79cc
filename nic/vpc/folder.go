package vpc

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of a folder.
const (
	maxFolder = 1 << 30 // bytes of text
	maxFiles  = 1 << 16
	maxNested = 16
)

var errFolder = errors.New("more than 1 GiB of configuration: leave out the files that the card does not act on, such as Reservations")

// Files are those that Load reads.
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

// folder reads the files of a folder in the order of their names. A folder in it
// may be a region, an account or a day; what is none of ours is named.
func (l *loader) folder(path string, deep int) {
	entries, err := os.ReadDir(path)
	if err != nil {
		l.wrong(path, err)
		return
	}
	before := l.files
	for _, e := range entries {
		file := filepath.Join(path, e.Name())
		switch reason := l.unread(file, e, deep); {
		case reason != "":
			l.notice(FilePassedOver, file, reason)
		case e.IsDir():
			l.folder(file, deep+1)
		case l.files == maxFiles:
			l.wrong(path, errors.New("holds more than 65,536 files; put them together: jq -s . *.json > all.json"))
			return
		default:
			l.files++
			l.file(file)
		}
	}
	if deep == 0 && l.files == before {
		l.wrong(path, errors.New("holds no file that ends in .json, .jsonl, .yaml, .yml or .gz"))
	}
}

// unread is why an entry of a folder is passed over; "": it is read. Nothing but
// a regular file is opened: a pipe would never end, a device might not.
func (l *loader) unread(path string, e fs.DirEntry, deep int) string {
	info, err := os.Stat(path)
	switch {
	case strings.HasPrefix(e.Name(), "."):
		return "is hidden"
	case err != nil:
		return "leads nowhere"
	case info.IsDir() && !e.IsDir():
		return "is a link to a folder"
	case info.IsDir() && deep == maxNested:
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

func configEnding(name string) bool {
	name = strings.ToLower(name)
	return !strings.HasSuffix(name, ".tar.gz") && slices.Contains([]string{".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".gz"}, filepath.Ext(name))
}
