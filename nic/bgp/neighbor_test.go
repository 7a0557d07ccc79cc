package bgp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNeighborsAreRead(t *testing.T) {
	for text, want := range map[string]bool{
		"203.0.113.254@64511": true, "203.0.113.254@64511+bfd": true, "2001:db8:9::fe@4200000000": true,
		"": false, "203.0.113.254": false, "203.0.113.254@": false, "203.0.113.254@0": false, "203.0.113.254@4294967296": false,
		"@64511": false, "isp@64511": false, "fe80::1%eth0@64511": false, "203.0.113.254@64511+ospf": false, "203.0.113.254/24@64511": false,
	} {
		n, err := ParseNeighbor(text)
		if require.Equal(t, want, err == nil, text); want {
			require.Equal(t, text, n.String())
		}
	}
}
