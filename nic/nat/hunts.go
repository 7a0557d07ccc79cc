package nat

import "nitrocard/nic/wire"

// hunts count how often hosts looked in vain, in a tick, for a connection that has to go. Whoever looks at all
// candidates waits for memory hundreds of times, and others wait for the lock meanwhile. A host that has most finds
// none, and so is refused at once after it has looked mostVain times, and so are the hosts of a network after
// mostVainOfMany times. A secret hash gives each host and network a counter, another one in each tick: so two share
// one for a tick at most.
type hunts struct {
	tick uint64
	vain [1 << 10]uint8
}

// mostVain is how often a host may look in vain in a tick, 60 times a second, and mostVainOfMany how often all
// hosts of a network may (networks).
const mostVain, mostVainOfMany = 4, 32

// mayHunt tells whether a host may look for a connection that has to go for its own.
func (t *table) mayHunt(host wire.Addr, now uint64) bool {
	own, network := t.vain(host, now)
	return *own < mostVain && *network < mostVainOfMany
}

// huntedInVain counts that a host found none.
func (t *table) huntedInVain(host wire.Addr, now uint64) {
	own, network := t.vain(host, now)
	*own++
	*network++
}

// vain is how often a host looked in vain in the tick now, and how often the hosts of its network did.
func (t *table) vain(host wire.Addr, now uint64) (own, network *uint8) {
	h := &t.hunts
	if h.tick != now {
		*h = hunts{tick: now}
	}
	at := func(of name) *uint8 { return &h.vain[uint64(of)*(2*now+1)>>54] }
	return at(t.uses.host(t.hostOf(host))), at(t.uses.network(host, 5))
}
