package follow

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Root is a root document (TUF specification 1.0, section 4.3): which keys sign messages, which
// keys sign the next root document, how many of these must, and until when all this holds.
type Root struct {
	meta *metadata.Metadata[metadata.RootType]
	text []byte // as it came
}

// Role is what a root document gives keys for.
type Role string

// The roles. A controller's key has the place of TUF's timestamp: it is online, and what it signs
// tells what is newest and expires soon. TUF's other roles have no keys.
const (
	RootRole       Role = metadata.ROOT      // signs root documents, offline
	ControllerRole Role = metadata.TIMESTAMP // signs messages
)

// mostRoot is how many bytes a root document may have.
const mostRoot = 64 << 10

// ParseRoot reads a root document, about whose signatures it says nothing.
func ParseRoot(text []byte) (*Root, error) {
	if len(text) > mostRoot {
		return nil, fmt.Errorf("a root document of %d bytes; %d are the most", len(text), mostRoot)
	}
	meta, err := metadata.Root().FromBytes(text)
	if err != nil {
		return nil, fmt.Errorf("no root document: %w", err)
	}
	r := &Root{meta, bytes.Clone(text)}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("a root document of version %d: %w", r.Version(), err)
	}
	return r, nil
}

// check is an error if the document's own parts contradict each other. The keys that it names may be
// anybody's.
func (r *Root) check() error {
	signed := &r.meta.Signed
	if signed.Version < 1 {
		return errors.New("a version from 1 on is expected")
	}
	for id, key := range signed.Keys {
		if key == nil {
			return fmt.Errorf("key %.16q is none", id)
		}
		if own, err := key.ID(); err != nil || own != id {
			return fmt.Errorf("key %.16q has the ID of another", id)
		}
		if public, err := hexKey(key); err != nil {
			return fmt.Errorf("key %.16q: %w", id, err)
		} else if len(public) != ed25519.PublicKeySize {
			return fmt.Errorf("key %.16q has %d bytes, and a key of Ed25519 %d", id, len(public), ed25519.PublicKeySize)
		}
	}
	for _, role := range []Role{RootRole, ControllerRole} {
		if err := r.checkRole(role); err != nil {
			return err
		}
	}
	if n := signed.Roles[string(ControllerRole)].Threshold; n != 1 {
		return fmt.Errorf("role %s: Threshold %d, and a message has one signature", ControllerRole, n)
	}
	return nil
}

// checkRole is an error unless the document gives a role keys, enough of them.
func (r *Root) checkRole(role Role) error {
	of := r.meta.Signed.Roles[string(role)]
	if of == nil {
		return fmt.Errorf("role %s is missing", role)
	}
	different := map[string]bool{}
	for _, id := range of.KeyIDs {
		if r.meta.Signed.Keys[id] == nil {
			return fmt.Errorf("role %s names a key %.16q, which is not there", role, id)
		}
		different[id] = true
	}
	if of.Threshold < 1 || of.Threshold > len(different) {
		return fmt.Errorf("role %s: Threshold %d is not from 1 to %d, the number of its keys", role, of.Threshold, len(different))
	}
	return nil
}

// hexKey is a key of Ed25519.
func hexKey(key *metadata.Key) (ed25519.PublicKey, error) {
	if key.Type != metadata.KeyTypeEd25519 {
		return nil, fmt.Errorf("a key of Ed25519 is expected, not %.16q", key.Type)
	}
	public, err := key.ToPublicKey()
	if err != nil {
		return nil, err
	}
	return public.(ed25519.PublicKey), nil
}

// Version is the document's, from 1.
func (r *Root) Version() int64 { return r.meta.Signed.Version }

// Expires is until when cards take messages under this document.
func (r *Root) Expires() time.Time { return r.meta.Signed.Expires }

// Threshold is how many of the root keys must sign the next document.
func (r *Root) Threshold() int { return r.meta.Signed.Roles[string(RootRole)].Threshold }

// Text is the document as it came.
func (r *Root) Text() []byte { return r.text }

// Keys are the keys of a role.
func (r *Root) Keys(role Role) Keys {
	keys := Keys{}
	for _, id := range r.meta.Signed.Roles[string(role)].KeyIDs {
		if key, err := hexKey(r.meta.Signed.Keys[id]); err == nil { // as check has seen
			keys[idOf(key)] = key
		}
	}
	return keys
}

// Complete is an error unless as many of the document's own root keys signed it as it asks for.
func (r *Root) Complete() error { return r.allows(r) }

// allows is an error unless as many of the document's root keys signed another one as it asks for.
// A key that is named twice counts once.
func (r *Root) allows(next *Root) error {
	if r.meta.VerifyDelegate(metadata.ROOT, next.meta) == nil {
		return nil
	}
	signed := 0
	for _, key := range r.Keys(RootRole) {
		if next.signedBy(key) {
			signed++
		}
	}
	return fmt.Errorf("root version %d is signed by %d of the root keys of version %d, which asks for %d", next.Version(), signed, r.Version(), r.Threshold())
}

// Next reads the document that follows: of the next version, signed as this document asks and as the
// next one asks itself (TUF specification, section 5.3).
func (r *Root) Next(text []byte) (*Root, error) {
	next, err := ParseRoot(text)
	if err != nil {
		return nil, err
	}
	if next.Version() != r.Version()+1 {
		return nil, fmt.Errorf("root version %d is expected after %d, not %d", r.Version()+1, r.Version(), next.Version())
	}
	if err := r.allows(next); err != nil {
		return nil, err
	}
	return next, next.Complete()
}
