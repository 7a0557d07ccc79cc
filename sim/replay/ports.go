package replay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"nitrocard/nic"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
	"nitrocard/pmd/pcap"
)

// port is a port in memory and the capture of what left by it. The capture
// outlives the port: an ENI that goes and comes again has one.
type port struct {
	mem *mem.Port // nil while the card has no such port
	out *pcap.Writer
	err error // the first write that failed
}

// drain writes what the card sent by the port.
func (p *port) drain(at Time) {
	if p.mem == nil {
		return
	}
	p.mem.Drain(func(frame []byte) {
		if err := p.out.Write(int64(at), frame); err != nil && p.err == nil {
			p.err = err
		}
	})
}

func (p *port) close() error { return errors.Join(p.err, p.out.Close()) }

// ports are the uplink and every ENI that is on the card at any time.
type ports map[string]*port

// createAll makes the folder and a file for each name in it.
func createAll(dir string, names []string) (ports, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	all := ports{}
	for _, name := range names {
		out, err := pcap.CreateWriter(filepath.Join(dir, fileOf(name)))
		if err != nil {
			return nil, errors.Join(err, all.close())
		}
		all[name] = &port{out: out}
	}
	return all, nil
}

func (ps ports) close() error {
	var errs []error
	for _, p := range ps {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

func (ps ports) drain(at Time) {
	for _, p := range ps {
		p.drain(at)
	}
}

// uplinkQueue has room for the ARP requests that a card sends at once, one
// for each other card of its region.
const uplinkQueue = 1 << 14

// uplink opens the port to the underlay.
func (ps ports) uplink(mac wire.MAC) nic.Opener {
	return ps.opener(mem.Options{Name: nic.Uplink, MAC: mac, Queue: uplinkQueue})
}

// guest opens the port of an ENI, whatever it is plugged into.
func (ps ports) guest(e *vpc.OwnENI) (string, nic.Opener) {
	return e.ID, ps.opener(mem.Options{Name: e.ID, MAC: e.MAC, Queue: pmd.MaxBurst})
}

func (ps ports) opener(o mem.Options) nic.Opener {
	return func() (pmd.Port, error) {
		p := mem.New(o)
		ps[o.Name].mem = p
		return p, nil
	}
}

// inject gives the card a frame, or says why no port takes it.
func (ps ports) inject(p *packet) nic.Verdict {
	to := ps[p.port]
	switch {
	case len(p.frame) > pmd.MaxFrame:
		return pipeline.TooLong
	case to.mem == nil || !to.mem.Inject(p.frame):
		return pipeline.NoPort
	}
	return pipeline.Undecided
}

func fileOf(name string) string { return name + ".pcap" }

// namesFile tells whether an ENI's ID can name a file of its own. IDs are
// whatever a configuration says they are.
func namesFile(id string) error {
	if strings.ContainsAny(id, `/\`) || id == nic.Uplink {
		return fmt.Errorf("the ENI ID %q does not name a file", id)
	}
	return nil
}
