package main

import (
	"context"
	"log/slog"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
)

// A configuration that cannot be read to its end holds up no other reading, and is
// told. What comes of it once a later one is in force is not taken.
func TestAReadingThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log nictest.Journal
		var applied []*vpc.Config
		answers := make(chan *vpc.Config) // of the file, to whoever reads first
		r := &reloader{
			path: "fifo", log: slog.New(slog.NewTextHandler(&log, nil)),
			load: func() (*vpc.Config, error) { return <-answers, nil },
			apply: func(c *vpc.Config) (nic.Change, error) {
				applied = append(applied, c)
				return nic.Change{}, nil
			},
		}
		ctx, end := context.WithCancel(t.Context())
		hangups, ended := make(chan os.Signal), make(chan struct{})
		go func() { r.run(ctx, hangups); close(ended) }()
		hangups <- syscall.SIGHUP
		synctest.Wait()
		require.Empty(t, log.String())
		time.Sleep(lateReading)
		synctest.Wait()
		require.Contains(t, log.String(), "still being read: its file does not answer")

		old := answers
		answers = make(chan *vpc.Config)
		hangups <- syscall.SIGHUP
		good := &vpc.Config{}
		answers <- good
		synctest.Wait()
		require.Equal(t, []*vpc.Config{good}, applied)
		old <- &vpc.Config{}
		synctest.Wait()
		require.Len(t, applied, 1)
		require.Contains(t, log.String(), "read too late: a later one is in force")

		for range mostReadings + 1 {
			hangups <- syscall.SIGHUP
		}
		synctest.Wait()
		require.Contains(t, log.String(), "too many readings of it hang already")
		for range mostReadings {
			answers <- good
		}
		synctest.Wait()
		require.Equal(t, 2+mostReadings, r.taken, "the last of them is in force, whatever was read first")
		end()
		<-ended
	})
}
