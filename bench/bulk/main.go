//go:build linux

// Bulk measures what one TCP stream gets through cards, beside Linux's own bridge:
//
//	make bench-bulk          # a minute; prints one table; root is not needed
//
// Its files:
//
//	main.go    who runs when, and the table
//	world.go   guests, cards and the bridge
//	stream.go  one TCP stream
//	region.yaml  the cards' configuration: one VPC, three guests, no rule in the way
//
// # What makes it fair
//
// The three ways have the same ends: a veth link of the same MTU out of a network namespace. They
// take turns, A B C A B C, and each turn has all CPUs of the machine, which sender, receiver and a
// card's worker have to share; the workers of two cards share the last CPU, which each card takes. So
// the ratios say something, and the rates are the machine's. Where other programs want the CPUs, too, a
// way whose worker has to wait for one loses most: measure while nothing else runs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"

	"nitrocard/bench"
	"nitrocard/sim/cage"
)

// bulk are the program's flags.
type bulk struct {
	program  string
	duration time.Duration
	rounds   int
	mtu      int
}

// inside marks the environment of this program in the cage.
const inside = "NITROCARD_BULK_CAGED"

func main() {
	var b bulk
	flag.StringVar(&b.program, "program", "bin/nitrocard", "the `program` whose cards are measured")
	flag.DurationVar(&b.duration, "duration", 3*time.Second, "`time` of each turn")
	flag.IntVar(&b.rounds, "rounds", 5, "turns of each way")
	flag.IntVar(&b.mtu, "mtu", 1500, "`bytes` of the guests' longest packet, 1500 to 9001")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit, err := b.run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-bulk:", err)
		exit = 1
	}
	os.Exit(exit)
}

// run starts this program anew in a cage, where its networks are nobody else's.
func (b *bulk) run(ctx context.Context) (exit int, err error) {
	switch {
	case os.Getenv(inside) == "":
		return b.outside(ctx)
	case os.Getpid() == 1:
		return cage.Init(os.Args[1:], 0)
	default:
		return 0, b.measure(ctx)
	}
}

func (b *bulk) outside(ctx context.Context) (exit int, err error) {
	switch {
	case b.rounds < 1 || b.duration <= 0:
		return 0, errors.New("-rounds and -duration: more than nothing is expected")
	case b.mtu < 1500 || b.mtu > 9001:
		return 0, fmt.Errorf("-mtu %d: 1500 to 9001 is expected", b.mtu)
	}
	if _, err := os.Stat(b.program); err != nil {
		return 0, fmt.Errorf("-program: %w; `make build` makes it", err)
	}
	os.Setenv(inside, "1")
	return cage.Again(ctx)
}

// measure has the ways take turns, and prints what they got.
func (b *bulk) measure(ctx context.Context) error {
	program, err := filepath.Abs(b.program)
	if err != nil {
		return err
	}
	w, err := build(ctx, program, b.mtu)
	if err != nil {
		return err
	}
	defer w.close()
	rates := make([][]float64, len(w.ways))
	for round := range b.rounds {
		for i, way := range w.ways {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, b.rounds, way.name)
			rate, err := way.stream(ctx, b.duration)
			if err != nil {
				return fmt.Errorf("%s: %w", way.name, err)
			}
			rates[i] = append(rates[i], rate)
		}
	}
	b.print(w.ways, rates)
	return nil
}

// print prints where was measured, and the table: medians with the least and the most.
func (b *bulk) print(ways []way, rates [][]float64) {
	fmt.Printf("%d CPUs, %s; guests' MTU %d; medians (least–most) of %d, %v each.\n\n", runtime.NumCPU(), runtime.Version(), b.mtu, b.rounds, b.duration)
	fmt.Println("| one TCP stream | Gbit/s | of the bridge's |\n|---|---|---|")
	bridge := bench.SpreadOf(rates[0])
	for i, way := range ways {
		s := bench.SpreadOf(rates[i])
		fmt.Printf("| %s | %s | %.2f |\n", way.name, s, s.Median/bridge.Median)
	}
}
