package follow

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// Signer signs messages (Ed25519, RFC 8032).
type Signer struct {
	key ed25519.PrivateKey
	id  string
}

// Keys are those whose messages a card takes, by ID.
type Keys map[string]ed25519.PublicKey

// idOf is the ID of a key: the beginning of its SHA-256.
func idOf(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// NewSigner makes a signer with a new key.
func NewSigner() (*Signer, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return &Signer{private, idOf(public)}, nil
}

// ID is that of the signer's key.
func (s *Signer) ID() string { return s.id }

// Keys are those by which cards know the signer.
func (s *Signer) Keys() Keys {
	return Keys{s.id: s.key.Public().(ed25519.PublicKey)}
}

// The types of PEM blocks (RFC 7468).
const (
	privateBlock = "PRIVATE KEY"
	publicBlock  = "PUBLIC KEY"
)

// LoadSigner reads a signer's key, in PKCS #8 and PEM, as `openssl genpkey -algorithm
// ed25519` writes it.
func LoadSigner(path string) (*Signer, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != privateBlock {
		return nil, fmt.Errorf("%s: no PEM block of the type %s is in it", path, privateBlock)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	private, is := key.(ed25519.PrivateKey)
	if !is {
		return nil, fmt.Errorf("%s: an Ed25519 key is expected, not %T", path, key)
	}
	return &Signer{private, idOf(private.Public().(ed25519.PublicKey))}, nil
}

// Save writes the signer's key to a new file, that its owner alone may read.
func (s *Signer) Save(path string) error {
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		return err
	}
	return create(path, 0o600, pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: der}))
}

// create writes a file that is not there yet.
func create(path string, mode os.FileMode, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// LoadKeys reads public keys: PEM blocks as `openssl pkey -pubout` writes them, one after
// the other.
func LoadKeys(path string) (Keys, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseKeys(path, data)
}

// parseKeys is LoadKeys of a file that was read.
func parseKeys(path string, data []byte) (Keys, error) {
	keys := Keys{}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != publicBlock {
			return nil, fmt.Errorf("%s: a PEM block of the type %s is expected, not %s", path, publicBlock, block.Type)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		public, is := key.(ed25519.PublicKey)
		if !is {
			return nil, fmt.Errorf("%s: an Ed25519 key is expected, not %T", path, key)
		}
		keys[idOf(public)] = public
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: no PEM block of the type %s is in it", path, publicBlock)
	}
	return keys, nil
}

// Save writes the keys for LoadKeys, in the place of what is at the path.
func (k Keys) Save(path string) error {
	var all []byte
	for _, key := range k {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			return err
		}
		all = append(all, pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: der})...)
	}
	return os.WriteFile(path, all, 0o644)
}

// Sign makes a message of its header and what Encode wrote.
func (s *Signer) Sign(h Header, edits []byte) (*Message, error) {
	h.Size, h.Sum = int64(len(edits)), sha256.Sum256(edits)
	signed, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return &Message{Header: h, signed: signed, key: s.id, signature: ed25519.Sign(s.key, signed), edits: edits}, nil
}

// Reasons not to believe a message, whoever it is for.
var (
	errKey       = errors.New("it is signed by a key that this card was not given")
	errSignature = errors.New("its signature is not right")
	errSum       = errors.New("its edits are not those that were signed")
)

// verify is an error unless the message is as a holder of one of the keys signed it.
func (k Keys) verify(m *Message) error {
	key, known := k[m.key]
	switch {
	case !known:
		return errKey
	case !ed25519.Verify(key, m.signed, m.signature):
		return errSignature
	case int64(len(m.edits)) != m.Size || sha256.Sum256(m.edits) != m.Sum:
		return errSum
	}
	return nil
}
