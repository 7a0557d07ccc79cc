//go:build !amd64 || race

package pipeline

import "nitrocard/pmd"

// steadyIn leaves all frames to passIn.
func (w *Worker) steadyIn([]pmd.Frame, uint64) (ready uint64) { return 0 }

// steadyOut leaves all frames to passOut.
func (w *Worker) steadyOut(*guest, []pmd.Frame, uint64) (ready uint64) { return 0 }
