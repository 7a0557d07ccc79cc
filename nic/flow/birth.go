package flow

import "time"

// When a connection began is 13 bits of its account, which make no record bigger:
//
//	28  27 26           16
//	+------+--------------+
//	| unit |    birth     |
//	+------+--------------+
//
// birth is the first packet's tick in units of 1, 64, 4096 or 262144 ticks (67 ms, 4.3 s, 4.6 min,
// 4.9 h), modulo 2048. A connection that lives for 1024 units takes the next unit when its timer fires,
// so that its age is known to a sixteenth of itself, and no packet pays for it.
const (
	birthAt   = 16 // lowest bit
	birthBits = 11
	unitAt    = birthAt + birthBits
	unitStep  = 6 // bits from one unit to the next
	lastUnit  = 3

	accountBirth account = (1<<(birthBits+2) - 1) << birthAt

	outgrown = 1 << 10 // units at which a connection takes the next one
	yetToBe  = 1 << 8  // units by which a birth may be later than the tick that it is compared with
	oldest   = 1700 << (lastUnit * unitStep)
)

// born is the account of a connection whose age at a tick is so many ticks. An age above oldest, 11 months,
// is told as that.
func (a account) born(now, age uint64) account {
	unit := 0
	for ; unit < lastUnit && age>>(unit*unitStep) >= outgrown; unit++ {
	}
	birth := account((now-min(age, oldest))>>(unit*unitStep)) & (1<<birthBits - 1)
	return a&^accountBirth | birth<<birthAt | account(unit)<<unitAt
}

// age is how many ticks before a tick the connection began, to its unit; below 0: so many after it.
func (a account) age(now uint64) int64 {
	shift := int(a>>unitAt&lastUnit) * unitStep
	units := (now>>shift-uint64(a>>birthAt)+yetToBe)&(1<<birthBits-1) - yetToBe
	return int64(units) << shift
}

// outgrows tells whether the connection, so many ticks old, needs another unit, or is too old for any.
func (a account) outgrows(age uint64) bool {
	unit := int(a >> unitAt & lastUnit)
	return age > oldest || unit < lastUnit && age>>(unit*unitStep) >= outgrown
}

// ageAt is how many ticks before a tick the connection at an index began. The age at the last tick that
// Advance finished is certain, for timers fire more often than births come again. The lock is held.
func (t *Table) ageAt(at uint32, now uint64) uint64 {
	last := t.now.Load()
	return uint64(max(t.cold.At(at).account.age(last)+int64(now-last), 0))
}

// Age is how long before a tick the connection at an index began, to a sixteenth of that and to a tick. What
// another card's connection was when it came counts, too; of a resumed one only the time since this card
// met it. The lock is held.
func (t *Table) Age(at uint32, now uint64) time.Duration {
	return time.Duration(t.ageAt(at, now)) << tickBits
}

// grow gives the connection at an index, whose timer fired, the unit that its age needs.
func (t *Table) grow(at uint32) {
	c := t.cold.At(at)
	if age := t.ageAt(at, t.target); c.account.outgrows(age) {
		c.account = c.account.born(t.target, age)
	}
}
