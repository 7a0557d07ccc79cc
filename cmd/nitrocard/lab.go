package main

import (
	"os"

	"github.com/spf13/cobra"

	"nitrocard/sim/lab"
)

func newLab() *cobra.Command {
	o := lab.Options{}
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Build a small region on this machine and prove the card in it",
		Long: `Build a small region out of Linux network namespaces, of its own and without
root: an internet client, the routers of its ISP and of a carrier, two edges,
two servers with a card each, and instances of two customers. Then do what a
person would, and tell what was seen.

With another configuration, such as a dump of EC2, build that, with a guest for
each ENI or for a dozen of them, and try what its rules allow and one of each
that they deny.`,
		Example: `  nitrocard lab
  nitrocard lab --keep                          # and leave it running
  nitrocard lab --config dump/                  # of what aws ec2 describe-* printed
  nitrocard lab --attack 1m                     # what floods, listings and forgeries cost a neighbour
  nitrocard lab --vm                            # with a guest that is a virtual machine
  nitrocard lab --cloud                         # with one that is Debian with cloud-init
  nitrocard lab exec client -- curl http://35.72.2.8/`,
		Args: takes(0, 0, "no arguments; nitrocard lab exec HOST -- COMMAND goes into one that is kept"),
	}
	cmd.Flags().BoolVar(&o.Keep, "keep", false, "leave the region running until Ctrl-C, for nitrocard lab exec")
	cmd.Flags().StringVar(&o.Config, "config", "", "another configuration: a `file or folder` of YAML or JSON")
	reading := readingFlag(cmd)
	cmd.Flags().StringVar(&o.Driver, "driver", lab.AFPacket, "`driver` of the cards' ports: afpacket, or dpdk, which needs root")
	cmd.Flags().StringVar(&o.Routers, "routers", "", "`daemon` that speaks BGP on the internet's routers: bird or gobgp (default: bird where it is installed)")
	cmd.Flags().BoolVar(&o.VM, "vm", false, "b1 is a virtual machine: Linux in QEMU, on a vhost-user port")
	cmd.Flags().BoolVar(&o.Cloud, "cloud", false, "b1 is a virtual machine of Debian with cloud-init, whose image make lab-cloud makes")
	cmd.Flags().StringVar(&o.Image, "image", "", "`folder` with the image for --cloud (default: cloud, beside this program)")
	cmd.Flags().Var(span{&o.Attack}, "attack", "`time` to attack server x's card for, instead of the checks, and to tell what each attack cost a victim")
	cmd.Flags().StringVar(&o.Kernel, "kernel", "", "`folder` with boot/vmlinuz-* and lib/modules for --vm (default: kernel, beside this program)")
	goWith(cmd, "cloud", "image")
	goWith(cmd, "vm", "kernel")
	excludes(cmd, "vm", "cloud")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		o.Out, o.Reading = cmd.OutOrStdout(), *reading
		if o.Binary, err = os.Executable(); err != nil {
			return err
		}
		_, failed, err := lab.Run(cmd.Context(), o)
		if err == nil && failed > 0 {
			err = exitStatus(1)
		}
		return err
	}
	cmd.AddCommand(newLabExec(), newLabRegion())
	return cmd
}

func newLabExec() *cobra.Command {
	return &cobra.Command{
		Use:     "exec HOST -- COMMAND [ARG ...]",
		Short:   "Run a command on a host of the lab that is kept",
		Example: "  nitrocard lab exec client -- curl http://35.72.2.8/   # while nitrocard lab --keep runs",
		Args:    takes(2, 1<<10, "a HOST and a COMMAND"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ended(lab.Exec(cmd.Context(), args[0], args[1:]))
		},
	}
}

func newLabRegion() *cobra.Command {
	return &cobra.Command{
		Use:     "region",
		Short:   "Print the configuration of the lab's region",
		Example: "  nitrocard lab region > region.yaml",
		Args:    takes(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := cmd.OutOrStdout().Write(lab.Region)
			return err
		},
	}
}

// newLabInner is how the lab starts this program inside.
func newLabInner() *cobra.Command {
	return &cobra.Command{
		Use:                lab.InnerCommand,
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return ended(lab.Inner(cmd.Context(), args))
		},
	}
}
