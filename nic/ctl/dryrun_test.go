package ctl

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

// watched is a server whose target and whose client look at its rooms.
type watched struct {
	*server
	Target
	*httptest.ResponseRecorder
	begun, waited, answered []rooms
}

// rooms tell which rooms a client could enter.
type rooms struct{ bodies, turn, answers bool }

func (w *watched) look() rooms {
	free := rooms{w.bodies.others.TryAcquire(maxBody), w.dryRunTurn.TryAcquire(1), w.dryRuns.others.TryAcquire(mostWholes)}
	if free.bodies {
		w.bodies.others.Release(maxBody)
	}
	if free.turn {
		w.dryRunTurn.Release(1)
	}
	if free.answers {
		w.dryRuns.others.Release(mostWholes)
	}
	return free
}

func (w *watched) DryRun(ctx context.Context, c *vpc.Config) (func(context.Context) (nic.DryRun, error), error) {
	w.begun = append(w.begun, w.look())
	rest, err := w.Target.DryRun(ctx, c)
	return func(ctx context.Context) (nic.DryRun, error) {
		w.waited = append(w.waited, w.look())
		return rest(ctx)
	}, err
}

func (w *watched) Flush(ctx context.Context, done *nic.Change) error {
	return w.Target.Flush(ctx, done)
}

func (w *watched) Write(text []byte) (int, error) {
	w.answered = append(w.answered, w.look())
	return w.ResponseRecorder.Write(text)
}

// A dry run has its turn and its body's room until it is made, and then only the room for answers: a
// client that reads slowly, or a card that a controller waits for, keeps nobody from writing.
func TestADryRunLeavesRoomBeforeItsAnswer(t *testing.T) {
	region, err := os.ReadFile("testdata/region.yaml")
	require.NoError(t, err)
	for body, begun := range map[string][]rooms{string(region): {{}}, "{": nil} {
		w := &watched{server: newServer(Options{Card: newCard(t), Log: slog.New(slog.DiscardHandler)}), ResponseRecorder: httptest.NewRecorder()}
		w.Target, w.target = w.target, w
		r := httptest.NewRequest(http.MethodPost, "/v1/dry-run", strings.NewReader(body))
		w.dryRun(w, r.WithContext(context.WithValue(t.Context(), callerKey{}, &caller{role: provider})))
		require.Equal(t, begun, w.begun, body)
		require.Equal(t, len(begun), len(w.waited), body)
		for _, free := range w.waited {
			require.Equal(t, rooms{bodies: true, turn: true}, free, body)
		}
		require.Equal(t, []rooms{{bodies: true, turn: true}}, w.answered, body)
		require.Equal(t, rooms{true, true, true}, w.look(), body)
	}
}
