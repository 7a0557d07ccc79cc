package printable

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// written is what comes out of Writer, fed with pieces of n bytes.
func written(t testing.TB, text string, n int) string {
	var b bytes.Buffer
	w := Writer(&b)
	for rest := []byte(text); len(rest) > 0; rest = rest[min(n, len(rest)):] {
		_, err := w.Write(rest[:min(n, len(rest))])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func TestNoControlReachesATerminal(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "",
		"sg-web\ttcp\n":    "sg-web\ttcp\n",
		"\x1b[31mRED":      `\u001b[31mRED`,
		"\x1b]0;pwned\x07": `\u001b]0;pwned\u0007`,
		"over\rwritten\b":  `over\u000dwritten\u0008`,
		"\x00\x7f":         `\u0000\u007f`,
		"\u009b31m":        `\u009b31m`,     // C1: CSI
		"\u202egpj.exe":    `\u202egpj.exe`, // right-to-left override
		"a\u2066b\u200b":   `a\u2066b\u200b`,
		"a\u2028b":         `a\u2028b`, // a line's end as well
		"\U000e0041":       `\udb40\udc41`,
		"caf\u00e9 \u6771\u4eac \u3000 \U0001f600": "caf\u00e9 \u6771\u4eac \u3000 \U0001f600",
		"a\xffb\xc3": "a\ufffdb\ufffd",
	} {
		require.Equal(t, want, written(t, text, len(text)), "%q", text)
		require.Equal(t, want, written(t, text, 1), "%q, byte by byte", text)
	}
}

func TestALineIsOne(t *testing.T) {
	require.Equal(t, `web\u000anitrocard: good\u0009`, Line("web\nnitrocard: good\t"))
	require.Equal(t, "web", Line("web"))
	require.True(t, Is("web, 東京"))
	require.False(t, Is("web\n"))
}

// Whatever the text: it comes out as UTF-8 without controls, and what JSON holds
// means the same as before.
func FuzzWriter(f *testing.F) {
	f.Add("A\x1b[31m\u009b\u202e\U000e0001\xff\n", 3)
	f.Fuzz(func(t *testing.T, text string, n int) {
		out := written(t, text, max(n, 1))
		require.True(t, utf8.ValidString(out))
		for _, r := range out {
			require.True(t, unicode.IsGraphic(r) || r == '\n' || r == '\t', "%q", r)
		}
		require.True(t, Is(Line(text)))
		data, err := json.Marshal(text)
		require.NoError(t, err)
		var before, after string
		require.NoError(t, json.Unmarshal(data, &before))
		require.NoError(t, json.Unmarshal([]byte(written(t, string(data), max(n, 1))), &after))
		require.Equal(t, before, after)
	})
}

// A writer that fails is said to fail.
func TestWriterPassesErrorsOn(t *testing.T) {
	_, err := Writer(failing{}).Write([]byte("text"))
	require.ErrorIs(t, err, iotest.ErrTimeout)
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, iotest.ErrTimeout }

func BenchmarkWriter(b *testing.B) {
	text := bytes.Repeat([]byte(`{"eni":"eni-a1","local":"10.0.1.5:80"},`+"\n"), 100)
	w := Writer(new(nowhere))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		w.Write(text)
	}
}

type nowhere struct{}

func (*nowhere) Write(p []byte) (int, error) { return len(p), nil }
