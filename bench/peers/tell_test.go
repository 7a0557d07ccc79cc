package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// at is a sample of so many Mpps.
func at(mpps float64) sample { return sample{frames: uint64(mpps * 2e6), cpu: 2 * time.Second} }

func TestSpread(t *testing.T) {
	require.Equal(t, spread{2, 1, 9}, spreadOf([]float64{9, 1, 2}))
	require.Equal(t, spread{2.5, 1, 4}, spreadOf([]float64{4, 3, 1, 2}))
	require.Equal(t, "2.50 (1.00–12.3)", spread{2.5, 1, 12.34}.String())
	require.Equal(t, "123", spread{123.4, 123.4, 123.4}.String())
	require.Equal(t, spread{20, 10, 30}, rates([]sample{at(30), at(10), at(20)}))
	require.Zero(t, sample{frames: 5}.mpps())
}

func TestARatioIsOfTheSameRound(t *testing.T) {
	require.Equal(t, spread{2, 2, 2}, ratio([]sample{at(10), at(40)}, []sample{at(5), at(20)}))
	require.Equal(t, spread{1.25, 0.5, 2}, ratio([]sample{at(10), at(10)}, []sample{at(5), at(20)}))
}

// measuredOnce is contests of two cells, in which each contender has its figure.
func measuredOnce() *outcome {
	o := &outcome{pcap: (&peers{}).onPcap(), memory: (&peers{}).inMemory(), kernel: (&peers{}).byKernel()}
	fill := func(c *contest) result {
		c.cells = []cell{{1, "114", few}, {1000, "114", many}, {100_000, "imix", few}}
		r := result{}
		for i, contender := range c.contenders {
			s := at(float64(2 * (i + 1)))
			s.setting = "SMC"
			r[contender.name] = map[cell][]sample{c.cells[0]: {s, s}, c.cells[1]: {s}, c.cells[2]: {s}}
		}
		return r
	}
	o.onPcap, o.inMemory, o.byKernel = fill(&o.pcap), fill(&o.memory), fill(&o.kernel)
	return o
}

func TestTables(t *testing.T) {
	var b strings.Builder
	measuredOnce().write(&b)
	text := b.String()
	for _, want := range []string{
		"| net_pcap, Mpps a core | 1 flow, 114 B | 1k flows, 200 ENIs, 114 B | 100k flows, IMIX |\n|---|---|---|---|\n| testpmd io | 2.00 | 2.00 | 2.00 |\n",
		"| nitrocard sg ÷ OVS-DPDK sg | 1.33 | 1.33 | 1.33 |\n",
		"| nitrocard encap ÷ nitrocard sg | 1.50 | 1.50 | 1.50 |\n",
		"| nitrocard full ÷ nitrocard io | 2.00 | 2.00 | 2.00 |\n",
		"| nitrocard afpacket ÷ testpmd net_af_packet | 2.00 | 2.00 | 2.00 |\n",
		"OVS-DPDK was best with: 1 flow, 114 B: SMC; 1k flows, 200 ENIs, 114 B: SMC; 100k flows, IMIX: SMC.\n",
	} {
		require.Contains(t, text, want)
	}
}

func TestPicture(t *testing.T) {
	o, dir := measuredOnce(), t.TempDir()
	svg, bitmap := filepath.Join(dir, "p.svg"), filepath.Join(dir, "p.png")
	require.NoError(t, o.pcap.draw(o.onPcap, svg, bitmap))
	text, err := os.ReadFile(svg)
	require.NoError(t, err)
	for _, word := range []string{"testpmd io", "nitrocard sg", "OVS-DPDK encap", "1k flows", "200 ENIs, 114 B", "IMIX"} {
		require.Contains(t, string(text), word)
	}
	data, err := os.ReadFile(bitmap)
	require.NoError(t, err)
	image, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	require.Greater(t, image.Bounds().Dx(), 2*image.Bounds().Dy())
}

func TestAREADMEKeepsWhatIsNotOurs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(file, []byte("before\n"+from+"old\n"+to+"after\n"), 0o644))
	for _, text := range []string{"new\n", "newer\n"} {
		require.NoError(t, renew(file, text))
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, "before\n"+from+text+to+"after\n", string(got))
	}
	require.NoError(t, os.WriteFile(file, []byte(to+from), 0o644))
	require.ErrorContains(t, renew(file, ""), "no place for the table")
}
