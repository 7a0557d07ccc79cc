// Package ample says how long tests wait for what they have brought about.
package ample

import "time"

// Time is more than what a test has brought about takes, however slow and busy the machine
// is. A test that has waited for so long has met a fault.
const Time = 5 * time.Minute
