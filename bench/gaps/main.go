//go:build linux

// Gaps measures for how long a frame may wait for a worker that has other
// things to do, or whose CPU has:
//
//	make bench-gaps          # some minutes; prints one table
//
// Its files:
//
//	main.go    who runs when
//	card.go    a card with 200,000 connections, in a process of its own
//	load.go    what others ask of it meanwhile: 100,000 objects, all connections
//	crowd.go   a hundred and twenty clients at once, and signals
//	signals.go what the card does on SIGHUP, with a log that nobody reads
//	loop/      a loop in C, the floor
//	report.go  the table
//
// # What makes it fair
//
// A gap is the time from one turn of the worker to the next, so a quantile says
// something only beside the time that a turn takes. The loop in C is pinned
// to the same CPU as the worker, its turns take as long as the worker's
// median, and it counts in the same histogram. What it shows the machine
// does to any program.
//
// Both cannot poll the same CPU at the same time, so they take turns of some
// seconds, A B A B. While the loop polls, a card that gets no packets is asked
// for the same on the other CPUs. Whoever asks is a process of its own and keeps
// off the worker's CPU.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// gaps are the program's flags.
type gaps struct {
	loop     string
	duration time.Duration
	rounds   int
	socket   string
	pid      int    // the card's process, for who disturbs it
	only     string // load; empty: all
}

func main() {
	var g gaps
	var role string
	flag.StringVar(&g.loop, "loop", "bin/gaps-loop", "the `program` that loops in C")
	flag.DurationVar(&g.duration, "duration", 4*time.Second, "`time` of each turn")
	flag.IntVar(&g.rounds, "rounds", 3, "turns of each")
	flag.StringVar(&g.socket, "socket", "", "control `socket` of a card (with -role)")
	flag.StringVar(&g.only, "load", "", "one `load` instead of all: idle, applied, listed, both or crowd")
	flag.IntVar(&g.pid, "pid", 0, "`process` of the card (with -role)")
	flag.StringVar(&role, "role", "", "`part` to play in this process: card, quiet, apply, list or crowd")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := g.play(ctx, role); err != nil {
		fmt.Fprintln(os.Stderr, "bench-gaps:", err)
		os.Exit(1)
	}
}

func (g *gaps) play(ctx context.Context, role string) error {
	switch role {
	case "":
		return g.measure(ctx)
	case "card":
		return g.card(ctx)
	case "quiet":
		return g.quiet(ctx)
	case "crowd":
		return g.crowd(ctx)
	default:
		return g.ask(ctx, role)
	}
}

// load is what others do meanwhile. The last word of its name is what -load
// calls it.
type load struct {
	name  string
	roles []string
}

var loads = []load{
	{"idle", nil},
	{"100,000 objects applied", []string{"apply"}},
	{"200,000 connections listed", []string{"list"}},
	{"both", []string{"apply", "list"}},
	{"crowd", []string{"crowd"}},
}

// wants tells whether a load is to be measured.
func (g *gaps) wants(l load) bool {
	return g.only == "" || g.only == l.name[strings.LastIndexByte(l.name, ' ')+1:]
}

// check tells what of the flags cannot be.
func (g *gaps) check() error {
	switch {
	case !slices.ContainsFunc(loads, g.wants):
		return fmt.Errorf("-load %s: idle, applied, listed, both or crowd is expected", g.only)
	case g.rounds < 1:
		return fmt.Errorf("-rounds %d: one at least is expected", g.rounds)
	}
	return nil
}

// measure takes turns, and prints.
func (g *gaps) measure(ctx context.Context) error {
	if err := g.check(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "nitrocard-gaps")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	g.socket = filepath.Join(dir, "card.sock")
	r := results{}
	for range g.rounds {
		for _, load := range loads {
			if !g.wants(load) {
				continue
			}
			worker, err := g.turn(ctx, load.roles, nil)
			if err != nil {
				return err
			}
			loop, err := g.turn(ctx, load.roles, worker)
			if err != nil {
				return err
			}
			r[load.name] = append(r[load.name], pair{worker, loop})
			fmt.Fprintf(os.Stderr, "%s: worker %v, loop %v\n", load.name, worker, loop)
		}
	}
	return r.print(os.Stdout, g)
}

// turn measures a card's worker under a load, or where there was one before,
// the loop in its place beside a card that is quiet.
func (g *gaps) turn(ctx context.Context, load []string, before *taken) (t *taken, err error) {
	roles := append([]string{"card"}, load...)
	if before != nil {
		roles[0] = "quiet"
	}
	var all []*process
	defer func() {
		for _, p := range slices.Backward(all) {
			err = errors.Join(err, p.end())
		}
	}()
	for _, role := range roles {
		p, err := g.start(ctx, role)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
		g.pid = all[0].Process.Pid
	}
	if before == nil {
		return all[0].measured()
	}
	return g.loopTurn(ctx, before)
}

// loopTurn is one of the loop, on the worker's CPU and in turns as long as its.
func (g *gaps) loopTurn(ctx context.Context, before *taken) (*taken, error) {
	loop := exec.CommandContext(ctx, g.loop, fmt.Sprint(before.cpu), fmt.Sprint(before.p50), fmt.Sprint(g.duration.Seconds()))
	loop.Stderr = os.Stderr
	out, err := loop.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.loop, err)
	}
	t := &taken{cpu: before.cpu}
	_, err = fmt.Sscan(string(out), &t.p50, &t.p99, &t.p999, &t.p9999, &t.max)
	return t, err
}

// process is this program in another role.
type process struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// start returns when the process is ready.
func (g *gaps) start(ctx context.Context, role string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{Cmd: exec.CommandContext(ctx, self, "-role", role, "-socket", g.socket, "-duration", g.duration.String(), "-pid", fmt.Sprint(g.pid))}
	p.Stderr = os.Stderr
	if p.in, err = p.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.Start(); err != nil {
		return nil, err
	}
	if _, err := p.out.ReadString('\n'); err != nil {
		return nil, fmt.Errorf("%s does not start: %w", role, errors.Join(err, p.end()))
	}
	return p, nil
}

// measured has a card's worker poll, and returns what it says.
func (p *process) measured() (*taken, error) {
	fmt.Fprintln(p.in, "go")
	var t taken
	if _, err := fmt.Fscan(p.out, &t.cpu, &t.p50, &t.p99, &t.p999, &t.p9999, &t.max); err != nil {
		return nil, fmt.Errorf("the card does not say what it measured: %w", err)
	}
	return &t, nil
}

// end tells the process to end, by the end of its input, and waits for it.
func (p *process) end() error {
	p.in.Close()
	return p.Wait()
}
