package seat

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/nic/nictest/ample"
)

// placed is where each thread of the process may run.
func placed() map[int]affinity {
	all := map[int]affinity{}
	for _, tid := range threads() {
		var set affinity
		if unix.SchedGetaffinity(tid, &set) == nil {
			all[tid] = set
		}
	}
	return all
}

// spread skips the test where a seat and all else cannot be on different CPUs.
func spread(t *testing.T) (last int) {
	var set affinity
	require.NoError(t, unix.SchedGetaffinity(0, &set))
	if set.Count() < 2 {
		t.Skip("one CPU: there is none to keep others off")
	}
	for last = len(set)*64 - 1; !set.IsSet(last); last-- {
	}
	return last
}

// sitting puts a goroutine on a seat until the test ends it.
func sitting(s *Seat) (cpu, tid int, leave func()) {
	sat, over, left := make(chan [2]int), make(chan bool), make(chan bool)
	go func() {
		defer close(left)
		defer s.Leave()
		sat <- [2]int{s.Sit(), unix.Gettid()}
		<-over
	}()
	at := <-sat
	return at[0], at[1], func() { close(over); <-left }
}

// blocked has n more threads in the process, until the test ends.
func blocked(t *testing.T, n int) {
	var pipe [2]int
	require.NoError(t, unix.Pipe(pipe[:]))
	before := len(threads())
	for range before + n {
		go func() {
			runtime.LockOSThread()
			var b [1]byte
			unix.Read(pipe[0], b[:])
		}()
	}
	t.Cleanup(func() { unix.Close(pipe[1]); unix.Close(pipe[0]) })
	require.Eventually(t, func() bool { return len(threads()) >= before+n }, ample.Time, time.Millisecond)
}

// Who sits has the last CPU to himself: no thread of the process may run
// there, whether it was there before or comes later. When the seats end,
// all is as it was.
func TestWhoSitsHasHisCPUToHimself(t *testing.T) {
	last := spread(t)
	blocked(t, 2)
	before := placed()
	var had affinity
	require.NoError(t, unix.SchedGetaffinity(0, &had))
	seats := NewSeats(1)
	cpu, _, leave := sitting(seats.Of(0))
	require.Equal(t, last, cpu)
	apart := func() bool {
		workers := 0
		for _, set := range placed() {
			if set == only(last) {
				workers++
			} else if set.IsSet(last) {
				return false
			}
		}
		return workers == 1
	}
	require.Eventually(t, apart, ample.Time, time.Millisecond, "threads keep off, but for one that strays for a moment")
	blocked(t, 2)
	require.Eventually(t, apart, ample.Time, time.Millisecond, "new threads keep off, too")
	leave()
	seats.End()
	for tid, set := range placed() {
		if was, known := before[tid]; known {
			require.Equal(t, was, set)
		} else if set != only(last) { // the worker's, which ends
			require.Equal(t, had, set, "a thread that began meanwhile")
		}
	}
}

// A thread that was pinned by somebody else stays where it is; one that goes to
// a seat's CPU later is sent away.
func TestThreadsThatChooseTheirCPU(t *testing.T) {
	last := spread(t)
	pinned := make(chan int)
	over := make(chan bool)
	defer close(over)
	pin := func() {
		go func() {
			runtime.LockOSThread()
			set := only(last)
			unix.SchedSetaffinity(0, &set)
			pinned <- unix.Gettid()
			<-over
		}()
	}
	pin()
	first := <-pinned
	s := NewSeats(1)
	defer s.End()
	pin()
	second := <-pinned
	require.Eventually(t, func() bool { return placed()[second] == s.rest }, ample.Time, time.Millisecond)
	require.Equal(t, only(last), placed()[first])
}

