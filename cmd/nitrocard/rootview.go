package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"nitrocard/nic/follow"
)

func newKeysShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show DIR|FILE",
		Short: "Show a root document: its keys, and who has signed it",
		Example: `  nitrocard keys show roots
  nitrocard keys show roots/1.root.json --output json`,
		Args: takes(1, 1, "one DIR or FILE"),
	}
	output := outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		folder, root, err := newestAt(args[0])
		if err != nil {
			return err
		}
		v := viewOf(folder, root)
		return output.print(cmd.OutOrStdout(), v, func(w io.Writer) error { return v.table(w, time.Now()) })
	}
	return cmd
}

// rootView is a root document.
type rootView struct {
	Version   int64            `json:"version"`
	Expires   time.Time        `json:"expires"`
	Threshold int              `json:"threshold"`
	Keys      []follow.RootKey `json:"keys"`
	Missing   string           `json:"missing,omitempty"` // why no card would take it
}

// viewOf is a document as cards would take it, that have the one before in its folder.
func viewOf(folder follow.RootFolder, r *follow.Root) rootView {
	v := rootView{Version: r.Version(), Expires: r.Expires(), Threshold: r.Threshold(), Keys: r.All()}
	err := r.Complete()
	before, missing := folder.Read(r.Version() - 1)
	switch {
	case missing == nil:
		_, err = before.Next(r.Text())
	case err == nil && r.Version() > 1:
		err = fmt.Errorf("whether the root keys of version %d signed is not known: %w", r.Version()-1, missing)
	}
	if err != nil {
		v.Missing = err.Error()
	}
	return v
}

// table shows the keys, and below them whether the document is complete.
func (v *rootView) table(w io.Writer, now time.Time) error {
	t := newTable(w, "ROLE", "KEY", "SIGNED")
	for _, k := range v.Keys {
		role, signed := "root", "no"
		if k.Signed {
			signed = "yes"
		}
		if k.Role == follow.ControllerRole {
			role, signed = "controller", ""
		}
		t.row(role, k.ID, signed)
	}
	if err := t.flush(); err != nil {
		return err
	}
	end := "expires"
	if now.After(v.Expires) {
		end = "expired"
	}
	text := fmt.Sprintf("version %d %s at %s; %d of the root keys must sign the next one", v.Version, end, v.Expires.Format(time.RFC3339), v.Threshold)
	if v.Missing != "" {
		text += "; no card takes it: " + v.Missing
	}
	return line(w, text)
}

// newestAt is a document in its folder: a file, or the newest of a folder.
func newestAt(path string) (follow.RootFolder, *follow.Root, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", nil, err
	}
	if info.IsDir() {
		folder := follow.RootFolder(path)
		root, err := folder.Newest()
		if err == nil && root == nil {
			err = fmt.Errorf("%s: no root document is in it; `nitrocard keys rotate` makes one", path)
		}
		return folder, root, err
	}
	folder := follow.RootFolder(filepath.Dir(path))
	text, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	root, err := follow.ParseRoot(text)
	if err == nil && filepath.Clean(path) != folder.Path(root.Version()) {
		err = fmt.Errorf("a document of version %d has the name %s", root.Version(), filepath.Base(folder.Path(root.Version())))
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return folder, root, err
}
