package sandbox

import (
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	access "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// restrictFiles has landlock forbid to write, make, remove and run files but where
// o says. Who may read what is a matter of their modes.
func restrictFiles(o Options, r *Report) error {
	for _, file := range o.Files { // a rule for a folder would be one for all files below it
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			return fmt.Errorf("landlock: %s is a folder; a file is expected", file)
		}
	}
	version, err := access.LandlockGetABIVersion()
	if err != nil || version < 1 {
		r.Lacks = append(r.Lacks, "landlock: files may be written as their modes say")
		return nil
	}
	read := landlock.AccessFSSet(access.AccessFSReadFile | access.AccessFSReadDir)
	err = landlock.V5.BestEffort().RestrictPaths(
		landlock.PathAccess(read, "/"),
		landlock.RWDirs(o.Folders...).IgnoreIfMissing(),
		landlock.RWFiles(o.Files...).WithIoctlDev().IgnoreIfMissing(),
	)
	if err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	r.Done = append(r.Done, fmt.Sprintf("files are written only in folders of the card's (landlock %d)", version))
	return nil
}
