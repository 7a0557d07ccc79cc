package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"nitrocard/sim/lab"
)

func newJourney() *cobra.Command {
	port := 80
	cmd := &cobra.Command{
		Use:   "journey ADDRESS",
		Short: "Follow a packet from the lab's client to a public address, and its answer back",
		Long: `Send real packets from the lab's client to a port of TCP at a public address, and
tell what happened to the first one on its way: each public hop with its time, as far
as routers tell, and the announcement that leads there; whose the address is, by the
edge's table, and the headers of the tunnel; what each stage of the card looked up and
decided, to the instance and back, or to the drop and its reason. What stages looked up
is told by stages in memory, which have the controller's configuration, and held against
what the running card did.

It goes into the lab that is kept, or builds one and ends it afterwards.`,
		Example: `  nitrocard journey 35.72.2.8                    # the lab's a1, and its page
  nitrocard journey 35.72.2.8 --port 22          # a port that no rule allows
  nitrocard journey 35.72.2.77                   # an address that nobody has
  nitrocard journey 35.72.2.8 --output json`,
		Args:                  takes(1, 1, "an ADDRESS"),
		DisableFlagsInUseLine: true,
	}
	cmd.Flags().Var(between(&port, 1, 1<<16-1), "port", "`port` of TCP")
	output := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		to, err := netip.ParseAddr(args[0])
		if err != nil || !to.Unmap().Is4() {
			return fmt.Errorf("%s: an IPv4 address is expected, such as 35.72.2.8", shown(args[0]))
		}
		o := lab.Options{Out: cmd.ErrOrStderr()}
		if o.Binary, err = os.Executable(); err != nil {
			return err
		}
		j, err := lab.Travel(cmd.Context(), o, lab.Question{To: netip.AddrPortFrom(to.Unmap(), uint16(port))})
		if err != nil {
			return err
		}
		if j == nil {
			return errors.New("the lab ended before the journey did")
		}
		return output.print(cmd.OutOrStdout(), j, func(w io.Writer) error { return j.Draw(w) })
	}
	return cmd
}
