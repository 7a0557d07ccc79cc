//go:build dpdk && cgo && linux

package dpdk

/*
#cgo pkg-config: libdpdk
#cgo CFLAGS: -O3 -Wall
#cgo LDFLAGS: -lrte_net_ring
#include <stdlib.h>
#include <rte_eal.h>
#include <rte_version.h>
#include "dpdk.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"

	"nitrocard/pmd"
)

// The C side has these for itself.
var (
	_ [C.NC_BURST - pmd.MaxBurst]struct{}
	_ [pmd.MaxBurst - C.NC_BURST]struct{}
	_ [C.NC_HEADROOM - pmd.Headroom]struct{}
	_ [pmd.Headroom - C.NC_HEADROOM]struct{}
	_ [C.NC_MAX_FRAME - pmd.MaxFrame]struct{}
	_ [pmd.MaxFrame - C.NC_MAX_FRAME]struct{}
)

// eal is DPDK in this process. It starts once, and cannot be stopped.
var eal struct {
	mu      sync.Mutex // held while devices come and go
	started bool
	err     error // why it did not start
	pool    *C.struct_rte_mempool
	mbufs   uint32 // of the pool
	owed    uint32 // that the rings of open devices may hold
	devices map[string]*device
}

// Missing is nil: this build has DPDK.
func Missing() error { return nil }

// Init starts DPDK with EAL's options, such as ["-m", "1024"], and defaults
// for what they leave open. Open starts it without options. It is for the
// first to call: later options are an error.
func Init(opts []string) error {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	if eal.started && len(opts) > 0 {
		return fmt.Errorf("--eal %s: DPDK runs already, and takes options at its start only", strings.Join(opts, " "))
	}
	return start(opts)
}

func start(opts options) error {
	if !eal.started {
		eal.started = true
		eal.devices = map[string]*device{}
		eal.err = opts.start()
	}
	return eal.err
}

func (o options) start() error {
	if err := o.check(); err != nil {
		return err
	}
	free := freeHugepages()
	argv := newStrings(o.withDefaults(free))
	C.nc_log_clear()
	errno := C.nc_eal_init(C.int(len(argv)), &argv[0], C.bool(o.has("--log-level")))
	if errno == 0 {
		return newPool()
	}
	option, why := o.suspect()
	switch err := syscall.Errno(errno); {
	case option != "" && err == syscall.EINVAL:
		return fmt.Errorf("--eal %s: %s", option, why)
	case err == syscall.ENOMEM:
		return fmt.Errorf("DPDK found too little memory, of %d MB in free huge pages; say how much with --eal \"-m MB\", and with --eal --no-huge to do without them%s", free>>20, complaint())
	case len(o) > 0:
		return fmt.Errorf("--eal %s: DPDK does not start with that: %w%s", strings.Join(o, " "), err, complaint())
	default:
		return fmt.Errorf("DPDK does not start: %w%s", err, complaint())
	}
}

// newStrings is an argv, which DPDK keeps.
func newStrings(args []string) []*C.char {
	argv := make([]*C.char, 0, len(args)+1)
	for _, a := range args {
		argv = append(argv, C.CString(a))
	}
	return argv
}

// complaint is what DPDK said first when something went wrong.
func complaint() string {
	text := strings.TrimSpace(C.GoString(C.nc_log_first()))
	if text == "" {
		return ""
	}
	return fmt.Sprintf(" (%q)", text)
}

// What one mbuf takes, and how many there are at least: two ports' rings and
// what a few workers hold. With less, ports starve each other.
const (
	mbufBytes = C.NC_DATA_ROOM + 256
	manyMbufs = 16 << 10
	fewMbufs  = 4 << 10
)

// newPool takes three quarters of the memory that there is for frames: so -m
// is the one option to set.
func newPool() error {
	heap := uint64(C.nc_heap_bytes())
	for n := max(manyMbufs, heap*3/4/mbufBytes); n >= fewMbufs; n /= 2 {
		if eal.pool = C.nc_pool(C.uint32_t(n)); eal.pool != nil {
			eal.mbufs = uint32(n)
			return nil
		}
	}
	return errors.New("too little memory for DPDK's frames; give it 128 MB or more with --eal \"-m MB\"")
}

// Memory tells where DPDK's memory comes from, in a few words for a log. It
// is empty before Init.
func Memory() string {
	eal.mu.Lock()
	defer eal.mu.Unlock()
	if eal.pool == nil {
		return ""
	}
	return fmt.Sprintf("%s: %s", C.GoString(C.rte_version()), pages())
}

// pages are how many EAL has of each size.
func pages() string {
	var sizes [4]C.struct_nc_pages
	n := C.nc_pages(&sizes[0], C.int(len(sizes)))
	if C.rte_eal_has_hugepages() == 0 {
		return fmt.Sprintf("%d MB, not in huge pages (--no-huge)", uint64(C.nc_heap_bytes())>>20)
	}
	var kinds []string
	for _, s := range sizes[:n] {
		kinds = append(kinds, fmt.Sprintf("%d huge pages of %d MB", s.count, s.bytes>>20))
	}
	return fmt.Sprintf("%d MB, in %s", uint64(C.nc_heap_bytes())>>20, strings.Join(kinds, " and "))
}
