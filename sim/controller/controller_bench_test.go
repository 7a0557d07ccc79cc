package controller

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// BenchmarkChangesAreDurable is how many changes a second an etcd of this process takes,
// each on disk before it is answered, from many who ask at once.
func BenchmarkChangesAreDurable(b *testing.B) {
	c := benchController(b, embedded(b))
	must(b, c, beginning()...)
	must(b, c, newENI(0, 1))
	var port atomic.Int64
	b.SetParallelism(64)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			must(b, c, newGroup(0, int(1+port.Add(1)%60000)))
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
}

// BenchmarkInForceOnAllCards is the time from the question for a change of a group to the
// last report of the 1,000 cards that it concerns. 200 cards are on sockets, and the others
// are stubs that only apply.
func BenchmarkInForceOnAllCards(b *testing.B) {
	const all, onSockets = 1000, 200
	c := benchController(b, embedded(b))
	must(b, c, manyCards(all)...)
	mux := http.NewServeMux()
	c.Offer(mux)
	socket := filepath.Join(b.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	require.NoError(b, err)
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	ctx, cancel := context.WithCancel(context.Background())
	var reports sync.WaitGroup
	var cards sync.WaitGroup
	for i := range all {
		var connection follow.Controller = stub{c}
		if i < onSockets {
			connection, err = follow.Dial(socket, nil)
			require.NoError(b, err)
		}
		name := cardName(i)
		client := &follow.Client{
			Card: name, Controller: counted{connection, &reports}, Follower: follow.NewFollower(name, c.o.Signer.Keys().Trust()),
			Log: slog.New(slog.DiscardHandler), Now: time.Now, Wait: func(context.Context, time.Duration) {},
		}
		reports.Add(1)
		cards.Go(func() { client.Run(ctx) })
	}
	reports.Wait()
	b.ResetTimer()
	for i := range b.N {
		reports.Add(all)
		must(b, c, newGroup(0, 1+i%60000))
		reports.Wait()
	}
	b.StopTimer()
	cancel()
	cards.Wait()
	server.Close()
}

func benchController(b *testing.B, store Store) *Controller {
	signer, err := follow.NewSigner()
	require.NoError(b, err)
	c, err := New(b.Context(), Options{Store: store, Signer: signer, Log: slog.New(slog.DiscardHandler), Now: time.Now, After: time.After, Beat: time.Hour})
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		<-done
	})
	return c
}

func must(b *testing.B, c *Controller, edits ...vpc.Edit) {
	if _, err := c.Change(context.Background(), edits...); err != nil {
		panic(err) // in a goroutine of a benchmark
	}
}

// stub is a controller without a socket.
type stub struct{ c *Controller }

func (s stub) Follow(ctx context.Context, card string, revision uint64) (io.ReadCloser, error) {
	f, err := s.c.Open(card, revision, true)
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	go func() {
		defer f.Close()
		for {
			m, err := f.Next(ctx)
			if err == nil {
				_, err = m.WriteTo(w)
			}
			if err != nil {
				w.CloseWithError(err)
				return
			}
		}
	}()
	return r, nil
}

func (s stub) HandOver(ctx context.Context, card, eni string, records []byte) error {
	return s.c.HandOver(ctx, card, eni, records)
}

func (s stub) SendAnswer(_ context.Context, card, question string, answer []byte) error {
	return s.c.TakeAnswer(card, question, answer)
}

func (s stub) Roots(context.Context, string, int64) ([][]byte, error) { return nil, nil }

func (s stub) Report(_ context.Context, card string, r follow.Report) error {
	return s.c.Report(card, r)
}

// counted counts a card's reports.
type counted struct {
	follow.Controller
	reports *sync.WaitGroup
}

func (c counted) Report(ctx context.Context, card string, r follow.Report) error {
	err := c.Controller.Report(ctx, card, r)
	if ctx.Err() == nil {
		c.reports.Done()
	}
	return err
}

func cardName(i int) string { return fmt.Sprint("card-", i) }

// manyCards is a region of so many cards, each with an ENI in one VPC.
func manyCards(n int) []vpc.Edit {
	place := &vpc.Placement{}
	subnet := &ec2.Subnet{SubnetId: "subnet-0", VpcId: "vpc-0", CidrBlock: netip.MustParsePrefix("10.0.0.0/16")}
	edits := []vpc.Edit{{Kind: vpc.KindRegionPlacement, Object: place}, newVPC(0), {Kind: "Subnets", ID: "subnet-0", Object: subnet}, newGroup(0, 0)}
	for i := range n {
		place.Cards = append(place.Cards, vpc.CardPlacement{Name: cardName(i), Vtep: netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, byte(i >> 8), byte(i)}), 12)})
		e := newENI(0, i)
		o := e.Object.(*ec2.NetworkInterface)
		o.MacAddress[2], o.MacAddress[3] = 1, byte(i>>8)
		o.PrivateIpAddresses[0].PrivateIpAddress = netip.AddrFrom4([4]byte{10, 0, byte(i>>8) + 1, byte(i)})
		edits = append(edits, e, newPlace(0, i, cardName(i)))
	}
	place.Cards[0].Vtep = netip.MustParsePrefix("172.17.0.1/12")
	place.Edge.Vtep = netip.MustParseAddr("172.18.0.1")
	return edits
}
