package bench

import (
	"bytes"

	"nitrocard/pmd"
)

// Requests are the frames that the edge sends, each flow's once in the order
// of the benchmark: SYN or ACK. They are for whoever measures others on the
// same traffic.
func (o *Options) Requests(syn bool) ([][]byte, error) {
	_, t, err := o.policy()
	if err != nil {
		return nil, err
	}
	edge, err := t.requests("edge", syn, all)
	if err != nil {
		return nil, err
	}
	var frames [][]byte
	var b pmd.Burst
	for len(frames) < t.flows {
		edge.Rx(&b)
		for i := range min(b.N, t.flows-len(frames)) {
			frames = append(frames, bytes.Clone(b.Frames[i].Bytes()))
		}
	}
	return frames, nil
}
