package nat

import (
	"iter"
	"reflect"
)

// Metrics are CloudWatch's of a NAT gateway, under CloudWatch's names (VPC user guide,
// "NAT gateway metrics and dimensions"), summed since the gateway came to this card. Bytes
// are those of IP packets.
type Metrics struct {
	ActiveConnectionCount      uint64 // TCP connections now
	BytesInFromDestination     uint64
	BytesInFromSource          uint64
	BytesOutToDestination      uint64
	BytesOutToSource           uint64
	ConnectionAttemptCount     uint64 // SYNs from inside that began a connection
	ConnectionEstablishedCount uint64
	ErrorPortAllocation        uint64 // connections that got no port
	IdleTimeoutCount           uint64 // established TCP connections that ended after 350 s without a packet
	PacketsDropCount           uint64
	PacketsInFromDestination   uint64
	PacketsInFromSource        uint64
	PacketsOutToDestination    uint64
	PacketsOutToSource         uint64
}

// All are the metrics by name.
func (m *Metrics) All() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		v := reflect.ValueOf(m).Elem()
		for i := range v.NumField() {
			if !yield(v.Type().Field(i).Name, v.Field(i).Uint()) {
				return
			}
		}
	}
}

// add adds the counts of another worker.
func (m *Metrics) add(o *Metrics) {
	sum, more := reflect.ValueOf(m).Elem(), reflect.ValueOf(o).Elem()
	for i := range sum.NumField() {
		sum.Field(i).SetUint(sum.Field(i).Uint() + more.Field(i).Uint())
	}
}
