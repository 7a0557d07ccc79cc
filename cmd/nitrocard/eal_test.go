package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWordsAreAShells(t *testing.T) {
	for text, want := range map[string][]string{
		"":                            nil,
		"  ":                          nil,
		"-m 512 --no-pci":             {"-m", "512", "--no-pci"},
		"\t-m512 \n":                  {"-m512"},
		`--vdev 'net_tap0,iface=a b'`: {"--vdev", "net_tap0,iface=a b"},
		`--vdev="net_tap0,iface='x'"`: {"--vdev=net_tap0,iface='x'"},
		`--huge-dir /mnt/my\ pages`:   {"--huge-dir", "/mnt/my pages"},
		`--file-prefix ''`:            {"--file-prefix", ""},
		`--file-prefix a'b'"c"\d`:     {"--file-prefix", "abcd"},
	} {
		got, err := words(text)
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{`-m '512`: "the ' is not closed", `-m "512`: `the " is not closed`, `-m 512\`: `the \ is not closed`} {
		_, err := words(text)
		require.EqualError(t, err, want)
	}
}
