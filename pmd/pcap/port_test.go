package pcap

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
	"nitrocard/pmd/pmdtest"
)

// write puts a file into a folder of the test.
func write(t *testing.T, name string, data []byte) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

// cable is a capture that grows while it is read.
type cable struct {
	buf bytes.Buffer
	*Writer
	*Reader
}

func newCable(t *testing.T) *cable {
	w := new(cable)
	var err error
	w.Writer, err = NewWriter(&w.buf)
	require.NoError(t, err)
	require.NoError(t, w.Writer.Flush())
	w.Reader, err = NewReader("cable", &w.buf)
	require.NoError(t, err)
	return w
}

func TestDriver(t *testing.T) {
	pmdtest.Run(t, func(t *testing.T) *pmdtest.Pair {
		p, err := Open(write(t, "in.pcap", nil))
		require.NoError(t, err)
		in, out := newCable(t), newCable(t)
		p.out = out.Writer
		return &pmdtest.Pair{
			Port: p, Max: pmd.MaxFrame,
			Give: func(frame []byte) bool {
				p.in = in.Reader
				return in.Writer.Write(1, frame) == nil && in.Writer.Flush() == nil
			},
			Take: func(fn func(frame []byte)) {
				out.Writer.Flush()
				for {
					p, err := out.Next()
					if err != nil {
						return
					}
					fn(p.Frame)
				}
			},
		}
	})
}

func TestPortPlaysAFileAndWritesAnother(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.pcap")
	p, err := Open(write(t, "in.pcap", pcapOf(t, two...)) + ",out=" + out)
	require.NoError(t, err)
	p.now = func() int64 { return 42 }
	var b pmd.Burst
	p.Rx(&b)
	require.Equal(t, 2, b.N)
	b.Frames[1].Pull(50)
	require.Equal(t, 2, p.Tx([]*pmd.Frame{&b.Frames[1], &b.Frames[0]}))
	p.Rx(&b)
	require.Zero(t, b.N)
	require.NoError(t, p.Link())
	require.NoError(t, p.Close())

	r, err := OpenReader(out)
	require.NoError(t, err)
	defer r.Close()
	got, _ := readAll(r)
	require.Equal(t, []packet{{42, two[1].frame[50:]}, {42, two[0].frame}}, got)
}

func TestPortLoops(t *testing.T) {
	p, err := Open(write(t, "in.pcap", pcapOf(t, two...)) + ",loop")
	require.NoError(t, err)
	defer p.Close()
	var b pmd.Burst
	for range 3 {
		p.Rx(&b)
		require.Equal(t, 2, b.N)
		require.Equal(t, two[1].frame, b.Frames[1].Bytes())
	}
}

func TestPortLoopsAnEmptyFileWithoutEnd(t *testing.T) {
	p, err := Open(write(t, "in.pcap", nil) + ",loop")
	require.NoError(t, err)
	defer p.Close()
	b := pmd.Burst{N: 1}
	p.Rx(&b)
	require.Zero(t, b.N)
}

func TestPortOfADamagedFileGoesAway(t *testing.T) {
	file := pcapOf(t, two...)
	p, err := Open(write(t, "in.pcap", file[:len(file)-1]))
	require.NoError(t, err)
	defer p.Close()
	var b pmd.Burst
	p.Rx(&b)
	require.Equal(t, 1, b.N, "what can be read is received")
	require.ErrorIs(t, p.Link(), pmd.ErrGone)
	require.ErrorContains(t, p.Link(), "in.pcap: packet 2: the file ends within it")
	require.Equal(t, 1, p.Tx([]*pmd.Frame{&b.Frames[0]}))
	require.Equal(t, uint64(1), p.Stats().TxDropped)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "names no file",
		"a,fast":                `"fast" is no option; pcap:FILE[,out=FILE][,loop] is expected`,
		"a,out=":                `"out=" is no option`,
		"a,out=b,out=c":         "out= is there twice",
		"/absent/a.pcap":        "pcap:/absent/a.pcap: open /absent/a.pcap",
		",out=/absent/x/a.pcap": "open /absent/x/a.pcap",
	} {
		_, err := Open(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestSteadyPortAllocatesNothing(t *testing.T) {
	in := bytes.Repeat(pcapOf(t, two...)[24:], 40000)
	p, err := Open(write(t, "in.pcap", append(pcapOf(t), in...)) + ",out=/dev/null")
	require.NoError(t, err)
	defer p.Close()
	var b pmd.Burst
	p.Rx(&b)
	require.Zero(t, testing.AllocsPerRun(500, func() {
		p.Rx(&b)
		for i := range b.N {
			p.Tx([]*pmd.Frame{&b.Frames[i]})
		}
	}))
}

// What somebody else says is written below a folder, and never over what is there.
func TestOpenInAFolder(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	precious := filepath.Join(outside, "precious")
	require.NoError(t, os.WriteFile(precious, []byte("mine"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "there"), []byte("mine"), 0o600))
	require.NoError(t, os.Symlink(precious, filepath.Join(folder, "link")))
	require.NoError(t, os.Symlink(outside, filepath.Join(folder, "way")))
	up, err := filepath.Rel(folder, precious)
	require.NoError(t, err)
	for _, name := range []string{precious, up, "way/precious", "way/new", "none/new", "."} {
		_, err := OpenIn(folder, ",out="+name)
		require.ErrorContains(t, err, "out="+name+": ")
	}
	_, err = OpenIn("", ",out="+precious)
	require.ErrorContains(t, err, "writes only below a folder that the card's command line names")
	for _, file := range []string{precious, filepath.Join(folder, "there")} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, "mine", string(text))
	}
	require.NoFileExists(t, filepath.Join(outside, "new"))
	for _, name := range []string{"there.1", "there.2"} {
		p, err := OpenIn(folder, ",out=there")
		require.NoError(t, err)
		require.Equal(t, "pcap:,out="+name, p.Info().Name)
		require.NoError(t, p.Close())
	}
	require.FileExists(t, filepath.Join(folder, "there.1"))
	require.FileExists(t, filepath.Join(folder, "there.2"))
	q, err := OpenIn(folder, ",out=link")
	require.NoError(t, err, "beside the link, which is not followed")
	require.NoError(t, q.Close())
	require.FileExists(t, filepath.Join(folder, "link.1"))
	for turn := 3; turn <= mostTurns; turn++ {
		require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("there.%d", turn)), nil, 0o600))
	}
	_, err = OpenIn(folder, ",out=there")
	require.ErrorContains(t, err, "has this name and all up to there.1000 already")
	p, err := OpenIn(folder, ",out=new.pcap")
	require.NoError(t, err)
	require.NoError(t, p.Close())
	require.FileExists(t, filepath.Join(folder, "new.pcap"))
	p, err = OpenIn(folder, ",out="+filepath.Join(folder, "whole.pcap"))
	require.NoError(t, err)
	require.NoError(t, p.Close())
	require.FileExists(t, filepath.Join(folder, "whole.pcap"))
}
