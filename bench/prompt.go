package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
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
	p := &prompt{Session: s, out: out}
	lines, failed := readLines(ctx, in)
	for {
		if _, err := fmt.Fprint(out, "bench> "); err != nil {
			return err // nobody reads what it says
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(out)
			return p.end()
		case line, ok := <-lines:
			if !ok {
				fmt.Fprintln(out)
				return errors.Join(p.end(), failed())
			}
			if err := p.obey(line); err == errQuit {
				return p.end()
			} else if err != nil {
				fmt.Fprintln(out, err)
			}
		}
	}
}

// readLines reads until in or ctx ends; failed tells why in did, if not well.
// One more line may be read, and lost.
func readLines(ctx context.Context, in io.Reader) (lines chan string, failed func() error) {
	lines = make(chan string)
	scanner := bufio.NewScanner(in)
	go func() {
		defer close(lines)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines, func() error {
		if err := scanner.Err(); err != nil {
			return fmt.Errorf("the next command cannot be read: %w", err)
		}
		return nil
	}
}

// prompt is a session and who is at it.
type prompt struct {
	*Session
	out     io.Writer
	cleared bool // the counts of forwarding, since start
}

// errQuit ends a prompt.
var errQuit = errors.New("quit")

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
	return fmt.Errorf("%.80q is no command; help lists them", line)
}

// end stops what runs, and tells what it did.
func (p *prompt) end() error {
	if p.workers == nil {
		return nil
	}
	return p.stop("")
}
