package service

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"

	"github.com/insomniacslk/dhcp/dhcpv6"
)

// message6 is what the service reads of a client's message of DHCPv6. It reads a few options
// itself, in one pass: a library would read all, also lists of compressed names, for which a
// message of a few bytes can ask for gigabytes.
type message6 struct {
	kind           dhcpv6.MessageType
	transaction    dhcpv6.TransactionID
	client, server []byte    // DUIDs; nil: not named
	associations   [][4]byte // IDs of the IA_NA
	held           []net.IP  // addresses in these
}

// Bounds of a message. A DUID's is of RFC 8415 section 11.1; the others are ours.
const (
	longestMessage6  = 1232
	longestDUID      = 130
	mostAssociations = 8
)

var errMessage6 = errors.New("no message of a DHCPv6 client")

// parseMessage6 reads a message:
//
//	|type 1|transaction 3|code 2|length 2|option|code 2|length 2|option|...
func parseMessage6(b []byte) (*message6, error) {
	if len(b) < 4 || len(b) > longestMessage6 {
		return nil, errMessage6
	}
	m := &message6{kind: dhcpv6.MessageType(b[0]), transaction: dhcpv6.TransactionID(b[1:4])}
	return m, eachOption6(b[4:], m.option)
}

// eachOption6 calls f with each option.
func eachOption6(b []byte, f func(code dhcpv6.OptionCode, value []byte) error) error {
	for len(b) > 0 {
		if len(b) < 4 {
			return errMessage6
		}
		code, n := dhcpv6.OptionCode(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:]))
		if b = b[4:]; len(b) < n {
			return errMessage6
		}
		if err := f(code, b[:n:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// option takes in one option of a message.
func (m *message6) option(code dhcpv6.OptionCode, value []byte) error {
	switch code {
	case dhcpv6.OptionClientID:
		return duid(&m.client, value)
	case dhcpv6.OptionServerID:
		return duid(&m.server, value)
	case dhcpv6.OptionIANA:
		if len(value) < 12 || len(m.associations) == mostAssociations {
			return errMessage6
		}
		m.associations = append(m.associations, [4]byte(value))
		return eachOption6(value[12:], m.address)
	}
	return nil
}

// duid takes in a DUID, of which a message names one at most.
func duid(into *[]byte, value []byte) error {
	if *into != nil || len(value) == 0 || len(value) > longestDUID {
		return errMessage6
	}
	*into = bytes.Clone(value)
	return nil
}

// address takes in one option of an IA_NA.
func (m *message6) address(code dhcpv6.OptionCode, value []byte) error {
	if code != dhcpv6.OptionIAAddr {
		return nil
	}
	if len(value) < 24 || len(m.held) == mostAssociations {
		return errMessage6
	}
	m.held = append(m.held, bytes.Clone(value[:16]))
	return nil
}

// answer is the type of the answer of a server with a DUID; ok is false if the message is to be
// discarded (RFC 8415 section 16).
func (m *message6) answer(server []byte) (kind dhcpv6.MessageType, ok bool) {
	named := m.server != nil
	if named && !bytes.Equal(m.server, server) || m.client == nil && m.kind != dhcpv6.MessageTypeInformationRequest {
		return 0, false
	}
	switch m.kind {
	case dhcpv6.MessageTypeSolicit:
		return dhcpv6.MessageTypeAdvertise, !named
	case dhcpv6.MessageTypeRequest, dhcpv6.MessageTypeRenew, dhcpv6.MessageTypeRelease, dhcpv6.MessageTypeDecline:
		return dhcpv6.MessageTypeReply, named
	case dhcpv6.MessageTypeRebind:
		return dhcpv6.MessageTypeReply, !named
	case dhcpv6.MessageTypeConfirm:
		return dhcpv6.MessageTypeReply, !named && len(m.held) > 0 // section 18.3.3
	case dhcpv6.MessageTypeInformationRequest:
		return dhcpv6.MessageTypeReply, len(m.associations) == 0
	}
	return 0, false
}
