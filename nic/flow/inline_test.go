package flow

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// The functions that run for each packet are inlined.
func TestHotFunctionsInline(t *testing.T) {
	if os.Getenv("GOCOVERDIR") != "" || testing.CoverMode() != "" {
		t.Skip("coverage counters change what is inlined")
	}
	// A folder of its own has the package compiled: from a cache without the compiler's words, go build would print none.
	out, err := exec.Command("go", "build", "-gcflags=-m -D="+t.TempDir(), ".").CombinedOutput()
	if err != nil {
		t.Skipf("the go command cannot build here: %v", err)
	}
	for _, f := range []string{
		"(*Conn).Packet", "(*Conn).TCP", "(*Conn).UDP", "(*Conn).Under", "(*Conn).Status",
		"Status.Walked", "(*Key).Set", "Key.Fragment", "TickOf",
		"(*Table).Conn", "(*Table).LookupBurst",
	} {
		require.Contains(t, string(out), "can inline "+f+"\n", f)
	}
}
