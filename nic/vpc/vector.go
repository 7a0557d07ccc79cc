package vpc

// vectorBits is how many low bits of a number are the index in a chunk.
const vectorBits = 8

// vector is a list whose copy costs a word for each 256 elements: a list and its copy share
// the chunks that neither has written to. The zero value is empty.
type vector[T any] struct {
	chunks []*[1 << vectorBits]T
}

// at is the element of a number, the zero value if it was never set.
func (v *vector[T]) at(number uint32) (x T) {
	if i := int(number >> vectorBits); i < len(v.chunks) && v.chunks[i] != nil {
		x = v.chunks[i][number&(1<<vectorBits-1)]
	}
	return x
}

// set sets an element. If the chunk is not in own, another list may share it, and set
// copies the chunk first.
func (v *vector[T]) set(number uint32, x T, own map[*[1 << vectorBits]T]bool) {
	i := int(number >> vectorBits)
	for len(v.chunks) <= i {
		v.chunks = append(v.chunks, nil)
	}
	if !own[v.chunks[i]] {
		chunk := new([1 << vectorBits]T)
		if v.chunks[i] != nil {
			*chunk = *v.chunks[i]
		}
		v.chunks[i], own[chunk] = chunk, true
	}
	v.chunks[i][number&(1<<vectorBits-1)] = x
}
