//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// check is one thing a person would try. see does it and says what was seen,
// or why it is not as it should be.
type check struct {
	name string
	see  func(ctx context.Context) (seen string, err error)
}

// do does the check, with patience.
func (c check) do(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return c.see(ctx)
}

// doAll does one check after the other, whatever became of those before.
func doAll(ctx context.Context, out io.Writer, all []check, do func(check, context.Context) (string, error)) (o outcome) {
	for _, c := range all {
		seen, err := patiently(out, c.name, func() (string, error) { return do(c, ctx) })
		if ctx.Err() != nil {
			return o
		}
		if lacks(err) {
			o.Skipped++
			fmt.Fprintf(out, "skip %s: %v\n", c.name, err)
			continue
		}
		if err != nil {
			o.Failed++
			fmt.Fprintf(out, "FAIL %s: %v\n", c.name, err)
			continue
		}
		o.Passed++
		fmt.Fprintf(out, "ok   %s: %s\n", c.name, seen)
	}
	return o
}

// until asks again and again until the answer is yes, an error, or too late.
func until(ctx context.Context, what string, yes func() (bool, error)) error {
	for {
		ok, err := yes()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("waited in vain until " + what)
		case <-time.After(pollEvery):
		}
	}
}
