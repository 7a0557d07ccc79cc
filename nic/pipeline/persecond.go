package pipeline

import "sync/atomic"

// linkLocalPackets is how many packets an ENI may send to the services of the card in a
// second, all services together (VPC User Guide, "DNS attributes for your VPC").
const linkLocalPackets = 1024

// perSecond is what an ENI used of an allowance in a second: the second in the upper half,
// and the packets in the lower. All workers count in one word.
type perSecond struct{ atomic.Uint64 }

// take uses one of most in a second, and is false if none is left.
func (s *perSecond) take(second uint32, most uint32) bool {
	for {
		was := s.Load()
		used := uint32(was)
		if last := uint32(was >> 32); int32(second-last) > 0 {
			used = 0
		} else {
			second = last // another worker's clock was read later
		}
		if used >= most {
			return false
		}
		if s.CompareAndSwap(was, uint64(second)<<32|uint64(used+1)) {
			return true
		}
	}
}
