package follow

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const year = 365 * 24 * time.Hour

// provider is who makes root documents, with two root keys of which both must sign.
type provider struct {
	*testing.T
	a, b, controller *Signer
	first            *Root
}

func newProvider(t *testing.T) *provider {
	p := &provider{T: t, a: newSigner(t), b: newSigner(t), controller: newSigner(t)}
	d := NewRoot(noon.Add(year))
	require.NoError(t, d.Add(RootRole, p.a.Keys()))
	require.NoError(t, d.Add(RootRole, p.b.Keys()))
	require.NoError(t, d.Add(ControllerRole, p.controller.Keys()))
	d.Threshold(2)
	p.first = p.sign(d, p.a, p.b)
	require.NoError(t, p.first.Complete())
	return p
}

// sign is a draft as a document with these signatures.
func (p *provider) sign(d *RootDraft, by ...*Signer) *Root {
	r, err := d.Document()
	require.NoError(p, err)
	for _, s := range by {
		r, err = s.SignRoot(r)
		require.NoError(p, err)
	}
	return r
}

// after is the document after another, with some changes, signed by both root keys.
func (p *provider) after(r *Root, change func(*RootDraft)) *Root {
	d, err := r.Draft(noon.Add(year))
	require.NoError(p, err)
	change(d)
	return p.sign(d, p.a, p.b)
}

// replaced has a controller's key replaced by another.
func (p *provider) replaced(by *Signer) func(*RootDraft) {
	return func(d *RootDraft) {
		require.NoError(p, d.Revoke(p.controller.id))
		require.NoError(p, d.Add(ControllerRole, by.Keys()))
	}
}

func nothing(*RootDraft) {}

// A card takes the next root document as it is, signed by enough keys of the one before and of its
// own, and nothing else.
func TestACardTakesTheNextRootAlone(t *testing.T) {
	p, c := newProvider(t), newSigner(t)
	second := p.after(p.first, nothing)
	third := p.after(second, nothing)
	addC := func(d *RootDraft) { require.NoError(t, d.Add(RootRole, c.Keys())) }
	draft := func(change func(*RootDraft)) *RootDraft {
		d, err := p.first.Draft(noon.Add(year))
		require.NoError(t, err)
		change(d)
		return d
	}
	foreign := newProvider(t)
	for _, r := range []struct {
		name   string
		text   []byte
		reason string // "": it is taken
	}{
		{"the next one", second.Text(), ""},
		{"the next one, with a root key that has not signed", p.after(p.first, addC).Text(), ""},
		{"the next one, which has expired: the one after it may not have", p.sign(draft(func(d *RootDraft) { d.meta.Signed.Expires = noon.Add(-time.Hour) }), p.a, p.b).Text(), ""},
		{"one that was skipped to", third.Text(), "root version 2 is expected after 1, not 3"},
		{"the same again", p.first.Text(), "root version 2 is expected after 1, not 1"},
		{"signed by one", p.sign(draft(nothing), p.a).Text(), "root version 2 is signed by 1 of the root keys of version 1, which asks for 2"},
		{"signed by one twice", twice(t, p.sign(draft(nothing), p.a)), "multiple signatures found"},
		{"signed by one, which is listed twice", listedTwice(p, draft(nothing)), "is signed by 1 of the root keys of version 1"},
		{"signed by a key of a controller", p.sign(draft(nothing), p.a, p.controller).Text(), "is signed by 1 of the root keys of version 1"},
		{"signed by a key that only itself names", p.sign(draft(addC), p.a, c).Text(), "is signed by 1 of the root keys of version 1"},
		{"not signed as itself asks", p.after(p.first, func(d *RootDraft) { addC(d); d.Threshold(3) }).Text(), "is signed by 2 of the root keys of version 2, which asks for 3"},
		{"of another provider", foreign.after(foreign.first, nothing).Text(), "is signed by 0 of the root keys of version 1"},
		{"cut short", second.Text()[:len(second.Text())/2], "no root document"},
		{"with another end", edited(second, `"expires": "2027`, `"expires": "2037`), "is signed by 0 of the root keys of version 1"},
		{"of no bytes", nil, "no root document"},
		{"too long", bytes.Repeat([]byte(" "), mostRoot+1), "65536 are the most"},
		{"another kind of document", []byte(`{"signed":{"_type":"targets"},"signatures":[]}`), "no root document"},
		{"a key of another ID", edited(second, p.keyID(), strings.Repeat("0", 64)), "has the ID of another"},
		{"a key too short", []byte(`{"signed":{"_type":"root","version":2,"keys":{"` + shortKeyID + `":{"keytype":"ed25519","scheme":"ed25519","keyval":{"public":"00"}}},"roles":{}},"signatures":[]}`), "a key of Ed25519 32"},
		{"a role less", edited(second, `"timestamp"`, `"mirrors"`), "role timestamp is missing"},
		{"a threshold that no keys reach", edited(second, `"threshold": 2`, `"threshold": 3`), "Threshold 3 is not from 1 to 2"},
		{"a threshold of none", edited(second, `"threshold": 2`, `"threshold": 0`), "Threshold 0 is not from 1 to 2"},
	} {
		t.Run(r.name, func(t *testing.T) {
			trust := p.first.Trust()
			_, err := trust.Advance([][]byte{r.text})
			if r.reason == "" {
				require.NoError(t, err)
				require.Equal(t, int64(2), trust.Version())
				return
			}
			require.ErrorContains(t, err, r.reason)
			require.Equal(t, int64(1), trust.Version())
		})
	}
}

