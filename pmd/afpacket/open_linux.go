package afpacket

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// DefaultRing is how many frames a ring has room for, unless told: those of 245
// ms at 100,000 a second. It is 48 MB.
const DefaultRing = 24 << 10

// MostRing is the largest ring, of 2 GB.
const MostRing = 1 << 20

// Open opens a network interface, up or down, by name. It receives all frames
// that arrive there, whoever they are for, and none that this host sends.
// The kernel goes on to see what arrives.
func Open(name string) (pmd.Port, error) { return OpenRing(name, DefaultRing) }

// OpenRing is Open with a receive ring for so many frames, from 1 to MostRing,
// rounded up to whole blocks of memory.
func OpenRing(name string, frames int) (pmd.Port, error) {
	p, err := open(name, frames)
	if err != nil {
		return nil, fmt.Errorf("afpacket:%s: %w", name, err)
	}
	return p, nil
}

func open(name string, frames int) (*Port, error) {
	dev, err := net.InterfaceByName(name)
	if errors.As(err, new(*os.SyscallError)) { // it could not be looked for
		return nil, explain(err)
	}
	if err != nil {
		return nil, errors.New("there is no such network interface here; `ip link` lists those that are")
	}
	p := &Port{
		index:    dev.Index,
		rxFd:     -1,
		txFd:     -1,
		bulk:     -1,
		segments: make([]byte, pmd.MaxBurst*segmentSize),
		merged:   make([]byte, mergedSize),
	}
	info := &pmd.Info{Name: "afpacket:" + name, Driver: "afpacket", MTU: dev.MTU, Merged: true, Bundle: bundles()}
	copy(info.MAC[:], dev.HardwareAddr)
	p.info.Store(info)
	if p.claim, err = claimed(dev.Index); err != nil {
		return nil, err
	}
	if err := p.openRx(frames); err != nil {
		p.Close()
		return nil, explain(err)
	}
	if p.txFd, err = p.openTx(&p.tx, dev.MTU); err != nil {
		p.Close()
		return nil, explain(err)
	}
	if err := p.openBulk(); err != nil {
		p.Close()
		return nil, explain(err)
	}
	return p, nil
}

// openBulk makes the socket for merged frames. They do not pass by the queueing
// discipline, as those of the ring do: the kernel cuts them behind it where the
// device does not.
func (p *Port) openBulk() (err error) {
	p.bulk, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	if err := unix.SetsockoptInt(p.bulk, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1); err != nil {
		return fmt.Errorf("packet socket option %d: %w", unix.PACKET_VNET_HDR, err)
	}
	buffer(p.bulk, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, sndbuf)
	return p.bind(p.bulk, 0)
}

// bundles tells whether packet sockets of this kernel take datagrams to be cut: those of
// Linux 6.2 and later do (VIRTIO_NET_HDR_GSO_UDP_L4 in linux/virtio_net.h).
func bundles() bool {
	var of unix.Utsname
	if unix.Uname(&of) != nil {
		return false
	}
	var major, minor int
	fmt.Sscanf(unix.ByteSliceToString(of.Release[:]), "%d.%d", &major, &minor)
	return major > 6 || major == 6 && minor >= 2
}

func explain(err error) error {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return errors.New("packet sockets need the capability CAP_NET_RAW: run as root, " +
			"give the binary the right with `setcap cap_net_raw+ep`, or use a user namespace of your own")
	case errors.Is(err, unix.ENOMEM):
		return fmt.Errorf("no memory for the rings shared with the kernel, of which --ring makes the larger one smaller: %w", err)
	}
	return pmd.Descriptors(err)
}

// blockSize is that of a block, of which rings are made. No slot crosses the
// end of one.
const blockSize = 256 << 10

// reserve is what lies before a frame besides the kernel's own descriptor:
// the headroom, the header for unfinished frames, and a VLAN tag that has to
// be put back.
const reserve = pmd.Headroom + wire.VLANLen

