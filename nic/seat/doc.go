// Package seat gives threads that poll and never rest a CPU to themselves, and
// others a way to meet them.
//
//	Seats    which CPU each polling thread has, and where all others run
//	Gate     lets somebody in while every polling thread stands between two bursts
//	Sleeper  what an idle polling thread sleeps on
//	Gaps     how long a poller was away from its ports, as a histogram
//
// The card and the benchmarks use it. Nothing in it knows packets.
package seat