// shortKeyID is the ID of a key of one byte.
const shortKeyID = "f9ae527b2fd2d931a87f86371d944323c4f73b54c325d0944a92731af733405c"

// edited is a document's text with something else in it.
func edited(r *Root, old, now string) []byte {
	return bytes.ReplaceAll(r.Text(), []byte(old), []byte(now))
}

// keyID is TUF's ID of the controller's key.
func (p *provider) keyID() string { return p.first.meta.Signed.Roles[string(ControllerRole)].KeyIDs[0] }

// twice is a document with its signature twice.
func twice(t *testing.T, r *Root) []byte {
	var doc map[string]any
	require.NoError(t, json.Unmarshal(r.Text(), &doc))
	signatures := doc["signatures"].([]any)
	doc["signatures"] = append(signatures, signatures[0])
	text, err := json.Marshal(doc)
	require.NoError(t, err)
	return text
}

// listedTwice is a draft that names a root key twice, signed by that key.
func listedTwice(p *provider, d *RootDraft) []byte {
	role := d.meta.Signed.Roles[string(RootRole)]
	role.KeyIDs = append(role.KeyIDs, role.KeyIDs[0])
	return p.sign(d, p.a).Text()
}

// A card's file has it begin with the keys that it believed last: the documents in it are checked, and
// a file that is damaged is no reason to believe older ones.
func TestTheRootsOfEarlierStarts(t *testing.T) {
	p, other := newProvider(t), newSigner(t)
	second := p.after(p.first, p.replaced(other))
	third := p.after(second, nothing)
	folder := t.TempDir()
	given, path := filepath.Join(folder, "given.json"), filepath.Join(folder, "x.roots")
	require.NoError(t, os.WriteFile(given, p.first.Text(), 0o600))
	start := func() (*Trust, error) {
		trust, err := LoadTrust(given)
		require.NoError(t, err)
		return trust, trust.Keep(path)
	}
	trust, err := start()
	require.NoError(t, err)
	revoked, err := trust.Advance([][]byte{second.Text(), third.Text()})
	require.NoError(t, err)
	require.True(t, revoked)
	trust, err = start()
	require.NoError(t, err)
	require.Equal(t, int64(3), trust.Version())
	require.Equal(t, other.Keys(), trust.keys)

	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	newer := p.after(third, nothing)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for _, c := range []struct {
		name, reason string
		file         []byte
	}{
		{"cut off", "root document 2 is cut off", whole[:len(whole)-1]},
		{"cut off in the middle", "root document 1 is cut off", whole[:9]},
		{"without the first", "root document 1: root version 2 is expected after 1, not 3", lines[1]},
		{"in another order", "root document 1: root version 2 is expected after 1, not 3", append(bytes.Clone(lines[1]), lines[0]...)},
		{"changed", "root document 1: root version 2 is signed by 0 of the root keys", bytes.Replace(whole, []byte(`"expires":"2027`), []byte(`"expires":"2028`), 1)},
		{"of another card's provider", "root document 1: root version 2 is signed by 0", oneLine(t, newProvider(t).after(newProvider(t).first, nothing))},
		{"not text", "root document 1: no root document", []byte("\x00\n")},
	} {
		require.NoError(t, os.WriteFile(path, c.file, 0o600))
		_, err := start()
		require.ErrorContains(t, err, path+": "+c.reason, c.name)
	}

	require.NoError(t, os.WriteFile(path, whole, 0o600))
	require.NoError(t, os.WriteFile(given, third.Text(), 0o600), "the card is given a later one")
	trust, err = start()
	require.NoError(t, err)
	require.Equal(t, int64(3), trust.Version())
	_, err = trust.Advance([][]byte{newer.Text()})
	require.NoError(t, err)
	trust, err = start()
	require.NoError(t, err)
	require.Equal(t, int64(4), trust.Version())

	require.NoError(t, os.Mkdir(path+".new", 0o700), "the file cannot be written")
	revoked, err = trust.Advance([][]byte{p.after(newer, nothing).Text()})
	require.ErrorContains(t, err, "in force, and not written")
	require.NoError(t, os.Remove(path+".new"))
	_, err = trust.Advance(nil)
	require.NoError(t, err, "a write that failed is tried again")
	trust, err = start()
	require.NoError(t, err)
	require.Equal(t, int64(5), trust.Version())

	unsigned, err := p.first.Draft(noon)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(given, p.sign(unsigned, p.a).Text(), 0o600))
	_, err = LoadTrust(given)
	require.ErrorContains(t, err, given+": root version 2 is signed by 1 of the root keys of version 2", "a card is given no document that is not signed")
}

