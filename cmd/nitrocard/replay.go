package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nitrocard/sim/replay"
)

func newReplay() *cobra.Command {
	var o replay.Options
	var inputs []string
	cmd := &cobra.Command{
		Use:   "replay --config FILE|DIR --in PORT=FILE [--in ...] --out DIR",
		Short: "Run a card over capture files, on the packets' own time",
		Long: `Run a card over capture files (pcap, pcapng), on the packets' own time, and
write what left by each port to DIR: uplink.pcap, and ENI.pcap of each ENI.
The same input gives the same output, always.

--events changes the configuration on the way. Each line of the file is like
  {"time": 1767225600.5, "apply": "FILE"}
with a time in Unix seconds or as "2026-01-01T00:00:00.5Z"; the change holds
for packets at or after it. FILE is sought beside the events file first.

--verdicts writes one line of JSON for each packet: what became of it, why,
and the security group rule that allowed it.

A capture of what the uplink received is, where tcpdump is at hand, what
  tcpdump -Q in -i eth0 -w up.pcap udp port 4789
wrote on the card's server.`,
		Example: `  nitrocard lab region > region.yaml    # a region to begin with
  nitrocard replay --config region.yaml --out out
  nitrocard replay --config region.yaml --in uplink=up.pcap --in eni-a1=a1.pcap --out out
  nitrocard replay --config region.yaml --in uplink=up.pcap --out out --events day.jsonl --verdicts v.jsonl`,
		Args:                  takes(0, 0, "flags only"),
		DisableFlagsInUseLine: true,
	}
	config, card, output := configFlag(cmd), cardFlag(cmd), outputFlag(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&inputs, "in", nil, "`PORT=file` of what a port received: uplink or an ENI; may be repeated")
	f.StringVar(&o.Out, "out", "", "`folder` for the captures of what left")
	f.StringVar(&o.Events, "events", "", "`file` of configuration changes, in JSON lines")
	f.StringVar(&o.Verdicts, "verdicts", "", "`file` to write each packet's end to, in JSON lines")
	connections, reading := connectionsFlag(cmd), readingFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := needs(cmd, "config", "out"); err != nil {
			return err
		}
		if o.Config, err = reading.Load(*config); err != nil {
			return err
		}
		o.Reading = *reading
		o.Card, o.ConfigFile, o.MaxConnections = *card, *config, *connections
		if o.Inputs, err = inputsOf(inputs); err != nil {
			return err
		}
		return replayAll(cmd, o, output)
	}
	return cmd
}

func inputsOf(flags []string) (inputs []replay.Input, err error) {
	for _, in := range flags {
		port, file, ok := strings.Cut(in, "=")
		if !ok || port == "" || file == "" {
			return nil, fmt.Errorf("--in %s: PORT=FILE is expected, such as uplink=up.pcap or eni-a1=a1.pcap", shown(in))
		}
		inputs = append(inputs, replay.Input{Name: port, File: file})
	}
	return inputs, nil
}

func replayAll(cmd *cobra.Command, o replay.Options, output *format) error {
	stderr := cmd.ErrOrStderr()
	if isTerminal(stderr) {
		o.Progress = progress(stderr)
		defer fmt.Fprint(stderr, clearLine)
	}
	sum, err := replay.Run(cmd.Context(), o)
	for _, note := range sum.Notes {
		line(stderr, "nitrocard: note: "+note)
	}
	if err != nil {
		return err
	}
	return output.print(cmd.OutOrStdout(), &sum, func(w io.Writer) error {
		return line(w, fmt.Sprintf("%s: %d sent, %d consumed, %d dropped; %s; written to %s",
			plural(sum.Packets, "packet"), sum.Sent, sum.Consumed, sum.Dropped, plural(sum.Events, "event"), o.Out))
	})
}

// clearLine goes back to the line's start and empties it.
const clearLine = "\r\x1b[K"

// progress shows how far a long replay is, at most ten times a second.
func progress(w io.Writer) func(int, replay.Time) {
	last := time.Now()
	return func(packets int, at replay.Time) {
		if time.Since(last) < 100*time.Millisecond {
			return
		}
		last = time.Now()
		fmt.Fprintf(w, "%s%d packets, at %s", clearLine, packets, time.Unix(0, int64(at)).UTC().Format(time.DateTime))
	}
}

// isTerminal tells whether a person looks at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
