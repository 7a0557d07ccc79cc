//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// turn is how long an operation is measured.
const turn = 200 * time.Millisecond

// table is one side. Its operations go through all keys once, and panic if one
// is missing.
type table interface {
	clear()
	fill()
	one()
	burst(n int) // does nothing where there are no bursts
	bursts() bool
}

// measure prints one line for each operation and its ns of CPU time a key, and
// one for how much of the memory lies in huge pages.
func measure(side string, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("key bytes and slots are expected, not %q", args)
	}
	slots, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	var t table
	var held, asked int
	switch args[0] {
	case "16":
		t, held, asked, err = newTable[[2]uint64, [2]uint64](side, slots)
	case "40":
		t, held, asked, err = newTable[[5]uint64, uint64](side, slots)
	default:
		err = fmt.Errorf("keys have 16 or 40 bytes, not %s", args[0])
	}
	if err != nil {
		return err
	}
	t.fill()
	report("insert", held, t.clear, t.fill)
	report("one", asked, nil, t.one)
	if t.bursts() {
		report("burst32", asked, nil, func() { t.burst(32) })
		report("burst64", asked, nil, func() { t.burst(64) })
	}
	return printHuge()
}

// report measures all, which takes n keys, without what prepares it.
func report(name string, n int, prepare, all func()) {
	if prepare == nil {
		prepare = func() {}
		all()
	}
	var spent time.Duration
	keys := 0
	for ; spent < turn; keys += n {
		prepare()
		start := cpu()
		all()
		spent += cpu() - start
	}
	fmt.Printf("%s %.3f\n", name, float64(spent)/float64(keys))
}

// cpu is the CPU time of all threads of this process.
func cpu() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

func printHuge() error {
	f, err := os.Open("/proc/self/smaps_rollup")
	if err != nil {
		return err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var kb int
		if n, _ := fmt.Sscanf(s.Text(), "AnonHugePages: %d kB", &kb); n == 1 {
			fmt.Println("huge_mb", kb>>10)
		}
	}
	return nil
}
