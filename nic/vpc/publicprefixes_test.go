package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPublicPrefixesAreChecked(t *testing.T) {
	for given, want := range map[string]string{
		"[52.0.0.0/15, 2600:1f00::/24]": "",
		"[0.0.0.0/0]":                   "Placement: PublicPrefixes[0] 0.0.0.0/0: its addresses are no public ones",
		"[10.1.0.0/16]":                 "Placement: PublicPrefixes[0] 10.1.0.0/16: its addresses are no public ones",
		"[fd00::/8]":                    "Placement: PublicPrefixes[0] fd00::/8: its addresses are no public ones",
		"[224.1.0.0/16]":                "Placement: PublicPrefixes[0] 224.1.0.0/16: its addresses are no public ones",
		"[52.0.0.1/15]":                 "Placement: PublicPrefixes[0] 52.0.0.1/15: it is no prefix but an address in 52.0.0.0/15",
		"[52.0.0.0/15, 52.1.0.0/16]":    "Placement: PublicPrefixes[1] 52.1.0.0/16: it overlaps 52.0.0.0/15",
	} {
		t.Run(given, func(t *testing.T) {
			edit, err := Put("Placement", []byte("{PublicPrefixes: "+given+"}"))
			require.NoError(t, err)
			region, err := EmptyRegion().Change(edit)
			if want == "" {
				require.NoError(t, err)
				require.Len(t, region.Placement().PublicPrefixes, 2)
				return
			}
			require.ErrorContains(t, err, want)
		})
	}
}
