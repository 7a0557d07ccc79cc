// Package seat gives each thread that polls and never rests a CPU of its own, and lets
// other threads look at and change the pollers' memory.
//
//	Seats    a CPU for each polling thread, and the CPUs of all other threads
//	Gate     has polling threads call functions: one between two bursts, or while all stand
//	Sleeper  an idle polling thread sleeps on it, until a port or another thread wakes it
//	Gaps     a histogram of times, such as how long a poller was away from its ports
//
// The card and the benchmarks use the package. Nothing here knows packets.
package seat
