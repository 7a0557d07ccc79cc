package vpc

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// mappingsHead is what ENIs share.
type mappingsHead struct {
	Forms json.RawMessage // a list of ENIs without what differs from ENI to ENI; 0.0.0.0 stands for the primary address
	Cards []string        // names
	ENIs  int
}

// mostInBlock is how many ENIs are in a block. The texts of a block are in memory as long as one
// of its ENIs is.
const mostInBlock = 256

// AppendBinary appends the mappings as UnmarshalBinary reads them: a head in JSON, then an ENI a
// row of some 60 bytes. Lengths and numbers are varints (encoding/binary).
//
//	head    | length | mappingsHead in JSON |
//	blocks  | length | rows of 256 ENIs     |  in the last of fewer
//	row     | form | card, 0: none | MAC, 6 bytes | address, 4 bytes | ID | instance | port |
//	text    | length | bytes |                     as of ID, instance and port
func (m *Mappings) AppendBinary(to []byte) ([]byte, error) {
	forms, list := map[*ec2.NetworkInterface]int{}, []*ec2.NetworkInterface{}
	for _, e := range m.enis {
		if _, known := forms[e.form]; !known {
			forms[e.form] = len(list)
			list = append(list, e.form)
		}
	}
	texts, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(mappingsHead{Forms: texts, Cards: m.cards, ENIs: m.Len()})
	if err != nil {
		return nil, err
	}
	to = appendText(to, text)
	var block []byte
	for i, e := range m.enis {
		block = binary.AppendUvarint(block, uint64(forms[e.form]))
		block = binary.AppendUvarint(block, uint64(m.on[i]))
		block = append(block, e.MAC[:]...)
		block = binary.BigEndian.AppendUint32(block, e.addr)
		block = appendText(appendText(appendText(block, e.ID), e.Instance), m.ports[e.ID])
		if i%mostInBlock == mostInBlock-1 || i == m.Len()-1 {
			to, block = appendText(to, block), block[:0]
		}
	}
	return to, nil
}

// appendText appends a text with its length.
func appendText[T ~string | ~[]byte](to []byte, text T) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// errRows is the error of bytes that AppendBinary did not write.
var errRows = errors.New("the bytes are not those of mappings")

// UnmarshalBinary reads what AppendBinary wrote.
func (m *Mappings) UnmarshalBinary(data []byte) error {
	text, data, ok := cutText(data)
	var head mappingsHead
	if !ok || json.Unmarshal(text, &head) != nil || head.ENIs < 0 || head.ENIs > mostMappings || len(head.Cards) > math.MaxUint16-firstCard {
		return errRows
	}
	forms, err := formsOf(head.Forms)
	if err != nil {
		return err
	}
	*m = Mappings{enis: make([]*identity, 0, head.ENIs), on: make([]uint16, 0, head.ENIs), cards: head.Cards, fresh: true}
	for len(data) > 0 {
		if text, data, ok = cutText(data); !ok {
			return errRows
		}
		if err := m.block(string(text), forms, head.ENIs); err != nil {
			return err
		}
	}
	if m.Len() != head.ENIs {
		return errRows
	}
	return nil
}

// cutText cuts off a text that appendText appended.
func cutText(data []byte) (text, rest []byte, ok bool) {
	n, width := binary.Uvarint(data)
	if width <= 0 || n > uint64(len(data)-width) {
		return nil, nil, false
	}
	return data[width:][:n], data[width:][n:], true
}

// form is a form, and what it says of its ENIs.
type form struct {
	*ec2.NetworkInterface
	addr uint32 // the primary address, if that is in the form
	took bool   // as of identity
}

// formsOf reads forms. Each has memory of its own, and so outlives no other.
func formsOf(texts json.RawMessage) ([]form, error) {
	var p ec2.Problems
	var list []ec2.NetworkInterface
	decode("NetworkInterfaces", texts, &list, &p)
	forms := make([]form, len(list))
	for i := range list {
		forms[i] = formOf(new(list[i]))
	}
	return forms, p.Err()
}

// formOf tells what a form says of its ENIs.
func formOf(f *ec2.NetworkInterface) form {
	isOwn := func(a ec2.NetworkInterfacePrivateIpAddress) bool { return a.PrivateIpAddress == ownAddress }
	took := f.PrivateIpAddress == ownAddress || slices.ContainsFunc(f.PrivateIpAddresses, isOwn)
	return form{f, number(primaryOf(f)), took}
}

// block reads the rows of a block.
func (m *Mappings) block(text string, forms []form, most int) error {
	r := rows{rest: text}
	enis := make([]identity, 0, mostInBlock)
	for r.rest != "" {
		if len(enis) == cap(enis) || m.Len() == most {
			return errRows
		}
		n, on := r.number(), r.number()
		if n >= uint64(len(forms)) || on > uint64(len(m.cards)) {
			return errRows
		}
		f := forms[n]
		e := identity{form: f.NetworkInterface, took: f.took, MAC: wire.MAC([]byte(r.take(6)))}
		e.addr = binary.BigEndian.Uint32([]byte(r.take(4)))
		e.ID, e.Instance = r.text(), r.text()
		port := r.text()
		if r.short {
			return errRows
		}
		if !f.took {
			e.addr = f.addr
		}
		if err := e.check(m.last()); err != nil {
			return err
		}
		if port != "" {
			if m.ports == nil {
				m.ports = map[string]string{}
			}
			m.ports[e.ID] = port
		}
		enis = append(enis, e)
		m.enis, m.on = append(m.enis, &enis[len(enis)-1]), append(m.on, uint16(on))
	}
	return nil
}

// last is the ID of the last ENI; "" before the first.
func (m *Mappings) last() string {
	if m.Len() == 0 {
		return ""
	}
	return m.enis[m.Len()-1].ID
}

// check is an error for an identity that no packer makes, or for one that does not come after
// the last.
func (e *identity) check(last string) error {
	switch {
	case e.ID <= last:
		return fmt.Errorf("%q comes after %q; ENIs stand in order of their IDs", ec2.Shorten(e.ID), ec2.Shorten(last))
	case strings.IndexFunc(e.ID, notInID) >= 0:
		return fmt.Errorf("%q is no ID", ec2.Shorten(e.ID))
	case e.took && e.addr == 0:
		return fmt.Errorf("%s has no primary address", e.ID)
	case e.Instance != "" && e.form.Attachment == nil:
		return fmt.Errorf("%s has an instance and no attachment", e.ID)
	}
	return nil
}

// rows reads rows. After their end it reads zeros.
type rows struct {
	rest  string
	short bool
}

// take takes so many bytes.
func (r *rows) take(n int) string {
	if n > len(r.rest) {
		r.rest, r.short = "", true
		return zeros[:min(n, len(zeros))]
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

const zeros = "\x00\x00\x00\x00\x00\x00"

// number takes a varint of up to 32 bits.
func (r *rows) number() (n uint64) {
	for shift := 0; shift < 35; shift += 7 {
		b := r.take(1)[0]
		if n |= uint64(b&0x7f) << shift; b < 0x80 {
			return n
		}
	}
	r.short = true
	return 0
}

// text takes a text with its length.
func (r *rows) text() string { return r.take(int(r.number())) }
