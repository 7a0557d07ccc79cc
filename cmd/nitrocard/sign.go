package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"nitrocard/nic/follow"
)

func newKeysSign() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "sign DIR|FILE --key FILE",
		Short: "Sign a root document with a root key",
		Long: `Sign a root document: FILE, or the newest in DIR. A document may be carried to a
machine without a network and back, from one root key to the next.`,
		Example: `  nitrocard keys sign roots --key root-a.pem
  nitrocard keys sign 3.root.json --key root-b.pem`,
		Args: takes(1, 1, "one DIR or FILE"),
	}
	cmd.Flags().StringVar(&key, "key", "", "`file` with the private half of a root key")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needs(cmd, "key"); err != nil {
			return err
		}
		signer, err := follow.LoadSigner(key)
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		folder, root, err := newestAt(args[0])
		if err != nil {
			return err
		}
		signed, err := signer.SignRoot(root)
		if err == nil {
			err = expected(folder, signed, signer)
		}
		if err == nil {
			err = folder.Write(signed)
		}
		if err != nil {
			return err
		}
		v := viewOf(folder, signed)
		if v.Missing == "" {
			v.Missing = "complete"
		}
		return line(cmd.OutOrStdout(), fmt.Sprintf("%s: signed by %s; %s", folder.Path(signed.Version()), signer.ID(), v.Missing))
	}
	return cmd
}

// expected is an error if nobody asks for the signer's signature.
func expected(folder follow.RootFolder, r *follow.Root, signer *follow.Signer) error {
	id := signer.ID()
	if before, err := folder.Read(r.Version() - 1); err == nil && before.Keys(follow.RootRole)[id] != nil {
		return nil
	}
	if r.Keys(follow.RootRole)[id] != nil {
		return nil
	}
	return fmt.Errorf("key %s is no root key, neither of version %d nor of the one before in its folder", id, r.Version())
}
