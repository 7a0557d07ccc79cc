package tables

import (
	"math/bits"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// eachHash runs a test for each hash and each length of key.
func eachHash(t *testing.T, test func(t *testing.T, hash func(seed uint64, key []uint64) uint64, words int)) {
	for name, aes := range map[string]bool{"aes": true, "portable": false} {
		if aes && !useAES {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for words := 1; words <= maxWords; words++ {
				test(t, func(seed uint64, key []uint64) (out uint64) {
					x := index{words: len(key), keys: newHasher(seed)}
					x.keys.aes = aes
					x.hashBurst(unsafe.Pointer(&key[0]), 1, &out)
					return out
				}, words)
			}
		})
	}
}

// Whichever bit of a key changes, about half of the bits of its hash do.
func TestHashSpreadsEveryBit(t *testing.T) {
	eachHash(t, func(t *testing.T, hash func(uint64, []uint64) uint64, words int) {
		const seeds = 64
		key := make([]uint64, words)
		for bit := range 64 * words {
			changed := 0
			for seed := range uint64(seeds) {
				before := hash(seed, key)
				key[bit/64] ^= 1 << (bit % 64)
				changed += bits.OnesCount64(before ^ hash(seed, key))
			}
			require.InDelta(t, 32*seeds, changed, 3.5*seeds, "%d words, bit %d", words, bit)
		}
	})
}

// Tables with different seeds differ: what collides in one is spread in the next.
func TestHashDependsOnSeed(t *testing.T) {
	eachHash(t, func(t *testing.T, hash func(uint64, []uint64) uint64, words int) {
		seen := map[uint64]bool{}
		for seed := range uint64(1000) {
			seen[hash(seed, make([]uint64, words))] = true
		}
		require.Len(t, seen, 1000)
	})
}

// A pair of keys that xxhash gives one hash under every seed: the words' differences cancel. Seeding by XOR must break it.
func TestPortableHashHasNoCollisionForEverySeed(t *testing.T) {
	collide := [2][2]uint64{{1, 2}, {1, 2}}
	collide[1][0] = unround(round(1) ^ 1<<36)
	collide[1][1] = unround(round(2) ^ 1<<63)
	plain := hasher{}
	sum := func(h *hasher, k [2]uint64) (out uint64) {
		h.portable(unsafe.Pointer(&k), 2, 1, &out)
		return out
	}
	require.Equal(t, sum(&plain, collide[0]), sum(&plain, collide[1]), "xxhash without a secret")
	for seed := range uint64(1000) {
		h := newHasher(seed)
		require.NotEqual(t, sum(&h, collide[0]), sum(&h, collide[1]), "seed %d", seed)
	}
}

// xxhash's treatment of 8 bytes, and its inverse.
const (
	prime1, prime2         = 0x9e37_79b1_85eb_ca87, 0xc2b2_ae3d_27d4_eb4f
	xxhash64Rotation       = 31
	inverseBits      uint8 = 6
)

func round(k uint64) uint64 { return bits.RotateLeft64(k*prime2, xxhash64Rotation) * prime1 }

func unround(r uint64) uint64 {
	return bits.RotateLeft64(r*inverse(prime1), -xxhash64Rotation) * inverse(prime2)
}

// inverse returns the inverse of odd x modulo 1<<64 (Newton: each step doubles the right bits, from 3 on).
func inverse(x uint64) uint64 {
	y := x
	for range inverseBits {
		y *= 2 - x*y
	}
	return y
}

func TestHashOfBurstIsHashOfEach(t *testing.T) {
	eachHash(t, func(t *testing.T, hash func(uint64, []uint64) uint64, words int) {
		x := index{words: words, keys: newHasher(9)}
		one, portable := uint64(1), uint64(0)
		x.keys.portable(unsafe.Pointer(&one), 1, 1, &portable)
		x.keys.aes = hash(9, []uint64{1}) != portable
		keys := make([]uint64, Burst*words)
		for i := range keys {
			keys[i] = rand.Uint64()
		}
		for n := range Burst + 1 {
			var out [Burst + 1]uint64
			x.hashBurst(unsafe.Pointer(&keys[0]), n, &out[0])
			for i := range n {
				require.Equal(t, hash(9, keys[i*words:(i+1)*words]), out[i], "%d words, key %d of %d", words, i, n)
			}
			require.Zero(t, out[n], "nothing is written past n")
		}
	})
}

// The assembly against AES as FIPS 197 has it, computed the slow way.
func TestAESHashIsAES(t *testing.T) {
	if !useAES {
		t.Skip("this processor has no AES instructions for tables")
	}
	for words := 1; words <= maxWords; words++ {
		x := index{words: words, keys: newHasher(uint64(words))}
		key := make([]uint64, words)
		for i := range key {
			key[i] = rand.Uint64()
		}
		var got uint64
		x.hashBurst(unsafe.Pointer(&key[0]), 1, &got)
		require.Equal(t, slowAES(&x.keys.secret, key), got, "%d words", words)
	}
}

type block [16]byte

func blockOf(lo, hi uint64) (b block) {
	for i := range 8 {
		b[i], b[i+8] = byte(lo>>(8*i)), byte(hi>>(8*i))
	}
	return b
}

func (b block) xor(c block) block {
	for i := range b {
		b[i] ^= c[i]
	}
	return b
}

func slowAES(secret *[maxWords]uint64, key []uint64) (out uint64) {
	var keys [4]block
	for i := range keys {
		keys[i] = blockOf(secret[2*i], secret[2*i+1])
	}
	state := keys[0]
	for i := 0; i < len(key); i += 2 {
		next := blockOf(key[i], 0)
		if i+1 < len(key) {
			next = blockOf(key[i], key[i+1])
		}
		state = state.xor(next).round(keys[1]).round(keys[2])
	}
	state = state.round(keys[3])
	for i := range 8 {
		out |= uint64(state[i]) << (8 * i)
	}
	return out
}

// round is one round of FIPS 197, section 5.1: SubBytes, ShiftRows, MixColumns, AddRoundKey.
func (b block) round(key block) (out block) {
	for col := range 4 {
		var a [4]byte
		for row := range 4 {
			a[row] = sbox(b[(col+row)%4*4+row])
		}
		for row := range 4 {
			out[4*col+row] = times(2, a[row]) ^ times(3, a[(row+1)%4]) ^ a[(row+2)%4] ^ a[(row+3)%4]
		}
	}
	return out.xor(key)
}

// times multiplies in GF(2^8) with the polynomial of FIPS 197, section 4.2.
func times(a, b byte) (p byte) {
	for ; a != 0; a >>= 1 {
		p ^= b & -(a & 1)
		b = b<<1 ^ 0x1b&-(b>>7)
	}
	return p
}

// sbox is the S-box of FIPS 197, section 5.1.1: the inverse (x^254), then an affine map.
func sbox(x byte) byte {
	inv := byte(1)
	for range 254 {
		inv = times(inv, x)
	}
	out := inv ^ 0x63
	for i := 1; i <= 4; i++ {
		out ^= bits.RotateLeft8(inv, i)
	}
	return out
}
