package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// What is renewed in a README stands between these.
const (
	from = "<!-- make bench-peers -->\n"
	to   = "<!-- end of make bench-peers -->\n"
)

// renew puts a text in its place in a file.
func renew(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(old), from)
	_, after, ends := strings.Cut(rest, to)
	if !begins || !ends {
		return fmt.Errorf("%s: there is no place for the table, between the lines %q and %q", file, strings.TrimSpace(from), strings.TrimSpace(to))
	}
	return os.WriteFile(file, []byte(before+from+text+to+after), 0o644)
}

// pictures are where they belong, beside a README.
func pictures(readme string) []string {
	dir := filepath.Dir(readme)
	return []string{filepath.Join(dir, "peers.svg"), filepath.Join(dir, "peers.png")}
}
