//go:build linux

package lab

import (
	"crypto/ed25519"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/crypto/ssh"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// A cloud image is a Linux with cloud-init, as EC2 has them. It knows nothing when it starts; what b1
// is to be, the configuration says, and metadata tells it.

// User data of b1, which start its page: of a cloud image, and of a small guest.
var (
	//go:embed cloud_config.yaml
	cloudConfig []byte
	//go:embed vm_userdata.sh
	vmUserData []byte
)

// findImage looks for a cloud image in a folder as .ci/cloud makes it.
func findImage(folder string) (m *machinery, err error) {
	if folder, err = filepath.Abs(folder); err != nil {
		return nil, err
	}
	m = &machinery{Kernel: filepath.Join(folder, "vmlinuz"), Initrd: filepath.Join(folder, "initrd.img"), Disk: filepath.Join(folder, "disk.img")}
	for _, file := range []string{m.Kernel, m.Initrd, m.Disk} {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("the lab with a cloud image needs one, and there is no %s: `make lab-cloud` as root makes it, and --image names another folder", file)
		}
	}
	m.QEMU, err = findQEMU()
	return m, err
}

// launch puts into a configuration what EC2 is told when b1 is launched: its user data, and that its
// metadata want a token.
func launch(c *vpc.Config, userData []byte) {
	c.Instances = append(c.Instances, ec2.Instance{InstanceId: "i-b1", MetadataOptions: &ec2.InstanceMetadataOptionsResponse{HttpTokens: "required"}})
	c.InstanceAttributes = append(c.InstanceAttributes, ec2.InstanceAttribute{InstanceId: "i-b1", UserData: ec2.UserData{Value: base64.StdEncoding.EncodeToString(userData)}})
}

// launchImage launches b1 with a key for who may log in. The shop's group lets the client in at port
// 22, and b1 gets a neighbour, b2.
func launchImage(c *vpc.Config) (ssh.Signer, error) {
	launch(c, cloudConfig)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, err
	}
	c.Instances[len(c.Instances)-1].KeyName = "visitor"
	c.KeyPairs = append(c.KeyPairs, ec2.KeyPair{KeyPairId: "key-visitor", KeyName: "visitor", KeyType: "ed25519", PublicKey: string(ssh.MarshalAuthorizedKey(key.PublicKey()))})
	return key, errors.Join(letIn(c), neighbour(c))
}

// letIn has the group of b1 let the client in at port 22.
func letIn(c *vpc.Config) error {
	i := slices.IndexFunc(c.SecurityGroups, func(g ec2.SecurityGroup) bool { return g.GroupId == cast["eni-b1"] })
	if i < 0 {
		return errors.New("the configuration lacks the security group of eni-b1")
	}
	g := &c.SecurityGroups[i]
	g.IpPermissions = append(slices.Clone(g.IpPermissions), shellRule(netip.PrefixFrom(clientAddr.Addr(), 32)))
	return nil
}

// neighbour adds b2, the next in b1's subnet, on the last card.
func neighbour(c *vpc.Config) error {
	i := slices.IndexFunc(c.NetworkInterfaces, func(e ec2.NetworkInterface) bool { return e.NetworkInterfaceId == "eni-b1" })
	if i < 0 || len(c.Placement.Cards) == 0 {
		return errors.New("the configuration lacks eni-b1, or servers")
	}
	e := c.NetworkInterfaces[i]
	e.NetworkInterfaceId, e.Attachment = "eni-b2", nil
	e.MacAddress = wire.MAC{2, 0, 0, 0x0b, 1, 6}
	e.PrivateIpAddresses = []ec2.NetworkInterfacePrivateIpAddress{{Primary: true, PrivateIpAddress: neighbourAddr}}
	c.NetworkInterfaces = append(c.NetworkInterfaces, e)
	card := &c.Placement.Cards[len(c.Placement.Cards)-1]
	card.NetworkInterfaces = append(slices.Clone(card.NetworkInterfaces), e.NetworkInterfaceId)
	return nil
}

var neighbourAddr = netip.MustParseAddr("10.0.1.6")
