package follow

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func newSigner(t *testing.T) *Signer {
	s, err := NewSigner()
	require.NoError(t, err)
	return s
}

// vpcs are edits that put VPCs with these IDs.
func vpcs(ids ...string) (edits []vpc.Edit) {
	for i, id := range ids {
		edits = append(edits, vpc.Edit{Kind: "Vpcs", ID: id, Object: &ec2.Vpc{VpcId: id, CidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i)}), 16)}})
	}
	return edits
}

// message leads card x from one revision to another.
func message(t *testing.T, s *Signer, after, revision uint64, edits ...vpc.Edit) *Message {
	encoded, err := Encode(edits...)
	require.NoError(t, err)
	m, err := s.Sign(Header{Card: "x", After: after, Revision: revision, Issued: noon, Expires: noon.Add(time.Minute)}, encoded)
	require.NoError(t, err)
	return m
}

// has are the IDs of a region's VPCs.
func has(r *vpc.Region) []string {
	ids := []string{}
	for id := range r.VNIs() {
		ids = append(ids, id)
	}
	return ids
}

// wire is a message as it comes from a stream.
func wire(t *testing.T, m *Message) *Message {
	var b bytes.Buffer
	_, err := m.WriteTo(&b)
	require.NoError(t, err)
	require.Equal(t, m.length(), int64(b.Len()))
	came, err := Read(NewReader(&b))
	require.NoError(t, err)
	return came
}

// A card follows snapshots and changes in order.
func TestACardFollowsInOrder(t *testing.T) {
	s := newSigner(t)
	f := NewFollower("x", s.Keys().Trust())
	take := func(m *Message) { require.NoError(t, f.Take(wire(t, m), noon)) }
	take(message(t, s, 0, 3, vpcs("vpc-1", "vpc-2")...))
	require.Equal(t, []string{"vpc-1", "vpc-2"}, has(f.Region()))
	take(message(t, s, 3, 5, append(vpcs("vpc-1", "vpc-2", "vpc-3"), vpc.Edit{Kind: "Vpcs", ID: "vpc-1"}, vpc.Edit{Kind: "Vpcs", ID: "vpc-9"})...))
	require.Equal(t, []string{"vpc-2", "vpc-3"}, has(f.Region()))
	take(message(t, s, 5, 9))
	require.Equal(t, uint64(9), f.Revision())
	take(message(t, s, 0, 10, vpcs("vpc-4")...))
	require.Equal(t, []string{"vpc-4"}, has(f.Region()), "a snapshot takes away what it does not have")
}

// A card takes nothing that a controller did not sign for it, now and as it is; what is in
// force stays.
func TestACardTakesNothingElse(t *testing.T) {
	s, stranger := newSigner(t), newSigner(t)
	good := func() *Message { return wire(t, message(t, s, 3, 4, vpcs("vpc-2")...)) }
	other := message(t, s, 3, 4, vpcs("vpc-5")...)
	late := func(m *Message) *Message { return m }
	for _, c := range []struct {
		name   string
		forge  func(*Message) *Message
		now    time.Time
		reason string
	}{
		{"of a stranger", func(*Message) *Message { return message(t, stranger, 3, 4) }, noon, "it is signed by a key that this card was not given"},
		{"of a stranger, under the controller's key", func(*Message) *Message {
			m := message(t, stranger, 3, 4)
			m.key = s.id
			return m
		}, noon, "its signature is not right"},
		{"with another header", func(m *Message) *Message { m.signed = bytes.Replace(m.signed, []byte("4"), []byte("5"), 1); return m }, noon, "its signature is not right"},
		{"with other edits", func(m *Message) *Message { m.edits = other.edits; return m }, noon, "its edits are not those that were signed"},
		{"cut short", func(m *Message) *Message { m.edits = m.edits[:9]; return m }, noon, "its edits are not those that were signed"},
		{"for another card", func(m *Message) *Message {
			h := m.Header
			h.Card = "y"
			m, _ = s.Sign(h, m.edits)
			return m
		}, noon, `it is for card "y", and this is "x"`},
		{"that has expired", late, noon.Add(time.Minute + 1), "it has expired, at 2026-01-02T12:01:00Z"},
		{"that is older", func(*Message) *Message { return message(t, s, 0, 2) }, noon, "it is older than what is in force"},
		{"after a gap", func(*Message) *Message { return message(t, s, 4, 5) }, noon, "it leads on from revision 4, and 3 is in force"},
		{"that cannot be", func(*Message) *Message {
			return message(t, s, 3, 4, append(vpcs("vpc-2"), vpc.Edit{Kind: "Subnets", ID: "subnet-1", Object: &ec2.Subnet{SubnetId: "subnet-1", VpcId: "vpc-9"}})...)
		}, noon, `there is no "vpc-9" in Vpcs`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := NewFollower("x", s.Keys().Trust())
			require.NoError(t, f.Take(message(t, s, 0, 3, vpcs("vpc-1")...), noon))
			require.ErrorContains(t, f.Take(c.forge(good()), c.now), c.reason)
			require.Equal(t, uint64(3), f.Revision())
			require.Equal(t, []string{"vpc-1"}, has(f.Region()))
		})
	}
}

