package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A reader that stops costs lines, and no time. Once it reads again, it learns how
// many.
func TestALogThatNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		lines := newLogLines(write)
		log, begun := slog.New(slog.NewTextHandler(lines, nil)), time.Now()
		const n = mostLines + 100
		for i := range n {
			log.Info("a line", "i", i)
		}
		require.Zero(t, time.Since(begun))
		synctest.Wait()
		var got bytes.Buffer
		go io.Copy(&got, read)
		synctest.Wait()
		log.Info("another line")
		lines.Close()
		require.Zero(t, time.Since(begun))
		write.Close()
		synctest.Wait()
		lost := 0 // told in parts, where the writer began when some were lost and others were to come
		for line := range strings.Lines(got.String()) {
			if strings.Contains(line, "were lost") {
				var part int
				_, err := fmt.Sscanf(line[strings.Index(line, " lines="):], " lines=%d", &part)
				require.NoError(t, err)
				lost += part
			}
		}
		require.Positive(t, lost)
		require.Equal(t, n, strings.Count(got.String(), "a line")+lost)
		require.Contains(t, got.String(), "another line")
	})
}

// Lines that are long are fewer.
func TestALogIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		lines := newLogLines(write)
		for range 100 {
			lines.Write(make([]byte, 1<<20))
		}
		require.LessOrEqual(t, lines.bytes.Load(), int64(mostLogBytes))
		read.Close()
		lines.Close()
		require.EqualValues(t, 100, lines.lost.Load())
	})
}

// The end does not wait for a reader that stopped.
func TestTheEndDoesNotWaitForTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		begun := time.Now()
		lines := newLogLines(write)
		io.WriteString(lines, "nitrocard: over\n")
		lines.Close()
		require.Equal(t, lastWords, time.Since(begun))
		read.Close()
	})
}

// crowded is a disk that is full after so many bytes.
type crowded struct {
	bytes.Buffer
	room int
}

func (c *crowded) Write(b []byte) (int, error) {
	n := min(len(b), c.room)
	c.room -= n
	c.Buffer.Write(b[:n])
	if n < len(b) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// A full disk tears a line; once it has room again, the log goes on with a line of
// its own, and tells what is missing.
func TestALogOnAFullDisk(t *testing.T) {
	disk := &crowded{room: 10}
	l := &logLines{to: disk}
	l.write([]byte("12345678\n"))
	l.write([]byte("torn line\n"))
	l.write([]byte("lost line\n"))
	disk.room = 1000
	l.write([]byte("last line\n"))
	got := strings.Split(disk.String(), "\n")
	require.Equal(t, []string{"12345678", "t", "last line", ""}, append(got[:2:2], got[3:]...))
	require.Contains(t, got[2], `level=WARN msg="lines of this log were lost: nobody took them" lines=2`)
}

// A card whose log nobody takes answers, follows signals, reads its configuration past
// a FIFO that nobody writes to, and ends.
func TestNobodyTakesTheLog(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, read, write *os.File){
		"closed": func(t *testing.T, read, _ *os.File) { require.NoError(t, read.Close()) },
		"full": func(t *testing.T, _, write *os.File) {
			require.NoError(t, write.SetWriteDeadline(time.Now().Add(time.Second)))
			_, err := write.Write(make([]byte, 16<<20))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFiles(t)
			read, write, err := os.Pipe()
			require.NoError(t, err)
			defer read.Close()
			defer write.Close()
			spoil(t, read, write)
			cmd := exec.Command(os.Args[0], f.runArgs()...)
			cmd.Env, cmd.Stderr = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0"), write
			require.NoError(t, cmd.Start())
			defer func() { // no error where the test has waited
				cmd.Process.Kill()
				cmd.Wait()
			}()
			until(t, "the socket answers", f.answers)

			region := f.path("region.yaml")
			require.NoError(t, os.Remove(region))
			require.NoError(t, syscall.Mkfifo(region, 0o600))
			require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
			until(t, "it waits for who writes to the FIFO", func() bool {
				w, err := os.OpenFile(region, os.O_WRONLY|syscall.O_NONBLOCK, 0)
				if err == nil {
					t.Cleanup(func() { w.Close() })
				}
				return err == nil
			})
			require.NoError(t, os.Remove(region))
			f.region("region.yaml", "FromPort: 22, ToPort: 22", "FromPort: 23, ToPort: 23")
			until(t, "the file in its place is in force", func() bool {
				require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
				return strings.Contains(good(t, "get", "config", "sg-web", "--socket", f.socket), "ToPort: 23")
			})
			require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
			require.NoError(t, cmd.Wait())
			require.NoFileExists(t, f.socket)
		})
	}
}
