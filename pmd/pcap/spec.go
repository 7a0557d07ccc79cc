package pcap

import (
	"fmt"
	"strings"
)

// spec is what a port is made of: FILE[,out=FILE][,loop] as users write it.
type spec struct {
	in   string // capture to receive, none if empty
	out  string // capture of what was sent, dropped if empty
	loop bool   // start in again when it ends
}

// parseSpec reads FILE[,out=FILE][,loop].
func parseSpec(text string) (spec, error) {
	file, options, _ := strings.Cut(text, ",")
	s := spec{in: file}
	for option := range strings.SplitSeq(options, ",") {
		key, value, _ := strings.Cut(option, "=")
		switch {
		case option == "":
		case option == "loop":
			s.loop = true
		case key == "out" && s.out != "":
			return spec{}, fmt.Errorf("pcap:%s: out= is there twice; a port writes one capture", text)
		case key == "out" && value != "":
			s.out = value
		default:
			return spec{}, fmt.Errorf("pcap:%s: %q is no option; pcap:FILE[,out=FILE][,loop] is expected", text, option)
		}
	}
	if s.in == "" && s.out == "" {
		return spec{}, fmt.Errorf("pcap:%s names no file; pcap:FILE[,out=FILE][,loop] is expected", text)
	}
	return s, nil
}

// Out is the file that a port opened by FILE[,out=FILE][,loop] writes. Out is empty for a
// port that writes none, and for a text that Open refuses.
func Out(text string) string {
	s, _ := parseSpec(text)
	return s.out
}