// A stream that breaks off is an error at each byte, and ends between two messages.
func TestAStreamMayBreakOffAnywhere(t *testing.T) {
	s := newSigner(t)
	var b bytes.Buffer
	message(t, s, 0, 1, vpcs("vpc-1")...).WriteTo(&b)
	for n := range b.Len() {
		_, err := Read(NewReader(bytes.NewReader(b.Bytes()[:n])))
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		require.ErrorIs(t, err, want, "%d of %d bytes", n, b.Len())
	}
}

// What a copy holds, a card has at its next start; what was cut off while it was written
// is left out, and a copy that was changed is refused by name.
func TestACopyIsForTheNextStart(t *testing.T) {
	s := newSigner(t)
	path := filepath.Join(t.TempDir(), "x.region")
	c := NewCopy(path)
	require.True(t, c.Wanting())
	require.NoError(t, c.Keep(message(t, s, 1, 2, vpcs("vpc-9")...)), "without a snapshot it leads nowhere")
	require.NoError(t, c.Keep(message(t, s, 0, 3, vpcs("vpc-1")...)))
	require.False(t, c.Wanting())
	require.NoError(t, c.Keep(message(t, s, 3, 4, vpcs("vpc-1", "vpc-2")[1:]...)))
	require.NoError(t, c.Keep(message(t, s, 4, 4)), "that there is nothing is not worth the disk")
	require.NoError(t, c.Close())

	recall := func() (*Copy, *Follower, error) {
		f, c := NewFollower("x", s.Keys().Trust()), NewCopy(path)
		return c, f, c.Recall(f)
	}
	c, f, err := recall()
	require.NoError(t, err)
	require.Equal(t, uint64(4), f.Revision())
	require.Equal(t, noon, f.Issued().UTC())
	require.Equal(t, []string{"vpc-1", "vpc-2"}, has(f.Region()))
	require.NoError(t, c.Keep(message(t, s, 4, 5)), "what leads on is, though it holds nothing for this card")
	require.NoError(t, c.Keep(message(t, s, 5, 6, vpc.Edit{Kind: "Vpcs", ID: "vpc-1"})))
	require.NoError(t, c.Close())

	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, whole[:len(whole)-5], 0o600))
	c, f, err = recall()
	require.NoError(t, err)
	require.Equal(t, uint64(5), f.Revision(), "the last one was cut off")
	require.NoError(t, c.Keep(message(t, s, 5, 7, vpc.Edit{Kind: "Vpcs", ID: "vpc-2"})))
	require.NoError(t, c.Close())
	_, f, err = recall()
	require.NoError(t, err)
	require.Equal(t, uint64(7), f.Revision())

	for i := 0; i < len(whole); i += 7 {
		changed := bytes.Clone(whole)
		changed[i] ^= 4
		require.NoError(t, os.WriteFile(path, changed, 0o600))
		_, f, err := recall()
		if err == nil {
			require.LessOrEqual(t, f.Revision(), uint64(6), "byte %d", i)
			continue // the end of the file looks cut off
		}
		require.ErrorContains(t, err, path+": message ")
	}
}

