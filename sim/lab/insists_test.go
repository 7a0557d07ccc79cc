//go:build linux

package lab

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A question is asked again where no answer came, whatever the answer would have been, and not where one came that is an
// error.
func TestAQuestionWithoutAnAnswerIsAskedAgain(t *testing.T) {
	reset := &url.Error{Op: "Get", Err: &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}}
	for _, silence := range []error{os.ErrDeadlineExceeded, reset, fmt.Errorf("%w: curl: exit status 52", io.EOF)} {
		n := 0
		answer, asked, err := insists(t.Context(), func() (string, error) {
			if n++; n < 3 {
				return "", silence
			}
			return "yes", nil
		})
		require.NoError(t, err)
		require.Equal(t, []any{"yes", times(3)}, []any{answer, asked})
	}
	refused := errors.New("404 Not Found")
	_, asked, err := insists(t.Context(), func() (string, error) { return "", refused })
	require.Equal(t, []any{refused, times(1)}, []any{err, asked})
}
