//go:build linux

package lab

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// When something takes long, the lab says that it is under way, so that nobody
// thinks it hangs: first after a while, then now and again.
const (
	longAfter = 5 * time.Second
	longAgain = 30 * time.Second
)

// patiently does something and says so if it takes long.
func patiently[T any](out io.Writer, what string, do func() (T, error)) (T, error) {
	began, before := time.Now(), scheduled()
	done, told := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(told)
		for pause := longAfter; ; pause = longAgain {
			select {
			case <-done:
				return
			case <-time.After(pause):
			}
			fmt.Fprintf(out, "…    %s: under way for %.0f s%s\n", what, time.Since(began).Seconds(), scheduled().since(before))
		}
	}()
	defer func() { close(done); <-told }()
	return do()
}

// cpuTime is how long threads ran, and waited for a CPU while they could run.
type cpuTime struct{ ran, waited time.Duration }

// scheduled sums up the lab's processes (/proc/PID/task/TID/schedstat,
// sched-stats in the kernel's documentation). In its cage the lab sees no
// others; without a /proc of its own, or on a kernel that does not tell, it is
// zero.
func scheduled() (all cpuTime) {
	if self, err := os.Readlink("/proc/self"); err != nil || self != fmt.Sprint(os.Getpid()) {
		return cpuTime{}
	}
	files, _ := filepath.Glob("/proc/[0-9]*/task/[0-9]*/schedstat") // the pattern is well-formed
	for _, file := range files {
		text, _ := os.ReadFile(file) // it may have ended
		var ran, waited time.Duration
		fmt.Sscan(string(text), &ran, &waited) // a thread that has ended counts as none
		all.ran += ran
		all.waited += waited
	}
	return all
}

// since says how long the lab has waited since then, if it was long: as long
// as it ran.
func (t cpuTime) since(before cpuTime) string {
	ran, waited := max(t.ran-before.ran, 0), t.waited-before.waited // threads that end take along what they ran
	if waited < time.Second || waited < ran {
		return ""
	}
	return fmt.Sprintf("; its threads ran for %.0f s and waited %.0f s for a CPU, for this machine is busy", ran.Seconds(), waited.Seconds())
}

// slow says why a whole run took long, if it waited for a CPU.
func slow(took time.Duration, t cpuTime) string {
	why := t.since(cpuTime{})
	if took < time.Minute || why == "" {
		return ""
	}
	return fmt.Sprintf("this run took %.0f s%s\n", took.Seconds(), why)
}