// A card whose disk is full goes on following, and asks for a snapshot now and then, not with every message.
func TestACopyThatCannotBeWritten(t *testing.T) {
	s := newSigner(t)
	path := filepath.Join(t.TempDir(), "folder", "x.region")
	p := &pipe{messages: []*Message{message(t, s, 0, 3, vpcs("vpc-1")...), message(t, s, 3, 4, vpcs("vpc-1")[0])}}
	ctx, cancel := context.WithCancel(t.Context())
	c := &Client{Card: "x", Controller: p, Follower: NewFollower("x", s.Keys().Trust()), Copy: NewCopy(path), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }}
	c.Wait = func(context.Context, time.Duration) { cancel() }
	c.Run(ctx)
	require.Equal(t, []uint64{0}, p.asked, "both messages came over one connection")
	require.Equal(t, uint64(4), c.Follower.Revision())

	now := c.Copy.failed
	c.Copy.now = func() time.Time { return now }
	back, err := s.Sign(Header{Card: "x", After: 4, Revision: 4, Issued: noon.Add(-24 * time.Hour), Expires: noon}, nil)
	require.NoError(t, err)
	now = now.Add(failing - time.Second)
	require.NoError(t, c.Copy.Keep(back))
	require.False(t, c.Copy.Wanting())
	now = now.Add(time.Second)
	require.NoError(t, c.Copy.Keep(back))
	require.True(t, c.Copy.Wanting(), "also where the controller's clock was set back")
	require.Error(t, c.Copy.Keep(p.messages[0]), "still")
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
	require.NoError(t, c.Copy.Keep(p.messages[0]))
	require.False(t, c.Copy.Wanting())
	require.NoError(t, c.Copy.Keep(p.messages[1]))
	f := NewFollower("x", s.Keys().Trust())
	require.NoError(t, NewCopy(path).Recall(f))
	require.Equal(t, uint64(4), f.Revision())
}

// pipe is a controller that says what a test has written.
type pipe struct {
	messages []*Message
	asked    []uint64
	reports  []Report
	fail     error

	handed   []string
	mu       sync.Mutex
	answered map[string]string // by question
	roots    []*Root
	onFollow func() // nil: nothing happens
}

func (p *pipe) Roots(_ context.Context, _ string, after int64) (all [][]byte, err error) {
	for _, r := range p.roots {
		if r.Version() > after {
			all = append(all, r.Text())
		}
	}
	return all, nil
}

func (p *pipe) Follow(_ context.Context, _ string, revision uint64) (io.ReadCloser, error) {
	p.asked = append(p.asked, revision)
	if p.onFollow != nil {
		p.onFollow()
	}
	if p.fail != nil {
		return nil, p.fail
	}
	var b bytes.Buffer
	for _, m := range p.messages {
		m.WriteTo(&b)
	}
	return io.NopCloser(&b), nil
}

func (p *pipe) HandOver(_ context.Context, card, eni string, records []byte) error {
	p.handed = append(p.handed, card+" "+eni+" "+string(records))
	return nil
}

func (p *pipe) SendAnswer(_ context.Context, card, question string, answer []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered[card+" "+question] = string(answer)
	return nil
}

func (p *pipe) Report(_ context.Context, _ string, r Report) error {
	p.reports = append(p.reports, r)
	return nil
}

// A client asks from what it has, reports each revision, waits longer and longer while
// nobody answers, and asks for a snapshot where its copy wants one.
func TestAClientGoesOnFromWhatItHas(t *testing.T) {
	s := newSigner(t)
	p := &pipe{fail: errors.New("nobody is there")}
	ctx, cancel := context.WithCancel(t.Context())
	var waits []time.Duration
	c := &Client{Card: "x", Controller: p, Follower: NewFollower("x", s.Keys().Trust()), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }}
	c.Wait = func(_ context.Context, d time.Duration) {
		switch waits = append(waits, d); len(waits) {
		case 12:
			p.fail, p.messages = nil, []*Message{message(t, s, 0, 3, vpcs("vpc-1")...), message(t, s, 3, 4, vpcs("vpc-1")[0])}
		case 13:
			p.messages = []*Message{message(t, s, 5, 6)}
		case 14:
			p.messages = nil
		case 15:
			cancel()
		}
	}
	c.Run(ctx)
	require.Less(t, waits[0], waits[8])
	for _, w := range waits {
		require.LessOrEqual(t, w, lastWait)
		require.Positive(t, w)
	}
	require.Equal(t, append(make([]uint64, 13), 4, 0), p.asked, "after a refusal it asks for a snapshot")
	require.Equal(t, []Report{{Revision: 3}, {Revision: 4}, {Revision: 4, Error: "a message of revision 6: it leads on from revision 5, and 4 is in force"}}, p.reports)
}

