package lab

import (
	_ "embed"
	"io"
	"time"

	"nitrocard/nic/vpc"
)

// Options say how to run the lab. The zero value of everything but Binary
// will do.
type Options struct {
	Keep    bool          // leave it running afterwards, until ctx ends
	Out     io.Writer     // for people; nil: nowhere
	Config  string        // a configuration to survey, or the story's own with changes: a file or a folder; "": region.yaml
	Reading vpc.Reading   // of that
	Binary  string        // the nitrocard program, which runs as the lab and as its cards
	Driver  string        // of the cards' ports: AFPacket or DPDK; "": AFPacket
	Routers string        // who speaks BGP on the way to the edges: BIRD or GoBGP; "": BIRD where it is installed
	VM      bool          // b1 is a virtual machine, on a port of DPDK's net_vhost
	Attack  time.Duration // attack the card for so long instead of the checks; 0: check
	Cloud   bool          // b1 is a virtual machine of Debian with cloud-init
	Image   string        // folder with its image, as .ci/cloud makes it; "": cloud beside Binary
	Kernel  string        // folder with the virtual machine's kernel, laid out as a Debian package of one; "": kernel beside Binary
}

// Drivers of the cards' ports.
const (
	AFPacket = "afpacket"
	DPDK     = "dpdk"
)

// Daemons that speak BGP.
const (
	BIRD  = "bird"
	GoBGP = "gobgp"
)

// InnerCommand is the hidden command of the program that has to call Inner
// with the arguments that follow it.
const InnerCommand = "lab-inner"

// Region is the configuration of the lab's region, in YAML.
//
//go:embed region.yaml
var Region []byte
