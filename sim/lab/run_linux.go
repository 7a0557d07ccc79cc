package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"nitrocard/nic/printable"
	"nitrocard/nic/vpc"
	"nitrocard/sim/cage"
	"nitrocard/sim/router"
)

// order is what the outer process tells the one inside the cage.
type order struct {
	Keep    bool
	Config  string // absolute path; "": the embedded region
	Reading vpc.Reading
	Program string // as its user calls it
	Driver  string
	Routers string
	VM      *machinery // of b1; nil: a host as the others
	Attack  time.Duration
	Journey *Question // make this one journey instead of the checks; nil: check
}

// outcome is what the inner process answers.
type outcome struct {
	Passed, Failed, Skipped int
	Journey                 *Journey
	Error                   string
}

// String is the last line of a run.
func (o outcome) String() string {
	text := fmt.Sprintf("lab: %d passed, %d failed", o.Passed, o.Failed)
	if o.Skipped > 0 {
		text += fmt.Sprintf(", %d skipped", o.Skipped)
	}
	return text
}

// Descriptors that the inner processes inherit after standard error.
const (
	outcomeFd = 3 + iota
	doorFd    // only with Keep
)

// Run builds the lab in a cage, does every check, and tells how many passed.
// With Keep the lab stays until ctx ends, and Exec goes in. An error means
// that the lab could not be built or did not come to its end.
func Run(ctx context.Context, o Options) (passed, failed int, err error) {
	out, err := o.run(ctx, nil)
	return out.Passed, out.Failed, err
}

// Travel makes a journey: in the lab that this user keeps, or else in one that is built for it.
func Travel(ctx context.Context, o Options, q Question) (*Journey, error) {
	j, err := travelThere(ctx, q)
	if !errors.Is(err, errNoLab) {
		return j, err
	}
	out, err := o.run(ctx, &q)
	return out.Journey, err
}

// run is Run, or a journey alone.
func (o Options) run(ctx context.Context, q *Question) (out outcome, err error) {
	if o.Out == nil {
		o.Out = io.Discard
	}
	ord, err := o.order()
	if err != nil {
		return out, err
	}
	ord.Journey = q
	result, tell, err := os.Pipe()
	if err != nil {
		return out, err
	}
	defer result.Close()
	files := []*os.File{tell}
	if o.Keep {
		door, err := openDoor()
		if err != nil {
			tell.Close()
			return out, err
		}
		files = append(files, door)
	}
	text, err := json.Marshal(ord)
	if err != nil {
		return out, err
	}
	ended := cage.Run(ctx, cage.Command{
		Path:   o.Binary,
		Args:   []string{InnerCommand, "init", string(text)},
		Stdout: o.Out,
		Stderr: o.Out,
		Files:  files,
	})
	return judge(ctx, result, ended)
}

// order is what the options come to, if they can be had here.
func (o Options) order() (ord order, err error) {
	if err := o.check(); err != nil {
		return ord, err
	}
	ord = order{Keep: o.Keep, Config: o.Config, Reading: o.Reading, Program: called(o.Binary), Driver: o.Driver, Routers: o.Routers, Attack: o.Attack}
	switch {
	case o.Cloud:
		if ord.VM, err = findImage(cmp.Or(o.Image, filepath.Join(filepath.Dir(o.Binary), "cloud"))); err != nil {
			return ord, err
		}
	case o.VM:
		kernel := cmp.Or(o.Kernel, filepath.Join(filepath.Dir(o.Binary), "kernel"))
		if ord.VM, err = findMachinery(kernel); err != nil {
			return ord, err
		}
	}
	if ord.Config != "" {
		ord.Config, err = filepath.Abs(ord.Config)
	}
	return ord, err
}

// called is how the shell finds the program.
func called(binary string) string {
	if found, err := exec.LookPath("nitrocard"); err == nil && found == binary {
		return "nitrocard"
	}
	return binary
}

// judge reads the outcome. A lab that died before it had one has failed,
// unless its user stopped it.
func judge(ctx context.Context, result io.Reader, ended error) (out outcome, err error) {
	if err := json.NewDecoder(result).Decode(&out); err != nil {
		if ctx.Err() != nil {
			return out, errStopped
		}
		if ended == nil {
			ended = errors.New("no outcome")
		}
		return out, fmt.Errorf("the lab did not come to its end: %w", ended)
	}
	if out.Error != "" {
		return out, errors.New(out.Error)
	}
	return out, nil
}

// Inner is the program's life inside the cage: first as PID 1, then as the
// lab itself. It returns the exit status.
func Inner(ctx context.Context, args []string) (exit int, err error) {
	switch {
	case len(args) == 3 && args[0] == routerWord:
		return 0, beRouter(ctx, args[1], args[2])
	case len(args) == 1 && args[0] == echoWord:
		return 0, beEcho()
	case len(args) == 2 && args[0] == probeWord:
		return 0, beVictim(os.Stdout, args[1])
	case len(args) != 2:
		return 0, errors.New("this command is the lab's own: run `nitrocard lab`")
	}
	var ord order
	if err := json.Unmarshal([]byte(args[1]), &ord); err != nil {
		return 0, fmt.Errorf("the lab's order: %w", err)
	}
	tell := os.NewFile(outcomeFd, "outcome")
	if args[0] == "init" {
		exit, err := cage.Init([]string{InnerCommand, "story", args[1]}, ord.files())
		return exit, report(tell, outcome{}, err)
	}
	out, err := play(ctx, ord, printable.Writer(os.Stdout))
	return 0, report(tell, out, err)
}

// beRouter is the life of a router's process where the machine has no BIRD.
func beRouter(ctx context.Context, plan, file string) error {
	var p router.Plan
	if err := json.Unmarshal([]byte(plan), &p); err != nil {
		return fmt.Errorf("the router's plan: %w", err)
	}
	return router.Run(ctx, p, file, slog.New(slog.NewTextHandler(os.Stderr, nil)))
}

// files is how many descriptors the lab inherits.
func (o order) files() int {
	if o.Keep {
		return 2
	}
	return 1
}

// report answers the outer process, which prints errors; PID 1 has something
// to say only if it failed.
func report(tell io.Writer, out outcome, err error) error {
	if err != nil {
		out.Error = err.Error()
	}
	if os.Getpid() == 1 && err == nil {
		return nil
	}
	return json.NewEncoder(tell).Encode(out)
}