// host is a draft that has connections.
type host struct {
	Draft
	left, came map[string][]byte
}

func (h *host) Departed() map[string][]byte {
	left := h.left
	h.left = nil
	return left
}

func (h *host) Resume(eni string, records []byte) { h.came[eni] = records }

// A client hands over what left, and takes the records of what came; a copy keeps none.
func TestRecordsGoAlong(t *testing.T) {
	s := newSigner(t)
	path := filepath.Join(t.TempDir(), "x.region")
	records, err := s.Sign(Header{Card: "x", After: 3, Revision: 3, Records: "eni-2", Issued: noon, Expires: noon.Add(time.Minute)}, []byte("two"))
	require.NoError(t, err)
	p := &pipe{messages: []*Message{message(t, s, 0, 3, vpcs("vpc-1")...), records, message(t, s, 3, 4, vpcs("vpc-1")[0])}}
	ctx, cancel := context.WithCancel(t.Context())
	h := &host{Draft{vpc.EmptyRegion()}, map[string][]byte{"eni-9": []byte("nine"), "eni-1": []byte("one")}, map[string][]byte{}}
	c := &Client{Card: "x", Controller: p, Follower: NewFollower("x", s.Keys().Trust()), Copy: NewCopy(path), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }}
	c.Follower.Hand(h)
	c.Wait = func(context.Context, time.Duration) { cancel() }
	c.Run(ctx)
	require.Equal(t, []string{"x eni-1 one", "x eni-9 nine"}, p.handed)
	require.Equal(t, map[string][]byte{"eni-2": []byte("two")}, h.came)
	require.Equal(t, uint64(4), c.Follower.Revision())
	f := NewFollower("x", s.Keys().Trust())
	f.Hand(h)
	clear(h.came)
	require.NoError(t, NewCopy(path).Recall(f))
	require.Equal(t, uint64(4), f.Revision())
	require.Empty(t, h.came)
}

// Answer is as Target says: what was asked, and what the edits name.
func (h *host) BeginAnswer(asks string, edits []vpc.Edit) func(context.Context) []byte {
	text := asks
	for _, e := range edits {
		text += " " + e.ID
	}
	return func(context.Context) []byte { return []byte(text) }
}

// A client answers each question that is for the revision that it has. Nothing of a question is in force or
// kept, and one that leads on to another revision is refused.
func TestQuestionsAreAnswered(t *testing.T) {
	s := newSigner(t)
	path := filepath.Join(t.TempDir(), "x.region")
	ask := func(after, revision uint64, id, asks string, edits ...vpc.Edit) *Message {
		text, err := Encode(edits...)
		require.NoError(t, err)
		m, err := s.Sign(Header{Card: "x", After: after, Revision: revision, Question: id, Asks: asks, Issued: noon, Expires: noon.Add(time.Minute)}, text)
		require.NoError(t, err)
		return m
	}
	p := &pipe{answered: map[string]string{}, messages: []*Message{
		message(t, s, 0, 3, vpcs("vpc-1")...),
		ask(3, 3, "one", "dry-run", append(vpcs("vpc-2"), vpc.Edit{Kind: "Vpcs", ID: "vpc-1"}, vpc.Edit{Kind: "Vpcs", ID: "vpc-never"})...),
		ask(3, 3, "two", "flush"),
		message(t, s, 3, 4, vpcs("vpc-1")[0]),
		ask(4, 5, "three", "dry-run", vpcs("vpc-3")...),
	}}
	ctx, cancel := context.WithCancel(t.Context())
	h := &host{Draft{vpc.EmptyRegion()}, nil, nil}
	c := &Client{Card: "x", Controller: p, Follower: NewFollower("x", s.Keys().Trust()), Copy: NewCopy(path), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }}
	c.Follower.Hand(h)
	c.Wait = func(context.Context, time.Duration) { cancel() }
	c.Run(ctx)
	require.Equal(t, map[string]string{"x one": "dry-run vpc-2 vpc-1", "x two": "flush"}, p.answered, "what a card has not it cannot lose")
	require.Equal(t, "a message of revision 5: a question leads on to no other revision", p.reports[len(p.reports)-1].Error)
	require.Equal(t, uint64(4), c.Follower.Revision())
	require.NotNil(t, c.Follower.Region().Edit("Vpcs", "vpc-1").Object)
	require.Nil(t, c.Follower.Region().Edit("Vpcs", "vpc-2").Object)
	f := NewFollower("x", s.Keys().Trust())
	require.NoError(t, NewCopy(path).Recall(f))
	require.Equal(t, uint64(4), f.Revision())
	require.Nil(t, f.Region().Edit("Vpcs", "vpc-2").Object)
}

