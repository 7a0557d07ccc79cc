package controller

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// A card that brings many answers, slowly, keeps no other card out, and one of them is read.
func TestAnUploadOfEachCard(t *testing.T) {
	signer := newSigner(t)
	synctest.Test(t, func(t *testing.T) {
		o := open(t, NewMemory(), signer)
		o.change(beginning()...)
		o.follow("x")
		o.follow("y")
		q := o.poseFlush()
		mux := http.NewServeMux()
		o.Offer(mux)
		put := func(card string, body io.Reader) int {
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/v1/hosts/"+card+"/answers/"+q.id, body))
			return w.Code
		}
		slow, write := io.Pipe()
		codes := make(chan int, 2*mostUploads)
		for range cap(codes) {
			go func() { codes <- put("x", slow) }()
		}
		synctest.Wait()
		require.Len(t, o.uploads, 1)
		require.Equal(t, http.StatusOK, put("y", strings.NewReader(`{"flushed": 1}`)))
		_, err := write.Write([]byte(`{"flushed": 2}`))
		require.NoError(t, err)
		require.NoError(t, write.Close())
		synctest.Wait()
		taken := 0
		for range cap(codes) {
			if code := <-codes; code == http.StatusOK {
				taken++
			} else {
				require.Equal(t, http.StatusForbidden, code)
			}
		}
		require.Equal(t, 1, taken)
		require.Empty(t, o.bringing)
	})
}
