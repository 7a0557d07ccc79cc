package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd/pcap"
)

// whole is how many packets a capture has that ends as it should.
func (f *files) whole(name string) (n int) {
	r, err := pcap.OpenReader(f.path(name))
	require.NoError(f, err)
	defer r.Close()
	for _, err = r.Next(); err == nil; _, err = r.Next() {
		n++
	}
	require.ErrorIs(f, err, io.EOF)
	return n
}

// A capture of a running card ends after so many packets, after so long, or with Ctrl-C, and is whole
// each time.
func TestACaptureOfARunningCard(t *testing.T) {
	f := newFiles(t)
	ctx, end := context.WithCancel(t.Context())
	var log bytes.Buffer
	var running sync.WaitGroup
	args := f.runArgs()
	for i, arg := range args {
		if strings.HasPrefix(arg, "eni-a1=pcap:") {
			args[i] += ",loop"
		}
	}
	running.Go(func() { execute(ctx, args, &log, &log) })
	until(t, "the socket answers", f.answers)

	status, _, told := call(t, "capture", "--socket", f.socket, "--dropped", "--filter", "dst port 22", "--count", "30", "-w", f.path("count.pcapng"))
	require.Zero(t, status, told)
	require.Regexp(t, `^nitrocard: 30 packets in [0-9.]+(m?s|m[0-9.]+s)(; [0-9]+ more were lost, for which there was no room until they were read)?\n$`, told)
	require.Equal(t, 30, f.whole("count.pcapng"))
	text, err := os.ReadFile(f.path("count.pcapng"))
	require.NoError(t, err)
	require.Contains(t, string(text), "dropped as security_group_in at eni-a2; asked sg-db: no inbound rule")

	status, _, told = call(t, "capture", "--socket", f.socket, "--eni", "eni-b1", "--duration", "10ms", "-w", f.path("none.pcapng"))
	require.Zero(t, status, told)
	require.Zero(t, f.whole("none.pcapng"), "nothing is b1's")

	interrupted, interrupt := context.WithCancel(t.Context())
	var stdout, stderr bytes.Buffer
	done := make(chan int)
	go func() {
		done <- execute(interrupted, []string{"capture", "--socket", f.socket, "-w", f.path("end.pcapng")}, &stdout, &stderr)
	}()
	until(t, "there are packets", func() bool { info, err := os.Stat(f.path("end.pcapng")); return err == nil && info.Size() > 1<<16 })
	interrupt()
	require.Zero(t, <-done, stderr.String())
	require.Contains(t, stderr.String(), " packets in ")
	require.Positive(t, f.whole("end.pcapng"))

	for _, c := range [][2]string{
		{"--filter=port http", `nitrocard: filter port http: at "http": an address, a network, a port or a number is expected`},
		{"--eni=eni-9", `nitrocard: this card has no ENI "eni-9"`},
		{"--write=" + f.dir, "is a directory"},
		{"--snap=1", "a number from 64 to 262144 is expected"},
	} {
		status, _, told := call(t, "capture", "--socket", f.socket, c[0])
		require.Equal(t, 1, status)
		require.Contains(t, told, c[1])
	}
	end()
	running.Wait()
}

// A capture's file is nobody else's to read, is not where a link leads, and is no pipe without a reader.
func TestWhereACaptureGoes(t *testing.T) {
	dir := t.TempDir()
	file, link, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o644))
	require.NoError(t, os.Symlink(file, link))
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, path := range []string{link, pipe} {
		_, _, err := (&captureOrder{file: path}).out(nil)
		require.Error(t, err, path)
	}
	_, whole, err := (&captureOrder{file: file}).out(nil)
	require.NoError(t, err)
	require.NoError(t, whole())
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
}