func (p *Port) openRx(frames int) (err error) {
	// Protocol 0 receives nothing yet: no frame of another interface gets
	// between socket and bind.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return err
	}
	p.rxFd = fd
	for _, o := range []struct{ name, value int }{
		{unix.PACKET_VERSION, unix.TPACKET_V2},
		{unix.PACKET_COPY_THRESH, 1}, // frames longer than a slot are kept for read
		{unix.PACKET_RESERVE, reserve},
		{unix.PACKET_VNET_HDR, 1},
		{unix.PACKET_IGNORE_OUTGOING, 1},
	} {
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, o.name, o.value); err != nil {
			return fmt.Errorf("packet socket option %d: %w", o.name, err)
		}
	}
	if err := p.rx.share(fd, frames); err != nil {
		return err
	}
	buffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, len(p.rx.mem))
	if err := p.bind(fd, unix.ETH_P_ALL); err != nil {
		return err
	}
	promisc := unix.PacketMreq{Ifindex: int32(p.index), Type: unix.PACKET_MR_PROMISC}
	return unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &promisc)
}

// share makes the ring.
func (r *rxRing) share(fd, frames int) (err error) {
	const perBlock = blockSize / slotSize
	blocks := (min(max(frames, 1), MostRing) + perBlock - 1) / perBlock
	r.slots = blocks * perBlock
	ring := unix.TpacketReq{Block_size: blockSize, Block_nr: uint32(blocks), Frame_size: slotSize, Frame_nr: uint32(r.slots)}
	if err := unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &ring); err != nil {
		return fmt.Errorf("receive ring: %w", err)
	}
	r.mem, err = mmap(fd, blocks*blockSize)
	return err
}

// buffer bounds the kernel's memory for frames outside a ring: by force, which
// takes CAP_NET_ADMIN, or to as much as the system allows anybody.
func buffer(fd, force, option, bytes int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, bytes) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, bytes)
	}
}

// sndbuf bounds the kernel's memory for frames that a device has not sent
// yet; the default is less than a burst.
const sndbuf = 8 << 20

// openTx makes a socket that sends, and the ring behind it.
func (p *Port) openTx(r *txRing, mtu int) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	if err := p.prepareTx(fd, r, mtu); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (p *Port) prepareTx(fd int, r *txRing, mtu int) (err error) {
	for _, o := range []struct{ name, value int }{
		{unix.PACKET_VERSION, unix.TPACKET_V2},
		{unix.PACKET_LOSS, 1}, // a frame the kernel refuses must not stop those behind it
		{unix.PACKET_QDISC_BYPASS, 1},
		{unix.PACKET_VNET_HDR, 1}, // says how the kernel is to copy (txRing.put); what is sent is finished
	} {
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, o.name, o.value); err != nil {
			return fmt.Errorf("packet socket option %d: %w", o.name, err)
		}
	}
	buffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, sndbuf)
	if err := p.bind(fd, 0); err != nil {
		return err
	}
	r.plan(mtu)
	ring := r.request()
	if err := unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_TX_RING, &ring); err != nil {
		return fmt.Errorf("transmit ring: %w", err)
	}
	r.mem, err = mmap(fd, int(ring.Block_size*ring.Block_nr))
	return err
}

// resize follows a new MTU of the device. Slots that are too small for it are
// made anew; if the kernel has no memory for them, what does not fit is
// dropped and counted as before.
func (p *Port) resize(mtu int) {
	if p.tx.shrink(mtu) {
		return
	}
	var fresh txRing
	fd, err := p.openTx(&fresh, mtu)
	if err != nil {
		p.tx.mtu = mtu // not again for each burst
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	unix.Munmap(p.tx.mem)
	unix.Close(p.txFd)
	p.tx, p.txFd = fresh, fd
}

func mmap(fd, size int) ([]byte, error) {
	mem, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("memory shared with the kernel: %w", err)
	}
	return mem, nil
}

// bind ties a socket to the interface, which must carry Ethernet frames.
func (p *Port) bind(fd int, protocol uint16) error {
	addr := &unix.SockaddrLinklayer{Protocol: protocol<<8 | protocol>>8, Ifindex: p.index}
	if err := unix.Bind(fd, addr); err != nil {
		return err
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return err
	}
	switch kind := bound.(*unix.SockaddrLinklayer).Hatype; kind {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return nil
	default:
		return fmt.Errorf("the interface carries no Ethernet frames (its type is %d)", kind)
	}
}
