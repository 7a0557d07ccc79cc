package follow

import (
	"bytes"
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
	Records  string    `json:",omitzero"` // an ENI that came to the card; "": none. The edits are no edits then, but the records of its connections
	Question string    `json:",omitzero"` // ID of a question that the card is to answer; "": none. The edits are in force neither before nor after
	Asks     string    `json:",omitzero"` // of a question, such as nic.AsksDryRun
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
	edits     []byte // as Encode writes them
}

// Encode writes edits as messages carry them: a line of JSON each, but of Mappings, whose line
// is followed by bytes. A controller encodes what changed once, for all cards.
//
//	{"Kind":"SecurityGroups","ID":"sg-1","Object":{…}}⏎
//	{"Kind":"Mappings","Bytes":3901234}⏎… as vpc.Mappings.AppendBinary writes them
func Encode(edits ...vpc.Edit) (all []byte, err error) {
	for _, e := range edits {
		var line, behind []byte
		if m, is := e.Object.(*vpc.Mappings); is {
			if behind, err = m.AppendBinary(nil); err == nil {
				line, err = json.Marshal(mappingsLine{e.Kind, len(behind)})
			}
		} else {
			line, err = json.Marshal(e)
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", e.Kind, e.ID, err)
		}
		all = append(append(append(all, line...), '\n'), behind...)
	}
	return all, nil
}

// mappingsLine is the line of Mappings.
type mappingsLine struct {
	Kind  string
	Bytes int
}

// isMappings tells whether a line is a mappingsLine.
func isMappings(line []byte) bool {
	return bytes.HasPrefix(line, []byte(`{"Kind":"`+vpc.KindMappings+`"`))
}

// Edits reads what Encode wrote.
func (m *Message) Edits() ([]vpc.Edit, error) {
	var edits []vpc.Edit
	for rest := m.edits; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte{'\n'})
		var e vpc.Edit
		var err error
		if isMappings(line) {
			e, rest, err = mappings(line, rest)
		} else {
			err = json.Unmarshal(line, &e)
		}
		if err != nil {
			return nil, err
		}
		edits = append(edits, e)
	}
	return edits, nil
}

// mappings reads Mappings, and cuts their bytes off.
func mappings(line, rest []byte) (vpc.Edit, []byte, error) {
	var l mappingsLine
	if err := json.Unmarshal(line, &l); err != nil {
		return vpc.Edit{}, nil, err
	}
	if l.Bytes < 0 || l.Bytes > len(rest) {
		return vpc.Edit{}, nil, fmt.Errorf("%s: %d bytes are told, and %d are there", l.Kind, l.Bytes, len(rest))
	}
	m := &vpc.Mappings{}
	err := m.UnmarshalBinary(rest[:l.Bytes])
	return vpc.Edit{Kind: l.Kind, Object: m}, rest[l.Bytes:], err
}
