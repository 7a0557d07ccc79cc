package imds

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/smallstep/pkcs7"
)

// notAWS is whom certificates of a signer name: nobody should take the lab's word for that of AWS.
const notAWS = "nitrocard, not AWS"

// signer signs identity documents with a key of its own, which lives as long as the process.
type signer struct {
	key    func() (*identityKey, error)
	mu     sync.Mutex
	signed map[string]signatures // by document: who asks again costs no other signature
}

// identityKey is a key with its certificate.
type identityKey struct {
	*rsa.PrivateKey
	certificate *x509.Certificate
}

// signatures are a document's, in base64, as EC2 has them (EC2 User Guide, "Instance identity documents").
type signatures struct {
	bare  string // RSA with SHA-256
	pkcs7 string // the same with the document and the certificate (RFC 2315)
}

// mostSigned is how many documents a signer remembers. Each instance of the card has one.
const mostSigned = 4096

// newSigner makes a signer, whose key is made when the first document is signed.
func newSigner(now time.Time) *signer {
	return &signer{signed: map[string]signatures{}, key: sync.OnceValues(func() (*identityKey, error) { return newIdentityKey(now) })}
}

// newIdentityKey makes a key of the size of EC2's.
func newIdentityKey(now time.Time) (*identityKey, error) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: notAWS}, NotBefore: now, NotAfter: now.AddDate(10, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		return nil, err
	}
	c, err = x509.ParseCertificate(der)
	return &identityKey{k, c}, err
}

// certificate is that of the signer's key, in PEM.
func (s *signer) certificate() ([]byte, error) {
	k, err := s.key()
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.certificate.Raw}), nil
}

// sign signs a document.
func (s *signer) sign(document string) (signatures, error) {
	k, err := s.key()
	if err != nil {
		return signatures{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, is := s.signed[document]; is {
		return known, nil
	}
	sum := sha256.Sum256([]byte(document))
	bare, err := rsa.SignPKCS1v15(rand.Reader, k.PrivateKey, crypto.SHA256, sum[:])
	if err != nil {
		return signatures{}, err
	}
	wrapped, err := k.wrap(document)
	if err != nil {
		return signatures{}, err
	}
	if len(s.signed) >= mostSigned {
		clear(s.signed)
	}
	s.signed[document] = signatures{lines(bare), lines(wrapped)}
	return s.signed[document], nil
}

// wrap is a document with its signature as PKCS #7.
func (k *identityKey) wrap(document string) ([]byte, error) {
	d, err := pkcs7.NewSignedData([]byte(document))
	if err != nil {
		return nil, err
	}
	d.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := d.AddSigner(k.certificate, k.PrivateKey, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	return d.Finish()
}

// lines are bytes in base64, in lines of 64 characters (RFC 7468 section 2).
func lines(b []byte) string {
	const width = 64
	text := base64.StdEncoding.EncodeToString(b)
	var all []string
	for len(text) > width {
		all, text = append(all, text[:width]), text[width:]
	}
	return strings.Join(append(all, text), "\n")
}
