package imds

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A token says until when it holds, and is signed for one instance, so that nothing is kept of
// the tokens that an instance has, which may be any number:
//
//	|expiry 8, ns since 1970|nonce 2|HMAC-SHA256 32|  in base64: 56 characters, as EC2's have
const (
	expiryLen, nonceLen = 8, 2
	tokenLen            = expiryLen + nonceLen + sha256.Size
)

// The time for which a token may hold (EC2 User Guide, "Use the Instance Metadata Service").
const leastTTL, mostTTL = time.Second, 6 * time.Hour

// tokens makes and checks tokens.
type tokens struct{ secret [32]byte }

func newTokens() *tokens {
	t := &tokens{}
	rand.Read(t.secret[:])
	return t
}

// sign is the signature of the head of a token for an instance.
func (t *tokens) sign(head []byte, instance string) []byte {
	h := hmac.New(sha256.New, t.secret[:])
	h.Write(head)
	h.Write([]byte(instance))
	return h.Sum(nil)
}

// issue makes a token for an instance that holds until a time.
func (t *tokens) issue(instance string, until time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(until.UnixNano()))
	b = append(b, 0, 0)
	rand.Read(b[expiryLen:])
	return base64.URLEncoding.EncodeToString(append(b, t.sign(b, instance)...))
}

// left is for how long a token of an instance still holds; 0: it does not.
func (t *tokens) left(token, instance string, now time.Time) time.Duration {
	b, err := base64.URLEncoding.DecodeString(token)
	if err != nil || len(b) != tokenLen || !hmac.Equal(b[expiryLen+nonceLen:], t.sign(b[:expiryLen+nonceLen], instance)) {
		return 0
	}
	return max(time.Unix(0, int64(binary.BigEndian.Uint64(b))).Sub(now), 0)
}
