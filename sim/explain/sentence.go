package explain

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// Sentence says what a network is expected to do with a packet. In a file it is a line:
//
//	# FROM     TO       PROTOCOL  PORT  EXPECTED
//	internet   web      tcp       443   allowed
//	internet   web      tcp6      443   allowed
//	"my host"  10.0.2.5 udp       53    denied
//	eni-a1     internet icmp      -     allowed
//	eni-a1     eni-a2   4/6       -     allowed
//
// tcp6, udp6 and icmpv6 ask about IPv6, and so does a protocol's number with /6.
type Sentence struct {
	Line int // in its file, from 1
	Ask
	Allowed bool // a connection comes about: the packet arrives, and its answer
}

// MostSentences is how many sentences a file may have, and longestSentence how many bytes one may.
const (
	MostSentences   = 100_000
	longestSentence = 4096
)

// ReadSentences reads a file of sentences. The error names each line that is none.
func ReadSentences(file string, r io.Reader) (all []Sentence, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestSentence)
	var problems ec2.Problems
	n := 1
	for ; lines.Scan(); n++ {
		words, err := wordsOf(lines.Text())
		if len(words) == 0 && err == nil {
			continue
		}
		s := Sentence{Line: n}
		if err == nil {
			err = s.parse(words)
		}
		if err != nil {
			problems.Add(fmt.Sprintf("%s:%d", file, n), "%v", err)
			continue
		}
		if all = append(all, s); len(all) > MostSentences {
			return nil, fmt.Errorf("%s:%d: there are more than %d sentences", file, n, MostSentences)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, n, err)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return all, nil
}

// wordsOf are a line's words. A word with blanks stands in quotes; # begins a comment.
func wordsOf(line string) (words []string, err error) {
	for {
		line = strings.TrimLeft(line, " \t\r")
		switch {
		case line == "" || line[0] == '#':
			return words, nil
		case line[0] == '"':
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, fmt.Errorf("a closing quote is missing")
			}
			word, _ := strconv.Unquote(quoted) // which takes what QuotedPrefix finds
			words, line = append(words, word), line[len(quoted):]
		default:
			end := strings.IndexAny(line, " \t\r")
			if end < 0 {
				end = len(line)
			}
			words, line = append(words, line[:end]), line[end:]
		}
	}
}

// parse reads a sentence's words.
func (s *Sentence) parse(words []string) (err error) {
	if len(words) != 5 {
		return fmt.Errorf("%d words; a sentence has five: FROM TO PROTOCOL PORT EXPECTED, such as: internet web tcp 443 allowed", len(words))
	}
	s.From, s.To = words[0], words[1]
	protocol, six := familyOf(words[2])
	if s.Protocol, err = Protocol(protocol); err != nil {
		return err
	}
	s.IPv6 = six || s.Protocol == wire.ProtoICMPv6
	if s.Port, err = portOf(words[3]); err != nil {
		return err
	}
	switch words[4] {
	case "allowed", "denied":
		s.Allowed = words[4] == "allowed"
		return nil
	}
	return fmt.Errorf("%q: allowed or denied is expected", ec2.Shorten(words[4]))
}

// familyOf is the protocol that a word names, and whether the word names IPv6, as tcp6 and 47/6 do.
// The number 46 is a protocol of its own, so a number's 6 stands behind a slash.
func familyOf(word string) (protocol string, six bool) {
	if number, six := strings.CutSuffix(word, "/6"); six {
		return number, true
	}
	if _, err := Protocol(word); err == nil {
		return word, false
	}
	return strings.CutSuffix(word, "6")
}

// portOf is a port in a sentence, 0 of "-".
func portOf(word string) (uint16, error) {
	if word == "-" {
		return 0, nil
	}
	n, err := strconv.ParseUint(word, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q: a port from 1 to 65535 is expected, or - where the protocol has none", ec2.Shorten(word))
	}
	return uint16(n), nil
}

// Protocol is the number of a protocol by its name in EC2's rules, or by its number.
func Protocol(text string) (uint8, error) {
	for _, n := range []uint8{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP, wire.ProtoICMPv6} {
		if strings.EqualFold(text, wire.ProtocolName(n)) {
			return n, nil
		}
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("%q: tcp, udp, icmp, icmpv6 or a number from 0 to 255 is expected", ec2.Shorten(text))
	}
	return uint8(n), nil
}

// word is a name as a sentence has it.
func word(name string) string {
	if name == "" || strings.ContainsAny(name, " \t#\"\\") || strconv.Quote(name) != `"`+name+`"` {
		return strconv.Quote(name)
	}
	return name
}

// Words are the sentence's words, without what is expected.
func (s *Sentence) Words() []string {
	protocol, port := wire.ProtocolName(s.Protocol), "-"
	if s.IPv6 && s.Protocol != wire.ProtoICMPv6 {
		if protocol[0] <= '9' { // a number
			protocol += "/"
		}
		protocol += "6"
	}
	if s.Port != 0 {
		port = strconv.Itoa(int(s.Port))
	}
	return []string{word(s.From), word(s.To), protocol, port}
}

// Expected is what the sentence expects, in a word.
func (s *Sentence) Expected() string { return verdictWord(s.Allowed) }

// verdictWord is allowed or denied.
func verdictWord(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}

// Held is what a network does about a sentence.
type Held struct {
	Sentence
	Is      bool   // allowed
	Unknown bool   // what is beyond the configuration decides whether it is allowed; Is is false
	Why     string // it is denied or unknown, for people; "" if it is allowed
}

// Holds tells whether the network does what is expected. An unknown verdict is none that a sentence
// expects.
func (h *Held) Holds() bool { return h.Is == h.Allowed && !h.Unknown }

// Got is what the network does, in a word.
func (h *Held) Got() string {
	if h.Unknown {
		return "unknown"
	}
	return verdictWord(h.Is)
}

// Hold asks the network about a sentence. The error is that the sentence means nothing here.
func (n *Network) Hold(s Sentence) (h Held, err error) {
	h.Sentence = s
	q, err := n.Question(s.Ask)
	if err != nil {
		return h, fmt.Errorf("line %d: %w", s.Line, err)
	}
	p, err := n.Explain(q)
	if err != nil {
		return h, fmt.Errorf("line %d: %w", s.Line, err)
	}
	h.Is, h.Unknown = p.Reachable(), p.Unknown()
	if !h.Is {
		h.Why = p.Why()
	}
	return h, nil
}

// Why says in a line why a path is not reachable.
func (p *Path) Why() string {
	end, way := &p.End, ""
	if p.Unknown() {
		return "it leaves by " + end.Exit + ", and what is behind is not in the configuration"
	}
	if p.There() {
		end, way = &p.ReturnEnd, "the answer: "
	}
	if end.Circle != "" {
		return way + "goes in a circle through " + end.Circle
	}
	if end.Arrived() {
		return way + "arrives at " + end.place() + ", and not where it was for"
	}
	return fmt.Sprintf("%s%s at %s: %s", way, end.Verdict, end.place(), end.Verdict.Sentence())
}

// place is where a packet ended.
func (e *End) place() string {
	switch {
	case e.Exit != "":
		return e.Exit
	case e.ENI == "":
		return "the internet gateway"
	}
	return e.ENI
}
