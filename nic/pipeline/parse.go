package pipeline

import (
	"math/bits"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// parse gathers in b the frames of a guest's burst that rest has a bit for, each with its
// key.
func (w *Worker) parse(b *burst, g *guest, frames []pmd.Frame, rest uint64) {
	b.n, b.looked = 0, 0
	for ; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest) & (pmd.MaxBurst - 1)
		p := &b.packets[b.n]
		p.begin(&frames[i], wire.Out)
		p.guest = g
		if w.fast.plain&(1<<i) != 0 {
			p.describePlain(&w.fast.keys[i])
			w.adopted(b, i)
			continue
		}
		if fault := wire.Parse(p.frame.Bytes(), &p.Headers); fault != wire.NoFault {
			w.finish(p, Malformed(fault))
			continue
		}
		p.untag()
		if p.Frag != wire.Whole && !w.mayFragment(g) {
			w.finish(p, p.refuse(PacketsExceeded))
			continue
		}
		w.keyOut(p, &b.keys[b.n])
		b.n++
	}
}
