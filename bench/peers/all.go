package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// all checks what comes out, measures, and tells.
func (p *peers) all(w io.Writer, readme string) (err error) {
	if err := need(); err != nil {
		return err
	}
	if p.rounds < 1 || p.duration <= 0 {
		return errors.New("--rounds and --duration: one round of some time is the least")
	}
	if err := isolate(); err != nil {
		return err
	}
	if p.dir, err = os.MkdirTemp("", "nitrocard-peers"); err != nil {
		return err
	}
	defer os.RemoveAll(p.dir)
	if err := p.check(); err != nil {
		return err
	}
	o, err := p.contests()
	if err != nil {
		return err
	}
	return p.tell(w, o, readme)
}

// contests measures all there are.
func (p *peers) contests() (o *outcome, err error) {
	o = &outcome{pcap: p.onPcap(), memory: p.inMemory(), kernel: p.byKernel()}
	if o.byKernel, err = p.run(o.kernel); err != nil {
		return nil, err
	}
	if o.inMemory, err = p.run(o.memory); err != nil {
		return nil, err
	}
	o.onPcap, err = p.run(o.pcap)
	return o, err
}

// tell writes the tables, and renews them in a README with the picture.
func (p *peers) tell(w io.Writer, o *outcome, readme string) error {
	where, err := p.machine()
	if err != nil {
		return err
	}
	var text strings.Builder
	o.write(&text)
	fmt.Fprintf(&text, "%s\n", where)
	if _, err := io.WriteString(w, text.String()); err != nil || readme == "" {
		return err
	}
	if err := o.pcap.draw(o.onPcap, pictures(readme)...); err != nil {
		return err
	}
	return renew(readme, text.String())
}
