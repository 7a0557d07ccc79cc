package imds

import (
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// openssl is a judge of signatures. Where CI=true it must be there.
func openssl(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") != "true" {
		t.Skip("openssl is not installed")
	}
	require.NoError(t, err)
	return path
}

// The README's openssl believes what the card signed, and not what a guest signed with a key of its own, whose
// certificate lies beside the document and has the names that the card's has.
func TestOpenSSLBelievesTheCardAlone(t *testing.T) {
	program, folder := openssl(t), t.TempDir()
	card, guest := newSigner(time.Now()), newSigner(time.Now())
	certificate, err := card.certificate()
	require.NoError(t, err)
	trusted := filepath.Join(folder, "card.pem")
	require.NoError(t, os.WriteFile(trusted, certificate, 0o600))
	for _, c := range []struct {
		signer   *signer
		document string
		status   int
	}{{card, `{"instanceId": "i-a1"}`, 0}, {guest, `{"instanceId": "i-victim"}`, 4}} {
		k, err := c.signer.key()
		require.NoError(t, err)
		wrapped, err := k.wrap(c.document)
		require.NoError(t, err)
		signed := filepath.Join(folder, "signed")
		require.NoError(t, os.WriteFile(signed, pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: wrapped}), 0o600))
		verify := exec.Command(program, "smime", "-verify", "-in", signed, "-inform", "PEM", "-nointern", "-certfile", trusted, "-noverify")
		told, err := verify.Output()
		require.Equal(t, c.status, verify.ProcessState.ExitCode(), "%s: %s", c.document, err)
		if c.status == 0 {
			require.Equal(t, c.document, string(told))
		}
	}
}
