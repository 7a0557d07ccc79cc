package ec2

import (
	"bytes"
	"errors"
	"reflect"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// block is some elements of a long list, which a worker decodes while the reader looks for
// the ends of the next ones:
//
//	reader   {"NetworkInterfaces":[ {…} {…} {…} | {…} {…} {…} | {…} …
//	                                 block 0       block 1
//	worker                           list[0:3]     list[3:6]
//
// A worker finds no mistakes. It stops at the first element that is not as it should be,
// and the reader decodes the block again, alone and in order. So mistakes have one order and
// one place in the program, however many workers there are.
type block struct {
	raw   []byte        // the elements, each with a line feed
	n     int           // how many they are
	list  reflect.Value // a slice that has room for the elements
	done  chan struct{}
	sound bool // the elements are decoded, and nothing is to be said of them
	taken int  // from the budget
	extra bool // as of Unknown
}

// A block has at most so many elements, or the first that makes it so long.
const (
	blockElements = 256
	blockBytes    = 128 << 10
)

// longList is how many elements of a list the reader decodes before it asks workers.
var longList = 1 << 12 // a variable for tests

// blocks are the blocks on their way, the first ones first.
type blocks struct {
	*decoder
	into  reflect.Value // the whole list, which has the elements of all blocks already
	at    int           // the index of the first element that is not known to be sound
	ahead []*block
	todo  chan *block
	free  []*block
	end   sync.WaitGroup
}

// errEnough ends a list whose other elements are passed over.
var errEnough = errors.New("as many mistakes are known as are told")

// parallel decodes the elements of a long list, up to its end, to the first that is no JSON,
// or to the last mistake that is told. The reader goes on there.
func (d *decoder) parallel(into reflect.Value) error {
	workers := cpus()
	b := &blocks{decoder: d, into: into, at: into.Len(), todo: make(chan *block, 2*workers)}
	for range workers {
		worker := &decoder{recent: new(recent), most: d.most} // made here, because the reader's own changes while it reads
		b.end.Go(func() { worker.work(b.todo) })
	}
	err := b.read()
	close(b.todo)
	b.end.Wait()
	into.SetLen(b.at)
	if err == errEnough {
		return nil
	}
	return err
}

// read reads blocks, and takes back those that are decoded.
func (b *blocks) read() error {
	for last := false; !last; {
		var next *block
		if next, last = b.next(); next.n == 0 {
			break
		}
		if len(b.ahead) == cap(b.todo) {
			if err := b.takeBack(); err != nil {
				return err
			}
		}
		if err := b.hand(next); err != nil {
			return err
		}
	}
	return b.takeAll()
}

// takeAll takes back all blocks on their way.
func (b *blocks) takeAll() error {
	for len(b.ahead) > 0 {
		if err := b.takeBack(); err != nil {
			return err
		}
	}
	return nil
}

// next reads a block. It is the last one at the list's end, and before an element that is no
// JSON.
func (b *blocks) next() (next *block, last bool) {
	if n := len(b.free); n > 0 {
		next, b.free = b.free[n-1], b.free[:n-1]
	} else {
		next = &block{}
	}
	*next = block{raw: next.raw[:0], done: make(chan struct{})}
	for next.n < blockElements && len(next.raw) < blockBytes {
		if b.PeekKind() == jsontext.KindEndArray {
			return next, true
		}
		raw, err := b.ReadValue()
		if err != nil {
			return next, true // the reader finds the same error, at its place
		}
		next.raw = append(append(next.raw, raw...), '\n')
		next.n++
	}
	return next, false
}

// hand makes room for a block's elements, and hands the block to a worker.
func (b *blocks) hand(next *block) error {
	from := b.into.Len()
	if b.into.Cap()-from < next.n {
		if err := b.takeAll(); err != nil { // workers decode into the list where it is
			return err
		}
		b.into.Grow(max(next.n, b.room(from)))
	}
	b.into.SetLen(from + next.n)
	next.list = reflect.New(b.into.Type()).Elem()
	next.list.Set(b.into.Slice3(from, from, from+next.n))
	b.ahead = append(b.ahead, next)
	b.todo <- next
	return nil
}

// takeBack waits for the first block on its way, and decodes it again if anything is to be
// said of it. After an error it is the list's last.
func (b *blocks) takeBack() error {
	first := b.ahead[0]
	b.ahead = b.ahead[1:]
	<-first.done
	if b.problems.Full() {
		b.problems.Pass()
		return errEnough
	}
	if first.sound && first.taken <= b.objects.left {
		b.objects.left -= first.taken
		b.unknown.Extra = b.unknown.Extra || first.extra
	} else if err := b.again(first); err != nil {
		b.at += first.list.Len()
		return err
	}
	b.at += first.n
	b.free = append(b.free, first)
	return nil
}

// again decodes a block as if there were no workers.
func (b *blocks) again(first *block) error {
	around := b.Decoder
	defer func() { b.Decoder = around }()
	b.Decoder = newJSON(bytes.NewBuffer(first.raw))
	for first.list.SetLen(0); first.list.Len() < first.n; {
		if b.problems.Full() {
			b.problems.Pass()
			return errEnough
		}
		err := b.elementAt(b.at+first.list.Len(), first.list)
		b.settle()
		if err != nil {
			return err
		}
	}
	return nil
}

// work decodes blocks until there are no more.
func (d *decoder) work(todo <-chan *block) {
	for next := range todo {
		d.try(next)
		close(next.done)
	}
}

// try decodes a block as long as nothing is to be said of it.
func (d *decoder) try(b *block) {
	d.Decoder, d.problems, d.unknown = newJSON(bytes.NewBuffer(b.raw)), &Problems{}, &Unknown{}
	d.objects = &budget{left: 1 << 30}
	for range b.n {
		if d.element(b.list) != nil || len(d.pending)+len(d.unknown.Members) > 0 {
			d.pending, d.stack = d.pending[:0], d.stack[:0]
			return
		}
	}
	b.sound, b.taken, b.extra = true, 1<<30-d.objects.left, d.unknown.Extra
}
