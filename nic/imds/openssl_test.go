package imds

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
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

// numbered is a key whose certificate has another serial number, by which openssl finds certificates.
func numbered(t *testing.T, k *identityKey, serial int64) *identityKey {
	t.Helper()
	c := *k.certificate
	c.SerialNumber = big.NewInt(serial)
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, k.Public(), k)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &identityKey{k.PrivateKey, certificate}
}

// The README's openssl believes what the card signed, and not what a guest signed with a key of its own, whose
// certificate lies beside the document: neither with the names and the number that the card's has, nor with another
// number, where only -nointern keeps openssl from believing it.
func TestOpenSSLBelievesTheCardAlone(t *testing.T) {
	program, folder := openssl(t), t.TempDir()
	card := newSigner(time.Now())
	certificate, err := card.certificate()
	require.NoError(t, err)
	own, err := card.key()
	require.NoError(t, err)
	twin, err := newIdentityKey(time.Now())
	require.NoError(t, err)
	other := numbered(t, twin, 2)
	trusted, signed := filepath.Join(folder, "card.pem"), filepath.Join(folder, "signed")
	require.NoError(t, os.WriteFile(trusted, certificate, 0o600))
	verify := []string{"smime", "-verify", "-in", signed, "-inform", "PEM", "-certfile", trusted, "-noverify"}
	for _, c := range []struct {
		signer         *identityKey
		document       string
		status, intern int // with -nointern, and without
	}{
		{own, `{"instanceId": "i-a1"}`, 0, 0},
		{twin, `{"instanceId": "i-victim"}`, 4, 4},
		{other, `{"instanceId": "i-victim"}`, 4, 0},
	} {
		wrapped, err := c.signer.wrap(c.document)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(signed, pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: wrapped}), 0o600))
		told, status := run(program, append(verify, "-nointern")...)
		require.Equal(t, c.status, status, c.document)
		if status == 0 {
			require.Equal(t, c.document, told)
		}
		_, status = run(program, verify...)
		require.Equal(t, c.intern, status, c.document)
	}
}

// run is what a program prints, and its exit status; -1 where the program does not start.
func run(program string, arguments ...string) (printed string, status int) {
	c := exec.Command(program, arguments...)
	text, _ := c.Output() // its error is the status
	return string(text), c.ProcessState.ExitCode()
}
