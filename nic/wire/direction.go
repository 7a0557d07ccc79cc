package wire

// Direction is the way that a packet goes, as its ENI sees the packet.
type Direction uint8

// Directions. Their numbers index what is kept for each direction.
const (
	In  Direction = 0 // towards the guest
	Out Direction = 1 // from the guest
)

// DirectionOf is the direction that EC2 calls egress, or the other one.
func DirectionOf(egress bool) Direction {
	if egress {
		return Out
	}
	return In
}

// String is "in" or "out".
func (d Direction) String() string { return [...]string{"in", "out"}[d&1] }

// Bound is "inbound" or "outbound".
func (d Direction) Bound() string { return d.String() + "bound" }
