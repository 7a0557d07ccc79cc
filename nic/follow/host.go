package follow

import "time"

// Roles of hosts.
const (
	RoleCard = "card"
	RoleEdge = "edge"
)

// HostView is a card or an edge as its controller knows it.
type HostView struct {
	Name      string    `json:"name"`
	Role      string    `json:"role"` // RoleCard or RoleEdge
	Vtep      string    `json:"vtep"` // all edges have the same
	Rack      string    `json:"rack,omitempty"`
	Zone      string    `json:"availability_zone,omitempty"`
	ENIs      int       `json:"enis"`            // on the card; of an edge all that it is told of
	Connected bool      `json:"connected"`       // to the controller that was asked
	Revision  uint64    `json:"revision"`        // that the card reported to be in force; 0: none yet
	Behind    uint64    `json:"behind"`          // changes since then that concern the card
	Lag       float64   `json:"lag_seconds"`     // since the oldest of them was made
	Root      int64     `json:"root,omitzero"`   // version of the root document that the card reported; 0: none, its keys never change
	Error     string    `json:"error,omitempty"` // why the card did not take the next one
	Reported  time.Time `json:"reported,omitzero"`
}
