package vpc

import "nitrocard/nic/wire"

// Station is whom a frame is for once its tunnel is off: an ENI, or the edge in
// a VPC. Its first 16 bytes are those of a frame, from VXLAN's VNI on, so that the
// packet path copies them at once.
//
//	0        3          4           10          16     18     20
//	+--------+----------+-----------+-----------+------+------+
//	|  VNI   | reserved | inner dst | inner src | VTEP |      |
//	+--------+----------+-----------+-----------+------+------+
type Station struct {
	VNI  [4]byte  // as VXLAN has it: three bytes, and one that is reserved (RFC 7348 section 5)
	Dst  wire.MAC // the ENI's, or the edge's
	Src  wire.MAC // of a routed frame: the router of the ENI's subnet
	VTEP uint16   // where the tunnel leads: index in Region.VTEPs
	_    uint16   // makes 20 bytes: the packet path multiplies by 5 and scales by 4, in one instruction each
}

// vniBytes is a VNI as VXLAN has it.
func vniBytes(vni uint32) [4]byte { return [4]byte{byte(vni >> 16), byte(vni >> 8), byte(vni)} }

// stations are all of a region, by number. A number means the same station within
// one region alone: connections ask for it under one policy.
type stations struct {
	chunks []*Stations
	free   *freeStation
	next   uint32
}

// StationBits is how many of the low bits of a station's number are its index in
// Stations; those above are the index of Stations in the region's list.
const StationBits = 8

// Stations are some of a region.
type Stations [1 << StationBits]Station

// freeStation is a list of numbers to give again.
type freeStation struct {
	number uint32
	rest   *freeStation
}

// Stations are all of the region, by number.
func (r *Region) Stations() []*Stations { return r.stations.chunks }

// Station is the station of a number.
func (r *Region) Station(number uint32) *Station {
	return &r.stations.chunks[number>>StationBits][number&(1<<StationBits-1)]
}

// take is a number that no station has.
func (s *stations) take() uint32 {
	if f := s.free; f != nil {
		s.free = f.rest
		return f.number
	}
	s.next++
	return s.next - 1
}

// give makes a number free for another station.
func (s *stations) give(number uint32) { s.free = &freeStation{number, s.free} }