// A thread that begins on a seat's CPU just before the end gets back what the
// process had, and Go as many threads as it had.
func TestWhoStraysBeforeTheEndIsSentAway(t *testing.T) {
	last := spread(t)
	procs := runtime.GOMAXPROCS(0)
	var had affinity
	require.NoError(t, unix.SchedGetaffinity(0, &had))
	s := NewSeats(procs)
	require.Greater(t, runtime.GOMAXPROCS(0), procs)
	s.End()
	require.Equal(t, procs, runtime.GOMAXPROCS(0))

	s = NewSeats(1)
	tids, over := make(chan int), make(chan bool)
	defer close(over)
	n := len(threads()) + 1 // of which one is new at least
	for range n {
		go func() {
			runtime.LockOSThread()
			set := only(last)
			unix.SchedSetaffinity(0, &set)
			tids <- unix.Gettid()
			<-over
		}()
	}
	var strays []int
	for range n {
		strays = append(strays, <-tids)
	}
	s.End()
	for _, tid := range strays {
		require.Equal(t, had, placed()[tid])
	}
}

// A thread that begins while the seats end begins where the one is that it comes
// from. None is left there.
func TestWhoBeginsAtTheEndIsKeptFromNoCPU(t *testing.T) {
	spread(t)
	var had affinity
	require.NoError(t, unix.SchedGetaffinity(0, &had))
	for range 20 {
		over, before := make(chan bool), placed()
		var begun, gone sync.WaitGroup
		s := NewSeats(1)
		begun.Go(func() {
			for range 30 {
				gone.Add(1)
				begun.Go(func() {
					go func() {
						defer gone.Done()
						runtime.LockOSThread()
						<-over
					}()
				})
			}
		})
		s.End()
		begun.Wait()
		for tid, set := range placed() {
			if _, known := before[tid]; !known {
				require.Equal(t, had, set)
			}
		}
		close(over)
		gone.Wait()
	}
}

// As many seats as CPUs are pinned, and all else stays where it is; more are
// not.
func TestAsManySeatsAsCPUs(t *testing.T) {
	spread(t)
	before := placed()
	var all affinity
	require.NoError(t, unix.SchedGetaffinity(0, &all))
	n := all.Count()
	s := NewSeats(n)
	for tid, set := range placed() {
		if was, known := before[tid]; known {
			require.Equal(t, was, set)
		}
	}
	var cpus []int
	for i := range n {
		cpu, tid, leave := sitting(s.Of(i))
		require.Equal(t, only(cpu), placed()[tid])
		require.False(t, slices.Contains(cpus, cpu))
		cpus = append(cpus, cpu)
		leave()
	}
	s.End()

	more := NewSeats(n + 1)
	defer more.End()
	cpu, tid, leave := sitting(more.Of(0))
	defer leave()
	require.Equal(t, -1, cpu)
	free := placed()[tid]
	require.Greater(t, free.Count(), 1)
}

// Who sits keeps his thread and his CPU while the collector works and threads begin, and
// the threads that begin do so on other CPUs.
func TestWhoSitsKeepsOthersOffWhileTheCollectorWorks(t *testing.T) {
	last := spread(t)
	s := NewSeats(1)
	defer s.End()
	var over atomic.Bool
	var begun, ended, strayed, moved atomic.Int32
	seat, sits, done := s.Of(0), make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		defer seat.Leave()
		seat.Sit()
		close(sits)
		for mine := unix.Gettid(); !over.Load(); {
			if unix.Gettid() != mine {
				moved.Add(1)
			}
			if begun.Load() != ended.Load() {
				continue
			}
			begun.Add(1)
			go func() {
				defer ended.Add(1)
				runtime.LockOSThread() // so that the thread ends, and the next one is another
				var set affinity
				if unix.SchedGetaffinity(0, &set) == nil && set.IsSet(last) {
					strayed.Add(1)
				}
			}()
		}
	}()
	<-sits
	for n := 0; n < 5 || begun.Load() < 5; n++ {
		runtime.GC()
	}
	over.Store(true)
	<-done
	require.Zero(t, moved.Load(), "who sits is on another thread")
	require.Zero(t, strayed.Load(), "a thread began on the seat's CPU")
}

// The collector's quarter is a whole number of threads, or nearly, and a worker finds one that is idle.
func TestTheCollectorKeepsOffTheWorkers(t *testing.T) {
	for workers, want := range map[int]int{1: 8, 2: 9, 3: 10, 4: 11, 5: 12, 12: 19} {
		require.Equal(t, want, processors(workers, 1))
	}
	require.Equal(t, 16, processors(1, 16))
}
