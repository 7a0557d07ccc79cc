package pipeline

import "nitrocard/pmd"

// amount is what frames count against the allowances of an instance.
type amount struct{ bytes, packets int64 }

// add adds a frame.
func (s *amount) add(f *pmd.Frame) {
	if !f.Merged() {
		s.bytes += int64(f.Len())
		s.packets++
		return
	}
	s.bytes += int64(f.WireLen())
	s.packets += int64(f.Packets())
}

// amountOf is what frames count together.
func amountOf(frames []*pmd.Frame) (all amount) {
	for _, f := range frames {
		all.add(f)
	}
	return all
}
