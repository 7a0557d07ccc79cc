//go:build linux

package lab

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
)

// A cloud image has a disk, and firmware that says that the machine is EC2's. Who the machine is,
// nothing tells but the MAC of its port.
func TestACloudImageIsToldNothing(t *testing.T) {
	v := aVM(t, "")
	v = newVM(v.guest, v.server, &machinery{QEMU: "qemu", Kernel: "/vmlinuz", Initrd: "/initrd.img", Disk: "/disk.img"})
	files, err := v.cloudFiles()
	require.NoError(t, err)
	args := strings.Join(append(v.arguments(slowly[1]), files...), " ")
	require.Contains(t, args, "uuid=ec2")
	require.Contains(t, args, "snapshot=on,file=/disk.img")
	for _, told := range []string{v.Addr.Addr().String(), v.ENI, "i-" + v.Nick, "ip-"} {
		require.NotContains(t, args, told)
	}
}

// The machine serves when cloud-init says that it has finished; how far it is is told.
func TestACloudImageTellsHowFarItIs(t *testing.T) {
	var told strings.Builder
	v := &vm{guest: guest{Nick: "b1"}, with: &machinery{Disk: "/disk.img"}, tell: &told}
	require.False(t, v.ready("[  OK  ] Started ssh.service."))
	require.False(t, v.ready("[    9.1] cloud-init[231]: Cloud-init v. 22.4.2 running 'init' at Sun"))
	require.True(t, v.ready("[   99.9] cloud-init[320]: Cloud-init v. 22.4.2 finished at Sun"))
	require.Equal(t, "…    b1: Cloud-init v. 22.4.2 running 'init' at Sun\n…    b1: Cloud-init v. 22.4.2 finished at Sun\n", told.String())
}

// What b1 is launched with is a configuration that both cards enforce, and has its user data.
func TestB1IsLaunched(t *testing.T) {
	c, err := vpc.Parse("region.yaml", Region)
	require.NoError(t, err)
	key, err := launchImage(c)
	require.NoError(t, err)
	for _, card := range []string{"x", "y"} {
		p, err := vpc.Compile(c, vpc.CompileOptions{Card: card})
		require.NoError(t, err)
		require.Empty(t, p.Notices())
		require.Equal(t, cloudConfig, p.Region.UserData("i-b1"))
	}
	require.Contains(t, c.KeyPairs[0].PublicKey, key.PublicKey().Type())
	r, err := readRegion(c)
	require.NoError(t, err)
	for _, g := range r.guests {
		if g.Nick == "b2" {
			require.Equal(t, [3]string{"y", "vpc-b", neighbourAddr.String()}, [3]string{g.Card, g.VPC, g.Addr.Addr().String()})
			return
		}
	}
	t.Fatal("there is no b2")
}
