package pmd

// Detailed is a port that can tell more of its device than Info and Stats.
type Detailed interface {
	// Detail asks the device, and may take as long as the device does. Never call Detail on
	// a packet's way.
	Detail() Detail
}

// Detail is a device's answers about itself.
type Detail struct {
	Speed    int               `json:"speed,omitempty"`    // of the link in Mbit/s, 0 if the link is down or has no speed
	Queues   int               `json:"queues"`             // that the device was opened with
	Spread   string            `json:"spread,omitempty"`   // how the device chooses a received frame's queue
	Offloads []string          `json:"offloads,omitempty"` // that the device does for the port, by the device's names
	Extended map[string]uint64 `json:"extended,omitempty"` // the device's own counts above 0, by the device's names
}