// oneLine is a document as a card's file has it.
func oneLine(t *testing.T, r *Root) []byte {
	var b bytes.Buffer
	require.NoError(t, json.Compact(&b, r.Text()))
	return append(b.Bytes(), '\n')
}

// A folder gives out what follows a version, as far as it is signed, and tells what stops it.
func TestARootFolderGivesOutWhatIsSigned(t *testing.T) {
	p := newProvider(t)
	folder := RootFolder(t.TempDir())
	second := p.after(p.first, nothing)
	third := p.after(second, nothing)
	unsigned, err := third.Draft(noon)
	require.NoError(t, err)
	for _, r := range []*Root{p.first, second, third, p.sign(unsigned, p.a)} {
		require.NoError(t, folder.Write(r))
	}
	newest, err := folder.Newest()
	require.NoError(t, err)
	require.Equal(t, int64(4), newest.Version())
	const half = "root version 4 is signed by 1 of the root keys"
	require.NoError(t, os.WriteFile(folder.Path(9)+".new", nil, 0o600))
	for _, c := range []struct {
		after  int64
		want   []int64
		reason string
	}{{1, []int64{2, 3}, half}, {2, []int64{3}, half}, {3, nil, half}, {4, nil, ""}, {9, nil, ""}} {
		all, err := folder.After(c.after)
		var versions []int64
		for _, r := range all {
			versions = append(versions, r.Version())
		}
		require.Equal(t, c.want, versions, "after %d", c.after)
		if c.reason == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, c.reason)
		}
	}
	require.NoError(t, os.Remove(folder.Path(1)))
	all, err := folder.After(1)
	require.ErrorContains(t, err, half)
	require.Len(t, all, 2, "nobody keeps the oldest for ever")
	require.NoError(t, os.Rename(folder.Path(3), folder.Path(2)))
	_, err = folder.After(1)
	require.ErrorContains(t, err, "2.root.json: its version is 3")
}

// Under a root document that has expired a card takes no message: somebody may be withholding the
// next one. What is in force stays, and so does what the card's own copy holds.
func TestAnExpiredRoot(t *testing.T) {
	p := newProvider(t)
	f := NewFollower("x", p.first.Trust())
	m := message(t, p.controller, 0, 3, vpcs("vpc-1")...)
	require.NoError(t, f.Take(m, noon))
	late := noon.Add(year + time.Second)
	require.ErrorContains(t, f.Take(message(t, p.controller, 3, 4), late), "root version 1, which says who signs: it has expired, at 2027-01-02T12:00:00Z")
	require.Equal(t, []string{"vpc-1"}, has(f.Region()))
	require.NoError(t, NewFollower("x", p.first.Trust()).Recall(m))
}

