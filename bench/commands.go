package bench

import (
	"errors"
	"fmt"
	"strconv"

	"nitrocard/pmd"
)

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
		{"show port stats", "N|all", "a port's counts since it was set up; 0 is the first port", (*prompt).showPorts},
		{"show fwd stats all", "", "each port's counts since start", (*prompt).showForwarded},
		{"clear port stats", "N|all", "count a port's anew", (*prompt).clearPorts},
		{"clear fwd stats all", "", "count each port's anew", (*prompt).clearForwarded},
		{"set burst", "N", "frames taken from a port at a time", (*prompt).setBurst},
		{"set fwd", "MODE", "forward mode", (*prompt).setMode},
		{"help", "", "this list", (*prompt).help},
		{"quit", "", "stop and end", func(*prompt, string) error { return errQuit }},
	}
}

func (p *prompt) start(string) error {
	err := p.Start()
	p.cleared = p.cleared && err != nil
	return err
}

func (p *prompt) stop(string) error {
	r, err := p.Stop()
	if err != nil {
		return err
	}
	if p.cleared {
		fmt.Fprintln(p.out, "the ports' counts are since they were cleared; all else is since start")
	}
	return r.Write(p.out)
}

// errNothing is what there is to show before the first start.
var errNothing = errors.New("no port is set up yet; start does it")

// chosen are the ports from first up to end that a word means.
func (p *prompt) chosen(word string) (first, end int, err error) {
	if p.rigs == nil {
		return 0, 0, errNothing
	}
	all := len(p.rigs[0].ports)
	if word == "all" {
		return 0, all, nil
	}
	n, err := strconv.Atoi(word)
	if err != nil || n < 0 || n >= all {
		return 0, 0, fmt.Errorf("there is no port %q; a number from 0 to %d or all is expected", word, all-1)
	}
	return n, n + 1, nil
}

func (p *prompt) showPorts(word string) error {
	first, end, err := p.chosen(word)
	if err != nil {
		return err
	}
	writeDrivers(p.out, p.Ports()[first:end])
	return nil
}

func (p *prompt) clearPorts(word string) error {
	first, end, err := p.chosen(word)
	if err != nil {
		return err
	}
	p.ClearPorts(first, end)
	return nil
}

func (p *prompt) clearForwarded(string) error {
	if p.rigs == nil {
		return errNothing
	}
	p.ClearForwarded()
	p.cleared = true
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
		return fmt.Errorf("burst %q: a number from 1 to %d is expected", word, pmd.MaxBurst)
	}
	if err = p.Set(func(o *Options) { o.Burst = n }); err == nil {
		fmt.Fprintf(p.out, "%d frames are taken from a port at a time\n", n)
	}
	return err
}

func (p *prompt) setMode(word string) error {
	var m Mode
	if err := m.Set(word); err != nil {
		return err
	}
	err := p.Set(func(o *Options) { o.Mode = m })
	if err == nil {
		fmt.Fprintf(p.out, "the forward mode is %s\n", m)
	}
	return err
}

func (p *prompt) help(string) error {
	for _, c := range commands() {
		fmt.Fprintf(p.out, "%-24s%s\n", c.words+" "+c.takes, c.does)
	}
	fmt.Fprintf(p.out, "\nForward modes:\n%s", ModesHelp())
	return nil
}
