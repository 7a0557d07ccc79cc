package replay

import "fmt"

// merge is all inputs in the order of time. At equal times the input that was
// given first goes first.
type merge []*input

// openAll opens the inputs in order.
func openAll(files []Input) (m merge, err error) {
	for _, f := range files {
		in, err := open(f)
		if err != nil {
			m.close()
			return nil, err
		}
		m = append(m, in)
	}
	return m, nil
}

func (m merge) close() {
	for _, in := range m {
		in.file.Close()
	}
}

// next is the input whose packet is next; nil if all are done. There are as
// many inputs as ports that somebody captured, so a heap would not pay.
func (m merge) next() *input {
	var first *input
	for _, in := range m {
		if !in.done && (first == nil || in.head.clock < first.head.clock) {
			first = in
		}
	}
	return first
}

// notes are what a reader of the results should know of the inputs.
func (m merge) notes() (notes []string) {
	for _, in := range m {
		if in.late > 0 {
			notes = append(notes, fmt.Sprintf("%s: the time of %d of %d packets runs backwards; each was handled at the latest time before it", in.File, in.late, in.read))
		}
		if in.short > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d of %d packets are cut short by the capture, and the card saw them so; capture with tcpdump -s 0", in.File, in.short, in.read))
		}
		if in.mended > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d of %d packets had checksums that their sender left to its hardware; they were finished", in.File, in.mended, in.read))
		}
		if in.merged > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d of %d packets were segments of a stream that their sender's link had merged; they were cut into %d", in.File, in.merged, in.read, in.pieces))
		}
		if in.beyond > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d of %d packets are shorter, the file says, than what was captured of them; they were taken as captured", in.File, in.beyond, in.read))
		}
	}
	return notes
}
