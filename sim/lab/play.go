//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// performance is what is done on a stage: the story, or a survey of somebody's configuration.
type performance interface {
	introduction() string
	invitation(program string) string
	perform(ctx context.Context, ord order, out io.Writer) outcome
	letIn(ctx context.Context, ord order) error
	travel(ctx context.Context, q Question) (*Journey, error)
	end() error // of the cards
	close()     // the world
}

// play is the lab inside its cage, from the first host to the last word.
func play(ctx context.Context, ord order, out io.Writer) (o outcome, err error) {
	began := time.Now()
	p, err := begin(ctx, ord, out)
	if ctx.Err() != nil {
		return o, errStopped
	}
	if err != nil {
		return o, err
	}
	defer p.close()
	if ord.Journey != nil {
		o.Journey, err = p.travel(ctx, *ord.Journey)
		return o, errors.Join(err, p.end())
	}
	fmt.Fprint(out, p.introduction())
	if err := p.letIn(ctx, ord); err != nil {
		return o, err
	}
	o = p.perform(ctx, ord, out)
	if ctx.Err() != nil {
		return o, errors.Join(errStopped, p.end())
	}
	if ord.Keep {
		fmt.Fprint(out, p.invitation(ord.Program))
		<-ctx.Done()
	}
	if err := p.end(); err != nil {
		fmt.Fprintf(out, "FAIL the end: %v\n", err)
		o.Failed++
	}
	if !ord.Keep {
		fmt.Fprint(out, slow(time.Since(began), scheduled()))
	}
	fmt.Fprintln(out, o)
	return o, nil
}

var errStopped = errors.New("the lab was stopped before its end")

// begin builds the world of the configuration and starts its cards.
func begin(ctx context.Context, ord order, out io.Writer) (performance, error) {
	config, err := configured(ord)
	if err != nil {
		return nil, err
	}
	if isStory(config) {
		return beginStory(ctx, ord, config, out)
	}
	if ord.Attack > 0 || ord.VM != nil {
		return nil, fmt.Errorf("attacks and virtual machines are of the lab's own story, and %s has other guests; `nitrocard lab region` prints the story's configuration", ord.Config)
	}
	return beginSurvey(ctx, ord, config, out)
}
