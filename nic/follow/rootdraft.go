package follow

import (
	"cmp"
	"crypto"
	"crypto/ed25519"
	"fmt"
	"slices"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// RootDraft is a root document that is being made. What a document cannot be, Document tells.
type RootDraft struct {
	meta *metadata.Metadata[metadata.RootType]
}

// NewRoot begins the first document.
func NewRoot(expires time.Time) *RootDraft {
	return &RootDraft{meta: metadata.Root(whole(expires))}
}

// Draft begins the document after this one, with the same keys and no signature.
func (r *Root) Draft(expires time.Time) (*RootDraft, error) {
	meta, err := metadata.Root().FromBytes(r.text)
	if err != nil {
		return nil, err
	}
	meta.ClearSignatures()
	meta.Signed.Version++
	meta.Signed.Expires = whole(expires)
	return &RootDraft{meta: meta}, nil
}

// whole is a time as TUF writes it: in UTC, in whole seconds.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// Add gives a role keys.
func (d *RootDraft) Add(role Role, keys Keys) error {
	for _, key := range keys {
		k, err := metadata.KeyFromPublicKey(key)
		if err == nil {
			err = d.meta.Signed.AddKey(k, string(role))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Revoke takes a key, of this ID, from all roles.
func (d *RootDraft) Revoke(id string) error {
	var of []string // the roles that have the key, and its ID there
	var there string
	for own, key := range d.meta.Signed.Keys {
		if public, err := hexKey(key); err == nil && idOf(public) == id {
			there = own
		}
	}
	for name, role := range d.meta.Signed.Roles {
		if there != "" && slices.Contains(role.KeyIDs, there) {
			of = append(of, name)
		}
	}
	if len(of) == 0 {
		return fmt.Errorf("no role has a key %q; `nitrocard keys show` lists those that are", id)
	}
	for _, role := range of {
		if err := d.meta.Signed.RevokeKey(there, role); err != nil {
			return err
		}
	}
	return nil
}

// Threshold sets how many of the root keys must sign the document, and the next one.
func (d *RootDraft) Threshold(n int) { d.meta.Signed.Roles[string(RootRole)].Threshold = n }

// Document is the draft as a document that nobody has signed.
func (d *RootDraft) Document() (*Root, error) {
	text, err := d.meta.ToBytes(true)
	if err != nil {
		return nil, err
	}
	return ParseRoot(append(text, '\n'))
}

// SignRoot is a document with the signer's signature beside those that it has.
func (s *Signer) SignRoot(r *Root) (*Root, error) {
	meta, err := metadata.Root().FromBytes(r.text)
	if err != nil {
		return nil, err
	}
	signer, err := signature.LoadSigner(s.key, crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	signed, err := meta.Sign(signer)
	if err != nil {
		return nil, err
	}
	last := len(meta.Signatures) - 1
	meta.Signatures = append(slices.DeleteFunc(meta.Signatures[:last:last], func(other metadata.Signature) bool { return other.KeyID == signed.KeyID }), *signed)
	return (&RootDraft{meta: meta}).Document()
}

// RootKey is a key of a root document.
type RootKey struct {
	ID     string `json:"id"`
	Role   Role   `json:"role"`
	Signed bool   `json:"signed"` // this document, rightly
}

// All are the keys of a document, the root keys first.
func (r *Root) All() (all []RootKey) {
	for _, role := range []Role{RootRole, ControllerRole} {
		for id, key := range r.Keys(role) {
			all = append(all, RootKey{id, role, r.signedBy(key)})
		}
	}
	slices.SortFunc(all, func(a, b RootKey) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// signedBy tells whether a key signed the document.
func (r *Root) signedBy(key ed25519.PublicKey) bool {
	k, err := metadata.KeyFromPublicKey(key)
	if err != nil {
		return false
	}
	id, _ := k.ID()
	alone := metadata.Root()
	alone.Signed.Keys[id] = k
	alone.Signed.Roles[metadata.ROOT].KeyIDs = []string{id}
	return alone.VerifyDelegate(metadata.ROOT, r.meta) == nil
}
