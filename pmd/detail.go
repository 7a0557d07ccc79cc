package pmd

// Detailed is a port that knows more of its device than Info and Stats.
type Detailed interface {
	// Detail asks the device. It may take as long as that does, so nobody
	// calls it on the packets' way.
	Detail() Detail
}

// Detail is what a device says of itself.
type Detail struct {
	Speed    int               `json:"speed,omitempty"`    // of the link in Mbit/s, 0 if it is down or has none
	Queues   int               `json:"queues"`             // that the device was opened with
	Spread   string            `json:"spread,omitempty"`   // what chooses the queue of a frame that comes
	Offloads []string          `json:"offloads,omitempty"` // that the device does for the port, by its own names
	Extended map[string]uint64 `json:"extended,omitempty"` // the device's own counts by its own names, those that are not zero
}
