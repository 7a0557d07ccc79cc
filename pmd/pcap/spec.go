package pcap

import (
	"fmt"
	"strings"
)

// Spec is what a port is made of: FILE[,out=FILE][,loop] as users write it.
type Spec struct {
	In   string // capture to receive, none if empty
	Out  string // capture of what was sent, dropped if empty
	Loop bool   // start In again when it ends
}

// ParseSpec reads FILE[,out=FILE][,loop].
func ParseSpec(text string) (Spec, error) {
	file, options, _ := strings.Cut(text, ",")
	s := Spec{In: file}
	for option := range strings.SplitSeq(options, ",") {
		key, value, _ := strings.Cut(option, "=")
		switch {
		case option == "":
		case option == "loop":
			s.Loop = true
		case key == "out" && value != "":
			s.Out = value
		default:
			return Spec{}, fmt.Errorf("pcap:%s: %q is no option; pcap:FILE[,out=FILE][,loop] is expected", text, option)
		}
	}
	if s.In == "" && s.Out == "" {
		return Spec{}, fmt.Errorf("pcap:%s names no file; pcap:FILE[,out=FILE][,loop] is expected", text)
	}
	return s, nil
}