// busy is a host whose answers wait.
type busy struct {
	*host
	begun   int
	release chan struct{}
}

func (b *busy) BeginAnswer(string, []vpc.Edit) func(context.Context) []byte {
	b.begun++
	return func(context.Context) []byte {
		<-b.release
		return []byte("late")
	}
}

// Questions beyond mostAsked are not begun while others wait for their answers, and are answered at once. The card
// goes on following.
func TestTooManyQuestions(t *testing.T) {
	s := newSigner(t)
	p := &pipe{answered: map[string]string{}, messages: []*Message{message(t, s, 0, 3, vpcs("vpc-1")...)}}
	for n := range mostQuestions + 3 {
		m, err := s.Sign(Header{Card: "x", After: 3, Revision: 3, Question: strconv.Itoa(n), Asks: "dry-run", Issued: noon, Expires: noon.Add(time.Minute)}, nil)
		require.NoError(t, err)
		p.messages = append(p.messages, m)
	}
	p.messages = append(p.messages, message(t, s, 3, 4, vpcs("vpc-2")...))
	ctx, cancel := context.WithCancel(t.Context())
	b := &busy{&host{Draft: Draft{vpc.EmptyRegion()}}, 0, make(chan struct{})}
	c := &Client{Card: "x", Controller: p, Follower: NewFollower("x", s.Keys().Trust()), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }}
	c.Follower.Hand(b)
	var early map[string]string
	c.Wait = func(context.Context, time.Duration) {
		p.mu.Lock()
		early = maps.Clone(p.answered)
		p.mu.Unlock()
		cancel()
		close(b.release)
	}
	c.Run(ctx)
	require.Equal(t, map[string]string{"x 8": tooMany, "x 9": tooMany, "x 10": tooMany}, early)
	require.Equal(t, uint64(4), c.Follower.Revision())
	require.Equal(t, mostQuestions, b.begun)
	require.Len(t, p.answered, mostQuestions+3)
	require.Equal(t, "late", p.answered["x 7"])
	require.Zero(t, c.Follower.unanswered.Load())
}

// Keys that openssl makes are keys here, and what is none is refused by name.
func TestKeysAreFiles(t *testing.T) {
	folder := t.TempDir()
	s := newSigner(t)
	require.NoError(t, s.Save(filepath.Join(folder, "signing.pem")))
	require.ErrorIs(t, s.Save(filepath.Join(folder, "signing.pem")), os.ErrExist, "a key is never written over")
	require.NoError(t, s.Keys().Save(filepath.Join(folder, "keys.pem")))
	again, err := LoadSigner(filepath.Join(folder, "signing.pem"))
	require.NoError(t, err)
	keys, err := LoadKeys(filepath.Join(folder, "keys.pem"))
	require.NoError(t, err)
	require.Equal(t, again.Keys(), keys)
	_, err = LoadKeys(filepath.Join(folder, "signing.pem"))
	require.ErrorContains(t, err, "a PEM block of the type PUBLIC KEY is expected, not PRIVATE KEY")
	_, err = LoadSigner(filepath.Join(folder, "keys.pem"))
	require.ErrorContains(t, err, "no PEM block of the type PRIVATE KEY is in it")
}

// No bytes of a stream make Read panic, or read more than they promise.
func FuzzRead(f *testing.F) {
	s, err := NewSigner()
	require.NoError(f, err)
	m, err := s.Sign(Header{Card: "x", Revision: 1}, []byte("{}\n"))
	require.NoError(f, err)
	var b bytes.Buffer
	m.WriteTo(&b)
	f.Add(b.Bytes())
	signed := m.signed
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Read(NewReader(bytes.NewReader(data)))
		if err != nil {
			return
		}
		require.Equal(t, m.Size, int64(len(m.edits)))
		f := NewFollower("x", s.Keys().Trust())
		if f.Take(m, time.Time{}) == nil {
			require.Equal(t, signed, m.signed, "signed by nobody else")
		}
	})
}
