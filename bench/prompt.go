package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Prompt is a session by hand: it reads a command a line from in and answers
// on out, until quit, the end of in, or the end of ctx.
func Prompt(ctx context.Context, o Options, in io.Reader, out io.Writer) error {
	s, err := NewSession(o)
	if err != nil {
		return err
	}
	defer s.Close()
	p := &prompt{s, out}
	lines := readLines(ctx, in)
	for {
		fmt.Fprint(out, "bench> ")
		select {
		case <-ctx.Done():
			fmt.Fprintln(out)
			return p.end()
		case line, ok := <-lines:
			if !ok {
				return p.end()
			}
			if err := p.obey(line); err == errQuit {
				return p.end()
			} else if err != nil {
				fmt.Fprintln(out, err)
			}
		}
	}
}

// readLines reads until in or ctx ends. One more line may be read, and lost.
func readLines(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// prompt is a session and who is at it.
type prompt struct {
	*Session
	out io.Writer
}

// errQuit ends a prompt.
var errQuit = errors.New("quit")

// command is a line that a prompt knows.
type command struct {
	words, takes, does string // takes one more word unless empty
	do                 func(p *prompt, word string) error
}

// commands are all of them.
func commands() []command {
	return []command{
		{"start", "", "connect the flows and forward", (*prompt).start},
		{"stop", "", "stop forwarding and tell what was done", (*prompt).stop},
		{"show port stats all", "", "each port's counts since it was set up", (*prompt).showPorts},
		{"show fwd stats all", "", "each port's counts since start", (*prompt).showForwarded},
		{"clear port stats all", "", "count from now on", func(p *prompt, _ string) error { p.ClearPorts(); return nil }},
		{"clear fwd stats all", "", "count from now on", func(p *prompt, _ string) error { p.ClearForwarded(); return nil }},
		{"set burst", "N", "frames taken from a port at a time", (*prompt).setBurst},
		{"set fwd", "MODE", "forward mode", (*prompt).setMode},
		{"help", "", "this list", (*prompt).help},
		{"quit", "", "stop and end", func(*prompt, string) error { return errQuit }},
	}
}

// obey does what a line says.
func (p *prompt) obey(line string) error {
	line = strings.Join(strings.Fields(line), " ")
	if line == "" {
		return nil
	}
	for _, c := range commands() {
		word, ok := strings.CutPrefix(line+" ", c.words+" ")
		if ok && (word != "") == (c.takes != "") {
			return c.do(p, strings.TrimSpace(word))
		}
	}
	return fmt.Errorf("%q is no command; help lists them", line)
}

// end stops what runs, and tells what it did.
func (p *prompt) end() error {
	if p.workers == nil {
		return nil
	}
	return p.stop("")
}

func (p *prompt) start(string) error { return p.Start() }

func (p *prompt) stop(string) error {
	r, err := p.Stop()
	if err != nil {
		return err
	}
	return r.Write(p.out)
}

// errNothing is what there is to show before the first start.
var errNothing = errors.New("no port is set up yet; start does it")

func (p *prompt) showPorts(string) error {
	if p.rigs == nil {
		return errNothing
	}
	writeDrivers(p.out, p.Ports())
	return nil
}

func (p *prompt) showForwarded(string) error {
	if p.rigs == nil {
		return errNothing
	}
	ports := p.Forwarded()
	writePorts(p.out, append(ports, sum(ports)))
	return nil
}

func (p *prompt) setBurst(word string) error {
	n, err := strconv.Atoi(word)
	if err != nil {
		return fmt.Errorf("burst %q: a number is expected", word)
	}
	return p.Set(func(o *Options) { o.Burst = n })
}

func (p *prompt) setMode(word string) error {
	var m Mode
	if err := m.Set(word); err != nil {
		return err
	}
	return p.Set(func(o *Options) { o.Mode = m })
}

func (p *prompt) help(string) error {
	for _, c := range commands() {
		fmt.Fprintf(p.out, "%-22s%s\n", c.words+" "+c.takes, c.does)
	}
	fmt.Fprintf(p.out, "\nForward modes:\n%s", ModesHelp())
	return nil
}
