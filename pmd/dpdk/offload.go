//go:build dpdk && cgo && linux

package dpdk

// #include "dpdk.h"
import "C"

import (
	"errors"
	"fmt"
	"strings"

	"nitrocard/pmd"
)

// Offer asks the device with rte_flow_validate, and then for the rule. The
// device takes its rules with it when it closes.
func (p *Port) Offer(r pmd.Rule) (withdraw func() error, err error) {
	d := p.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case p.q == nil:
		return nil, pmd.ErrGone
	case len(d.ports) == 1 && r.Mark == 0:
		return nil, errors.New("the port has one queue")
	}
	want := C.struct_nc_rule{
		mark: C.uint32_t(r.Mark), from: C.uint32_t(r.From), to: C.uint32_t(r.To), vni: C.uint32_t(r.VNI),
		src: C.uint32_t(r.Src), dst: C.uint32_t(r.Dst), src_port: C.uint16_t(r.SrcPort), dst_port: C.uint16_t(r.DstPort),
		proto: C.uint8_t(r.Proto), queues: C.uint16_t(len(d.ports)),
	}
	var flow *C.struct_rte_flow
	var why [256]C.char
	if C.nc_offer(d.c.port, &want, &flow, &why[0], C.int(len(why))) != 0 {
		return nil, refusal(&why)
	}
	return func() error { return p.withdraw(flow) }, nil
}

// refusal is what the driver said, in a sentence.
func refusal(why *[256]C.char) error {
	text := strings.TrimSpace(C.GoString(&why[0]))
	return fmt.Errorf("the driver says %q", strings.ToLower(text))
}

func (p *Port) withdraw(flow *C.struct_rte_flow) error {
	d := p.dev
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == 0 {
		return nil // it went with the device
	}
	var why [256]C.char
	if C.nc_withdraw(d.c.port, flow, &why[0], C.int(len(why))) != 0 {
		return refusal(&why)
	}
	return nil
}
