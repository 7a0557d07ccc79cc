package flow

// Dir is the way a packet goes, as its ENI sees it. The values are those of
// the policy's directions.
type Dir uint8

const (
	In  Dir = 0 // towards the guest
	Out Dir = 1 // from the guest
)

// Bits of Key.Who.
const (
	whoProto    = 24        // the protocol number starts at this bit
	whoFragment = 1 << 23   // set: the key of a fragmented datagram
	WhoENI      = 1<<23 - 1 // the ENI's number
)

// Key names a connection of one ENI: 16 bytes, comparable, without a pointer.
// Local is the ENI's own side whoever sends, so that both directions make the
// same key; and because the ENI is part of it, equal addresses of two VPCs
// never meet. Addresses and ports are numbers in host byte order. An ICMP
// query has its identifier as local port, and as the other what is asked and which
// way; what has no ports carries 0.
type Key struct {
	Local, Remote         uint32
	LocalPort, RemotePort uint16
	Who                   uint32 // protocol<<24 | fragment<<23 | ENI number
}

// Set makes k the key of a connection. The ENI's number must be below 1<<23.
// It stores field by field: a key built as a value is put together on the stack
// and read back as one vector, which stalls until the narrow stores are done,
// for longer than the rest of the key's making takes.
func (k *Key) Set(eni, local, remote uint32, lport, rport uint16, proto uint8) {
	k.Local = local
	k.Remote = remote
	k.LocalPort = lport
	k.RemotePort = rport
	k.Who = uint32(proto)<<whoProto | eni
}

// Fragment is the key under which the fragments of one datagram find each
// other: the IPv4 identification stands where the ports do, which only the
// first fragment has (RFC 791 section 2.3).
func (k Key) Fragment(id uint16) Key {
	return Key{k.Local, k.Remote, id, 0, k.Who | whoFragment}
}

// ENI is the number of the interface the connection belongs to.
func (k Key) ENI() uint32 { return k.Who & WhoENI }

// Proto is the protocol's number.
func (k Key) Proto() uint8 { return uint8(k.Who >> whoProto) }

// IsFragment tells whether Fragment made the key.
func (k Key) IsFragment() bool { return k.Who&whoFragment != 0 }
