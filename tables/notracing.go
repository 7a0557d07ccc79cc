//go:build !race

package tables

// raceDetector says that every access must be one that the detector understands: tables lie on the heap then, and look
// at words that a writer may change with atomic loads, also where any load would do.
const raceDetector = false

// peek reads a word that a writer beside may be changing, where what was read is looked at again if that matters. A load that is not atomic
// is folded into the comparison it is for, an instruction a word.
func peek(p *uint64) uint64 { return *p }
