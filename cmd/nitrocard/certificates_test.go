package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/ctl"
)

// authority certifies whoever the test names.
type authority struct {
	*testing.T
	folder string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{T: t, folder: t.TempDir()}
	a.cert, a.key = a.certify("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// certify writes NAME.pem and NAME.key. The first certificate certifies itself.
func (a *authority) certify(name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a, err)
	c.SerialNumber, c.Subject.CommonName = big.NewInt(time.Now().UnixNano()), name
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	by, signer := a.cert, a.key
	if by == nil {
		by, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, &key.PublicKey, signer)
	require.NoError(a, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a, err)
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "PRIVATE KEY", private)
	made, err := x509.ParseCertificate(der)
	require.NoError(a, err)
	return made, key
}

func (a *authority) write(name, block string, der []byte) {
	require.NoError(a, os.WriteFile(a.path(name), pem.EncodeToMemory(&pem.Block{Type: block, Bytes: der}), 0o600))
}

func (a *authority) path(name string) string { return filepath.Join(a.folder, name) }

// as are the flags of a client.
func (a *authority) as(name, prefix string) []string {
	return []string{"--" + prefix + "ca", a.path("ca.pem"), "--" + prefix + "cert", a.path(name + ".pem"), "--" + prefix + "cert-key", a.path(name + ".key")}
}

// asks is the status that a client gets for an empty request.
func (a *authority) asks(t *testing.T, as, method, url string) int {
	config, err := (&certificates{a.path(as + ".pem"), a.path(as + ".key"), a.path("ca.pem")}).client()
	require.NoError(t, err)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// Over TLS a card is told what is its own, and people may what their certificates say.
func TestAControllerElsewhere(t *testing.T) {
	f, a := newFiles(t), newAuthority(t)
	a.certify("controller", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	for name, role := range map[string]string{"x": "", "y": "", "reader": ctl.RoleReader, "provider": ctl.RoleProvider} {
		a.certify(name, &x509.Certificate{Subject: pkix.Name{Organization: []string{role}}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	}
	region := f.region("region.yaml")
	data := f.path("data")
	controller := start(t, "controller", "--data", data, "--socket", filepath.Join(filepath.Dir(f.socket), "c"), "--config", region,
		"--listen", "127.0.0.1:0", "--cert", a.path("controller.pem"), "--cert-key", a.path("controller.key"), "--client-ca", a.path("ca.pem"))
	until(t, "the controller is up", func() bool { return strings.Contains(controller.log.String(), "controller is up") })
	_, rest, _ := strings.Cut(controller.log.String(), "address=")
	at := "https://" + strings.Fields(rest)[0]

	ask := func(as string, line ...string) (int, string) {
		status, out, stderr := call(t, append(append(line, "--socket", at), a.as(as, "")...)...)
		return status, out + stderr
	}
	status, out := ask("reader", "get", "config", "sg-web")
	require.Zero(t, status, out)
	_, out = ask("reader", "apply", region)
	require.Contains(t, out, `"reader" may ask and not change anything`)
	_, out = ask("x", "get", "hosts")
	require.Contains(t, out, `the certificate of "x" has no role`)
	shut := f.region("shut.yaml", "FromPort: 22, ToPort: 22", "FromPort: 23, ToPort: 23")
	status, out = ask("provider", "apply", shut)
	require.Zero(t, status, out)

	card := func(host, as string) []string {
		line := append([]string{"run", "--controller", at, "--host", host, "--trust", filepath.Join(data, "keys.pem"), "--state", f.path("state")}, a.as(as, "controller-")...)
		return append(line, f.runArgs()[3:]...)
	}
	thief := start(t, card("x", "y")...)
	until(t, "the thief is refused", func() bool { return strings.Contains(thief.log.String(), `the certificate is for card \"y\"`) })
	thief.stop(t)
	person := start(t, card("reader", "reader")...)
	until(t, "a person is no card", func() bool { return strings.Contains(person.log.String(), `is a person's, and no card's`) })
	person.stop(t)
	for _, c := range []struct {
		as, method, path string
		status           int
	}{
		{"y", http.MethodPut, "/v1/hosts/x/records/eni-a1", http.StatusForbidden},
		{"reader", http.MethodPut, "/v1/hosts/x/records/eni-a1", http.StatusForbidden},
		{"x", http.MethodPut, "/v1/hosts/x/records/eni-a1", http.StatusForbidden}, // which it still has
		{"x", http.MethodGet, "/v1/roots?after=1", http.StatusOK},
		{"x", http.MethodGet, "/v1/roots?after=-1", http.StatusBadRequest},
	} {
		require.Equal(t, c.status, a.asks(t, c.as, c.method, at+c.path), "%s: %s %s", c.as, c.method, c.path)
	}
	running := start(t, card("x", "x")...)
	until(t, "the card answers", f.answers)
	require.Contains(t, good(t, "get", "config", "sg-web", "--socket", f.socket), "ToPort: 23")
	running.stop(t)
}
