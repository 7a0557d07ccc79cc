//go:build !race

package tables

// raceDetector says whether the race detector watches. Then tables lie on the heap, which the detector sees, and read every
// word that a writer may change by an atomic load, which the detector understands.
const raceDetector = false

// peek reads a word that the writer may be changing, for callers that check the result again if it matters. peek is a plain
// load: the compiler folds a plain load into a comparison, which saves an instruction a word.
func peek(p *uint64) uint64 { return *p }
