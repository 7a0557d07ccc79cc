package controller

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
)

// What is said of an instance before its first ENI comes reaches the ENI's card with the ENI, as it reaches
// a card that asks for all.
func TestAnInstanceIsConfiguredBeforeItsENI(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"))...)
	x := o.follow("x")
	x.hear(o)
	o.change(newInstance("i-9"), newUserData("i-9", 1))
	x.hear(o)
	require.Empty(t, x.Region().UserData("i-9"))
	o.change(attached(newENI(0, 2), "i-9"), newPlace(0, 2, "x"))
	for range 2 {
		x.hear(o)
		require.True(t, x.Region().MetadataOptions("i-9").TokenRequired)
		require.Equal(t, "x", string(x.Region().UserData("i-9")))
		x = o.follow("x")
	}
}

// User data are told to the cards with an ENI of the instance, and to no others of its VPC or of a peer;
// the card that an instance leaves loses them.
func TestUserDataAreTheirCardsAlone(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"), newENI(1, 1), newPlace(1, 1, "y"), newPeering(0, 1))...)
	x, y := o.follow("x"), o.follow("y")
	sees := func(atX, atY string) {
		t.Helper()
		x.hear(o)
		y.hear(o)
		require.Equal(t, atX, string(x.Region().UserData("i-9")))
		require.Equal(t, atY, string(y.Region().UserData("i-9")))
	}
	o.change(attached(newENI(0, 2), "i-9"), newPlace(0, 2, "x"), newUserData("i-9", 1))
	sees("x", "")
	o.change(newPlace(0, 2, "y"))
	sees("", "x")
	o.change(vpc.Edit{Kind: "NetworkInterfaces", ID: "eni-02"}, vpc.Edit{Kind: vpc.KindENIPlacement, ID: "eni-02"})
	sees("", "")
	o.change(attached(newENI(1, 2), "i-9"), newPlace(1, 2, "y"))
	o.change(newUserData("i-9", 2))
	sees("", "xx")
	o.clock.now = o.clock.now.Add(lingers + time.Second)
	x, y = o.follow("x"), o.follow("y")
	sees("", "xx")
}

// A key pair is told to the cards with an ENI of an instance that names the key, whichever of the key, the
// instance and the ENI comes first, and to no others.
func TestKeyPairsAreTheirCardsAlone(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"), newENI(1, 1), newPlace(1, 1, "y"), newPeering(0, 1))...)
	x, y := o.follow("x"), o.follow("y")
	sees := func(name, atX, atY string) {
		t.Helper()
		x.hear(o)
		y.hear(o)
		require.Equal(t, atX, x.Region().PublicKey(name))
		require.Equal(t, atY, y.Region().PublicKey(name))
	}
	o.change(newKey("key-1", "alice"), newKey("key-2", "bob"))
	sees("alice", "", "")
	o.change(keyed(newInstance("i-9"), "alice"))
	o.change(attached(newENI(0, 2), "i-9"), newPlace(0, 2, "x"))
	sees("alice", "ssh-ed25519 key-1", "")
	o.change(keyed(newInstance("i-9"), "bob"))
	sees("alice", "", "")
	sees("bob", "ssh-ed25519 key-2", "")
	o.change(newKey("key-2", "carol"))
	sees("bob", "", "")
	o.change(newKey("key-2", "bob"), newPlace(0, 2, "y"))
	sees("bob", "", "ssh-ed25519 key-2")
	o.change(keyed(newInstance("i-9"), "alice"), attached(newENI(0, 2), "i-9"), newPlace(0, 2, "x"))
	sees("alice", "ssh-ed25519 key-1", "")
	o.clock.now = o.clock.now.Add(lingers + time.Second)
	x, y = o.follow("x"), o.follow("y")
	sees("alice", "ssh-ed25519 key-1", "")
	sees("bob", "", "")
	o.change(vpc.Edit{Kind: "Instances", ID: "i-9"})
	sees("alice", "", "")
	require.Empty(t, o.scopes.keyed)
}
