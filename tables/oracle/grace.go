package oracle

// Grace is the twin of tables.Grace: for each removed index, the readers that may still see it.
type Grace struct {
	awake map[int]bool
	sees  map[uint32]map[int]bool
}

// NewGrace makes a Grace whose readers are all at rest.
func NewGrace() *Grace { return &Grace{awake: map[int]bool{}, sees: map[uint32]map[int]bool{}} }

// Pass makes reader i, now awake, forget every index.
func (g *Grace) Pass(i int) {
	g.Rest(i)
	g.awake[i] = true
}

// Rest makes reader i forget every index.
func (g *Grace) Rest(i int) {
	delete(g.awake, i)
	for _, who := range g.sees {
		delete(who, i)
	}
}

// Remove notes that every awake reader may see the index at, whose entry is removed.
func (g *Grace) Remove(at uint32) {
	who := map[int]bool{}
	for i := range g.awake {
		who[i] = true
	}
	g.sees[at] = who
}

// Reuse tells whether no reader sees the removed index at, which becomes another entry's.
func (g *Grace) Reuse(at uint32) (hidden bool) {
	hidden = len(g.sees[at]) == 0
	delete(g.sees, at)
	return hidden
}

// Waiting is the number of removed indexes.
func (g *Grace) Waiting() int { return len(g.sees) }
