package pcap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// Writer writes a pcap file with nanoseconds, little endian, of Ethernet
// frames. What it writes depends on nothing but what it is given.
type Writer struct {
	file    io.Closer
	ending  string // that the file's name got, such as .1
	out     *bufio.Writer
	packets *pcapgo.Writer
}

// snapLength is what the header promises that no packet exceeds; tcpdump
// states the same.
const snapLength = 256 << 10

// CreateWriter makes a capture file, or makes an existing one empty.
func CreateWriter(path string) (*Writer, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return writerOf(f)
}

// mostTurns is how many files of one name and a number createIn makes.
const mostTurns = 1000

// createIn makes a capture file below a folder. Where there is something of that name,
// such as the capture of the card's last run, the new file's name ends in .1, .2, ….
// No link leads out of the folder.
func createIn(folder, name string) (*Writer, error) {
	if folder == "" {
		return nil, fmt.Errorf("out=%s: a port of the configuration writes only below a folder that the card's command line names", name)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	within := name
	if filepath.IsAbs(name) {
		if rel, err := filepath.Rel(folder, name); err == nil {
			within = rel
		}
	}
	within = filepath.Clean(within)
	ending := ""
	f, err := createNew(root, within)
	for turn := 1; errors.Is(err, fs.ErrExist) && within != "." && turn <= mostTurns; turn++ {
		ending = fmt.Sprintf(".%d", turn)
		f, err = createNew(root, within+ending)
	}
	switch {
	case errors.Is(err, fs.ErrExist) && within == ".":
		return nil, fmt.Errorf("out=%s: this is the folder; name a file in it", name)
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("out=%s: the folder %s has this name and all up to %s.%d already; name another, or move some away", name, folder, name, mostTurns)
	case err != nil:
		return nil, fmt.Errorf("out=%s: no such file can be made in %s: %w", name, folder, err)
	}
	w, err := writerOf(f)
	if err == nil {
		w.ending = ending
	}
	return w, err
}

// createNew makes a file where nothing is.
func createNew(root *os.Root, name string) (*os.File, error) {
	return root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
}

// writerOf begins a capture in an empty file.
func writerOf(f *os.File) (*Writer, error) {
	w, err := NewWriter(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	w.file = f
	return w, nil
}

// NewWriter writes a capture to out. Its buffer is small: a replay has a writer
// for each of thousands of ports. Nothing is sure to be there before
// Close.
func NewWriter(out io.Writer) (*Writer, error) {
	w := &Writer{out: bufio.NewWriterSize(out, 16<<10)}
	w.packets = pcapgo.NewWriterNanos(w.out)
	return w, w.packets.WriteFileHeader(snapLength, layers.LinkTypeEthernet)
}

// Write adds a frame at a time in nanoseconds since 1970, before 2106.
func (w *Writer) Write(ns int64, frame []byte) error {
	return w.packets.WritePacket(gopacket.CaptureInfo{
		Timestamp:     time.Unix(0, ns),
		CaptureLength: len(frame),
		Length:        len(frame),
	}, frame)
}

// Flush hands on what was written so far.
func (w *Writer) Flush() error { return w.out.Flush() }

// Close completes the capture, and closes the file that CreateWriter made.
func (w *Writer) Close() error {
	err := w.out.Flush()
	if w.file == nil {
		return err
	}
	if closeErr := w.file.Close(); err == nil {
		err = closeErr
	}
	return err
}
