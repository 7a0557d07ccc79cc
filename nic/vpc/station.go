package vpc

import "nitrocard/nic/wire"

// Station is the receiver of a frame whose tunnel is off: an ENI, or the edge in a VPC. Its
// first 16 bytes are as in a frame from VXLAN's VNI on, so that the packet path copies them
// at once. It has 20 bytes: the packet path multiplies by 5 and scales by 4, in one
// instruction each.
//
//	0        3          4           10          16     18     20
//	+--------+----------+-----------+-----------+------+------+
//	|  VNI   | reserved | inner dst | inner src | VTEP | MTU  |
//	+--------+----------+-----------+-----------+------+------+
type Station struct {
	VNI  [4]byte  // three bytes and a reserved one, as in VXLAN (RFC 7348 section 5)
	Dst  wire.MAC // the ENI's, or the edge's
	Src  wire.MAC // source of a routed frame: the router of the ENI's subnet
	VTEP uint16   // index in Region.VTEPs of the tunnel end
	MTU  MTU      // of the way to the station; setStation makes 0 InsideMTU
}

// vniBytes is a VNI as in VXLAN's header.
func vniBytes(vni uint32) [4]byte { return [4]byte{byte(vni >> 16), byte(vni >> 8), byte(vni)} }

// stations are a region's stations, by number. A number may mean another station in
// another region; a connection uses the number under one policy only.
type stations struct {
	chunks []*Stations
	free   *freeStation
	next   uint32
}

// StationBits is how many low bits of a station's number are the index in a chunk. The bits
// above are the index of the chunk in Region.Stations.
const StationBits = 8

// Stations is a chunk of a region's stations.
type Stations [1 << StationBits]Station

// freeStation is a list of numbers to give again.
type freeStation struct {
	number uint32
	rest   *freeStation
}

// Stations are the chunks of all stations.
func (r *Region) Stations() []*Stations { return r.stations.chunks }

// Station is the station of a number.
func (r *Region) Station(number uint32) *Station {
	return &r.stations.chunks[number>>StationBits][number&(1<<StationBits-1)]
}

// take takes a number that no station has.
func (s *stations) take() uint32 {
	if f := s.free; f != nil {
		s.free = f.rest
		return f.number
	}
	s.next++
	return s.next - 1
}

// give frees a number for another station.
func (s *stations) give(number uint32) { s.free = &freeStation{number, s.free} }
