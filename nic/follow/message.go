package follow

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"nitrocard/nic/vpc"
)

// Header is what is signed of a message.
type Header struct {
	Card     string    // the card that the message is for, by its name
	After    uint64    // the revision to which the edits lead on; 0: they are a whole region, a snapshot
	Revision uint64    // the region's revision with the edits; from 1
	Issued   time.Time // when the controller knew of nothing later
	Expires  time.Time // from then on no card takes the message from a connection
	Size     int64     // of the edits, in bytes
	Sum      [sha256.Size]byte
}

// Snapshot tells whether the message has a whole region.
func (h *Header) Snapshot() bool { return h.After == 0 }

// Message leads one card from one revision of the region to another. A message without
// edits tells that there are none.
type Message struct {
	Header
	signed    []byte // the header's JSON, as it was signed
	key       string // the ID of the signer's key
	signature []byte
	edits     []byte // JSON, an edit a line
}

// Encode writes edits as messages carry them. A controller encodes what changed once, for
// all cards.
func Encode(edits []vpc.Edit) ([]byte, error) {
	var all []byte
	for _, e := range edits {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", e.Kind, e.ID, err)
		}
		all = append(append(all, line...), '\n')
	}
	return all, nil
}

// Edits reads what Encode wrote.
func (m *Message) Edits() ([]vpc.Edit, error) {
	var edits []vpc.Edit
	for line := range lines(m.edits) {
		var e vpc.Edit
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, err
		}
		edits = append(edits, e)
	}
	return edits, nil
}
