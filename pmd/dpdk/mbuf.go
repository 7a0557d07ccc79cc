//go:build dpdk && cgo && linux

package dpdk

// #include "dpdk.h"
import "C"

import (
	"unsafe"

	"nitrocard/pmd"
)

// mbuf is the address of an rte_mbuf. A number, because the garbage collector
// is not to ask about it with each store.
type mbuf uintptr

func (m mbuf) at(offset uintptr) unsafe.Pointer { return unsafe.Add(nil, uintptr(m)+offset) }

// mem is all memory of the mbuf, headroom first.
func (m mbuf) mem() []byte {
	return unsafe.Slice(*(**byte)(m.at(C.NC_BUF_ADDR)), *(*uint16)(m.at(C.NC_BUF_LEN)))
}

// lend points f at the frame in the mbuf.
func (m mbuf) lend(f *pmd.Frame) {
	f.Lend(m.mem(), int(*(*uint16)(m.at(C.NC_DATA_OFF))), int(*(*uint16)(m.at(C.NC_DATA_LEN))))
}

// setOffset and setLen write back where the frame lies in the mbuf now.
func (m mbuf) setOffset(off int) { *(*uint16)(m.at(C.NC_DATA_OFF)) = uint16(off) }

func (m mbuf) setLen(n int) {
	*(*uint16)(m.at(C.NC_DATA_LEN)) = uint16(n)
	*(*uint32)(m.at(C.NC_PKT_LEN)) = uint32(n)
}
