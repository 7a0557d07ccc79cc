package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"nitrocard/nic/follow"
)

// rotation is what the next root document has otherwise than the newest.
type rotation struct {
	roots, controllers, revoked []string
	threshold, days             int
}

func newKeysRotate() *cobra.Command {
	r := rotation{days: 365}
	cmd := &cobra.Command{
		Use:   "rotate DIR",
		Short: "Make the next root document, for root keys to sign",
		Long: `Make the next root document in DIR, with the keys of the newest there but for what
the flags say, and without a signature; in an empty DIR, the first one. Cards are
told of it once enough root keys have signed it: those of the document before, and
its own.`,
		Example: `  nitrocard keys rotate roots --add-root root-a.pem.pub --add-root root-b.pem.pub --threshold 2 --add-controller keys.pem
  nitrocard keys rotate roots --add-controller signing-2.pem.pub    # beside the old one, until all cards know it
  nitrocard keys rotate roots --revoke 1f2e3d4c5b6a7988             # whoever has this key is believed no more
  nitrocard keys rotate roots --days 90                             # nothing but a later end`,
		Args: takes(1, 1, "one DIR"),
	}
	cmd.Flags().StringArrayVar(&r.roots, "add-root", nil, "`file` with the public half of another root key; may be repeated")
	cmd.Flags().StringArrayVar(&r.controllers, "add-controller", nil, "`file` with the public half of another controller's key; may be repeated")
	cmd.Flags().StringArrayVar(&r.revoked, "revoke", nil, "`ID` of a key that is believed no more; may be repeated")
	cmd.Flags().Var(between(&r.threshold, 1, 64), "threshold", "so many root `keys` must sign (default: as before, or 1)")
	cmd.Flags().Var(between(&r.days, 1, 10000), "days", "`days` from now on, after which cards take nothing more under it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		folder := follow.RootFolder(args[0])
		next, err := r.next(folder, time.Now())
		if err == nil {
			err = os.MkdirAll(args[0], 0o755)
		}
		if err == nil {
			err = folder.Write(next)
		}
		if err != nil {
			return err
		}
		return line(cmd.OutOrStdout(), fmt.Sprintf("%s: not signed yet; `nitrocard keys sign %s --key FILE` signs it", folder.Path(next.Version()), args[0]))
	}
	return cmd
}

// next is the document after the newest in a folder.
func (r *rotation) next(folder follow.RootFolder, now time.Time) (*follow.Root, error) {
	newest, err := folder.Newest()
	if err != nil {
		return nil, err
	}
	draft, expires := (*follow.RootDraft)(nil), now.AddDate(0, 0, r.days)
	if newest == nil {
		if len(r.roots) == 0 || len(r.controllers) == 0 {
			return nil, errors.New("the first root document needs --add-root and --add-controller")
		}
		draft = follow.NewRoot(expires)
	} else {
		if v := viewOf(folder, newest); v.Missing != "" {
			return nil, fmt.Errorf("%s: %s; have it signed, or remove it", folder.Path(newest.Version()), v.Missing)
		}
		if draft, err = newest.Draft(expires); err != nil {
			return nil, err
		}
	}
	if err := r.change(draft); err != nil {
		return nil, err
	}
	return draft.Document()
}

// change changes a draft's keys as the flags say.
func (r *rotation) change(draft *follow.RootDraft) error {
	for _, add := range []struct {
		role  follow.Role
		files []string
	}{{follow.RootRole, r.roots}, {follow.ControllerRole, r.controllers}} {
		for _, file := range add.files {
			keys, err := follow.LoadKeys(file)
			if err == nil {
				err = draft.Add(add.role, keys)
			}
			if err != nil {
				return err
			}
		}
	}
	for _, id := range r.revoked {
		if err := draft.Revoke(id); err != nil {
			return fmt.Errorf("--revoke: %w", err)
		}
	}
	if r.threshold > 0 {
		draft.Threshold(r.threshold)
	}
	return nil
}
