package lab

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// An archive by hand, field by field.
func TestAnArchiveIsAsTheKernelReadsIt(t *testing.T) {
	var a archive
	a.folder("bin")
	a.file("bin/x", []byte("hello"))
	const zero = "00000000"
	require.Equal(t, ""+
		"070701"+"00000001"+"000041ed"+zero+zero+"00000001"+zero+"00000000"+zero+zero+zero+zero+"00000004"+zero+"bin\x00\x00\x00"+
		"070701"+"00000002"+"000081ed"+zero+zero+"00000001"+zero+"00000005"+zero+zero+zero+zero+"00000006"+zero+"bin/x\x00hello\x00\x00\x00"+
		"070701"+"00000003"+"00000000"+zero+zero+"00000001"+zero+"00000000"+zero+zero+zero+zero+"0000000b"+zero+"TRAILER!!!\x00\x00\x00\x00",
		string(a.end()))
}

// Somebody else's program reads it too.
func TestCpioReadsAnArchive(t *testing.T) {
	tool, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("no busybox here; the machines that boot from an archive show the same")
	}
	var a archive
	a.folder("www")
	a.file("www/page", bytes.Repeat([]byte("x"), 1<<20+1))
	c := exec.Command(tool, "cpio", "-i", "--to-stdout", "www/page")
	c.Stdin = bytes.NewReader(a.end())
	got, err := c.Output()
	require.NoError(t, err)
	require.Equal(t, bytes.Repeat([]byte("x"), 1<<20+1), got)
}
