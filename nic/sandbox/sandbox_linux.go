package sandbox

import (
	"fmt"
)

// Enter takes from all threads of this process what o does not keep. After an error
// some of it may be gone: the process should end.
func Enter(o Options) (r Report, err error) {
	steps := []func(Options, *Report) error{restrictFiles, restrictRights, restrictCalls}
	if o.Bare {
		r.Kept = append(r.Kept, "user, capabilities and files, which the drivers of devices need")
		steps = []func(Options, *Report) error{noNewRights, restrictCalls}
	}
	for _, step := range steps {
		if err := step(o, &r); err != nil {
			return r, fmt.Errorf("sandbox: %w", err)
		}
	}
	return r, nil
}
