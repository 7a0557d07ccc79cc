package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"nitrocard/nic/follow"
)

func newKeys() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Say which keys cards believe, and change them",
		Long: `Say which keys cards believe, and change them: make keys, and the root documents
of The Update Framework that name the keys of controllers. A card that was given
a root document takes the next one if enough root keys signed it. Root keys
belong on machines without a network, each on another one.`,
		Example: `  nitrocard keys create root-a.pem         # on a machine without a network; root-a.pem.pub leaves it
  nitrocard keys rotate roots --add-root root-a.pem.pub --add-controller keys.pem
  nitrocard keys sign roots --key root-a.pem
  nitrocard keys show roots`,
		Args: takes(0, 0, "one of its commands"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeysCreate(), newKeysRotate(), newKeysSign(), newKeysShow())
	return cmd
}

func newKeysCreate() *cobra.Command {
	return &cobra.Command{
		Use:   "create FILE",
		Short: "Make a key, of a root or of a controller",
		Long: `Make a key (Ed25519): FILE is the private half, which its owner alone may read,
and FILE.pub the public one. Nothing is written over.`,
		Example: `  nitrocard keys create root-a.pem
  nitrocard keys create signing-2.pem      # for a controller, once cards know it: instead of its signing.pem`,
		Args:                  takes(1, 1, "one FILE"),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := os.Lstat(args[0] + ".pub"); err == nil {
				return fmt.Errorf("%s.pub is there already", args[0])
			}
			signer, err := follow.NewSigner()
			if err == nil {
				err = signer.Save(args[0])
			}
			if err == nil {
				err = signer.Keys().Save(args[0] + ".pub")
			}
			if err != nil {
				return err
			}
			return line(cmd.OutOrStdout(), fmt.Sprintf("key %s: %s, to be kept secret, and %s.pub", signer.ID(), args[0], args[0]))
		},
	}
}
