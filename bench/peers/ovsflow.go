package main

import (
	"fmt"
	"os"
	"strings"

	"nitrocard/bench"
)

// Numbers of ports, each in its bridge.
const (
	inPort, outPort         = 1, 2 // of tunnels, in br-int
	outputPort              = 3
	dataPort, handshakePort = 4, 5 // in br-phy
)

// underlayFlows hand all that arrives to the tunnels' end, and send what
// tunnels wrapped.
func underlayFlows() []string {
	return []string{
		fmt.Sprintf("in_port=%d actions=LOCAL", dataPort),
		fmt.Sprintf("in_port=%d actions=LOCAL", handshakePort),
		fmt.Sprintf("in_port=LOCAL actions=%d", outputPort),
	}
}

// trackFlows know each ENI by VNI and MAC, and track in a zone of its own what
// goes there, and what comes from there in the handshake.
func trackFlows(enis int) []string {
	var flows []string
	for i := range enis {
		flows = append(flows,
			fmt.Sprintf("table=0 ip in_port=%d tun_id=%d dl_dst=%v actions=ct(table=1,zone=%d)", inPort, i+1, bench.Region{}.MAC(i), i+1),
			fmt.Sprintf("table=0 ip in_port=%d tun_id=%d dl_src=%v actions=ct(table=1,zone=%d)", inPort, i+1, bench.Region{}.MAC(i), i+1))
	}
	return append(flows, "table=1 ip ct_state=+trk+new actions=ct(commit,zone=NXM_NX_CT_ZONE[])")
}

// passFlow lets pass what is established, and nothing else. There is none
// while connections are made.
func passFlow(wrap bool) string {
	port := outputPort
	if wrap {
		port = outPort
	}
	return fmt.Sprintf("table=1 ip ct_state=+trk+est-rpl actions=%d", port)
}

// load adds flows to a bridge.
func (o *ovs) load(bridge string, flows ...string) error {
	file := o.socket(bridge + ".flows")
	text := strings.Join(flows, "\n") + "\n"
	if o.verbose != nil {
		fmt.Fprintf(o.verbose, "# %s:\n%s", file, text)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	_, err := o.ask("ovs-ofctl", "add-flows", "unix:"+o.socket(bridge+".mgmt"), file)
	return err
}

// setting is how the switch caches its flows.
type setting struct {
	name    string
	options []string
}

// settings are all that is tried. A flow enters the exact-match cache (EMC)
// with a probability of one in emc-insert-inv-prob, 100 unless told.
func settings() []setting {
	emc, smc := "emc-insert-inv-prob=", "smc-enable="
	return []setting{
		{"EMC", []string{emc + "100", smc + "false"}},
		{"SMC", []string{emc + "0", smc + "true"}},
		{"EMC and SMC", []string{emc + "100", smc + "true"}},
		{"no cache", []string{emc + "0", smc + "false"}},
	}
}