// Who stole a controller's key may have told a card a revision that no controller ever reaches. With
// the key the revision is gone: the card takes a snapshot of a lower one.
func TestAStolenKeyIsForgottenWithItsRevision(t *testing.T) {
	p, other := newProvider(t), newSigner(t)
	f := NewFollower("x", p.first.Trust())
	require.NoError(t, f.Take(message(t, p.controller, 0, 1<<63, vpcs("vpc-9")...), noon))
	revoked, err := f.Advance([][]byte{p.after(p.first, func(d *RootDraft) { require.NoError(t, d.Add(ControllerRole, other.Keys())) }).Text()})
	require.NoError(t, err)
	require.False(t, revoked, "a key more revokes none")
	require.ErrorIs(t, f.Take(message(t, other, 0, 7, vpcs("vpc-1")...), noon), errOlder)

	revoked, err = f.Advance([][]byte{p.after(f.trust.root, func(d *RootDraft) { require.NoError(t, d.Revoke(p.controller.id)) }).Text()})
	require.NoError(t, err)
	require.True(t, revoked)
	require.Equal(t, []string{"vpc-9"}, has(f.Region()), "until the snapshot comes")
	require.ErrorIs(t, f.Take(message(t, p.controller, 0, 1<<63), noon), errKey)
	require.NoError(t, f.Take(message(t, other, 0, 7, vpcs("vpc-1")...), noon))
	require.Equal(t, []string{"vpc-1"}, has(f.Region()))
}

// A client asks for root documents as it connects and every 10 minutes, asks anew for a snapshot once a
// key was revoked, and begins with no copy that such a key has signed.
func TestAClientFollowsTheRoots(t *testing.T) {
	p, other := newProvider(t), newSigner(t)
	folder := t.TempDir()
	roots, region, before := filepath.Join(folder, "x.roots"), filepath.Join(folder, "x.region"), filepath.Join(folder, "before")
	trust := p.first.Trust()
	require.NoError(t, trust.Keep(roots))
	now := noon.Add(-rootsEvery)
	c := &pipe{}
	c.onFollow = func() {
		switch len(c.asked) {
		case 1:
			c.messages = []*Message{message(t, p.controller, 0, 3, vpcs("vpc-1")...)}
		case 2: // over this connection
			now = noon
			c.roots = []*Root{p.after(p.first, p.replaced(other))}
			c.messages = []*Message{message(t, p.controller, 3, 4)}
		case 3:
			signed, err := os.ReadFile(region)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(before, signed, 0o600))
			c.messages = []*Message{message(t, other, 0, 2, vpcs("vpc-2")...)}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	client := &Client{Card: "x", Controller: c, Follower: NewFollower("x", trust), Copy: NewCopy(region), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}
	client.Wait = func(context.Context, time.Duration) {
		if len(c.asked) == 3 {
			cancel()
		}
	}
	client.Run(ctx)
	require.Equal(t, []uint64{0, 3, 0}, c.asked)
	require.Equal(t, []string{"vpc-2"}, has(client.Follower.Region()))

	again := p.first.Trust()
	require.NoError(t, again.Keep(roots))
	f := NewFollower("x", again)
	require.NoError(t, NewCopy(region).Recall(f))
	require.Equal(t, uint64(2), f.Revision())
	require.ErrorIs(t, NewCopy(before).Recall(NewFollower("x", again)), errKey)
}

// No bytes make a root document that nobody signed, or a panic.
func FuzzRoot(f *testing.F) {
	a, err := NewSigner()
	require.NoError(f, err)
	d := NewRoot(noon)
	require.NoError(f, d.Add(RootRole, a.Keys()))
	require.NoError(f, d.Add(ControllerRole, a.Keys()))
	r, err := d.Document()
	require.NoError(f, err)
	first, err := a.SignRoot(r)
	require.NoError(f, err)
	d, err = first.Draft(noon)
	require.NoError(f, err)
	r, err = d.Document()
	require.NoError(f, err)
	second, err := a.SignRoot(r)
	require.NoError(f, err)
	f.Add(second.Text())
	f.Add(first.Text())
	f.Add(r.Text())
	f.Fuzz(func(t *testing.T, text []byte) {
		if next, err := first.Next(text); err == nil {
			require.Equal(t, second.Keys(ControllerRole), next.Keys(ControllerRole), "signed by nobody else")
			require.Equal(t, second.Expires(), next.Expires())
		}
	})
}
