package api

import (
	"container/list"
	"crypto/sha256"
	"errors"
	"sync"
	"time"
)

const (
	keepAnswersFor = 24 * time.Hour
	// maxKept and maxKeptBytes bound the stored answers. They are never evicted: when the
	// store is full, new keys are refused. One caller may use a tenth of it.
	maxKept      = 100_000
	maxKeptBytes = 128 << 20
	callerShare  = 10
)

// record is a key's state in this process: its request and, once done is closed, the
// answer or the error.
type record struct {
	key, caller string
	request     [sha256.Size]byte
	seen        sighting // of another replica's claim; used only by the request that works on the key
	done        chan struct{}
	answer      kept
	err         error

	expires       time.Time
	size          int
	inAll, inPart *list.Element
}

// replays stores keys and their answers in this process. It is safe for concurrent use.
type replays struct {
	running time.Duration // the longest time that a request runs

	mu      sync.Mutex
	records map[string]*record
	all     part
	callers map[string]*part
}

// part counts the records and bytes of one caller, or of all callers together.
type part struct {
	records, bytes int
	kept           list.List // of the records with an expiry time, the earliest first
}

// freeIn is the time until there is room for one more record; 0: there is room.
func (p *part) freeIn(now time.Time, share int, running time.Duration) time.Duration {
	records, bytes := p.records, p.bytes
	free := func() bool { return records < maxKept/share && bytes < maxKeptBytes/share }
	if free() {
		return 0
	}
	for e := p.kept.Front(); e != nil; e = e.Next() {
		r := e.Value.(*record)
		records, bytes = records-1, bytes-r.size
		if free() {
			return r.expires.Sub(now)
		}
	}
	return running
}

// keep adds a record with an expiry time.
func (p *part) keep(r *record) *list.Element {
	p.bytes += r.size
	for e := p.kept.Back(); e != nil; e = e.Prev() {
		if !e.Value.(*record).expires.After(r.expires) {
			return p.kept.InsertAfter(r, e)
		}
	}
	return p.kept.PushFront(r)
}

func (p *part) drop(r *record, at *list.Element) {
	p.records--
	if at != nil {
		p.bytes -= r.size
		p.kept.Remove(at)
	}
}

var errOtherRequest = errors.New("the key came with another request before")

// fullError refuses a new key.
type fullError struct {
	caller bool // the caller's share is used up
	freeIn time.Duration
}

func (e *fullError) Error() string { return "no room for another Idempotency-Key" }

// begin returns the record of a key. If it makes a new one, mine is true, and the caller
// must finish it.
func (p *replays) begin(key, caller string, request [sha256.Size]byte) (r *record, mine bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.expire(now)
	r = &record{key: key, caller: caller, request: request, done: make(chan struct{})}
	switch old := p.records[key]; {
	case old == nil:
		if err := p.full(caller, now); err != nil {
			return nil, false, err
		}
	case old.request != request:
		return nil, false, errOtherRequest
	case !finished(old) || !old.seen.claimed:
		return old, false, nil
	default: // the last request with the key ended without an answer
		r.seen = old.seen
		p.drop(old)
	}
	share := p.callers[caller]
	if share == nil {
		share = &part{}
	}
	if p.records == nil {
		p.records, p.callers = make(map[string]*record), make(map[string]*part)
	}
	p.records[key], p.callers[caller] = r, share
	share.records++
	p.all.records++
	return r, true, nil
}

// full is the error of a key for which there is no room. p.mu is held.
func (p *replays) full(caller string, now time.Time) error {
	if wait := p.all.freeIn(now, 1, p.running); wait > 0 {
		return &fullError{freeIn: wait}
	}
	if share := p.callers[caller]; share != nil {
		if wait := share.freeIn(now, callerShare, p.running); wait > 0 {
			return &fullError{caller: true, freeIn: wait}
		}
	}
	return nil
}

// finished reports whether a record is done. Records with an answer have no
// sighting.
func finished(r *record) bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// finish gives the answer, or the error, to the requests that wait, and stores it until
// a time for later ones.
func (p *replays) finish(r *record, answer kept, err error, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.answer, r.err = answer, err
	if answer.Status != 0 {
		r.seen = sighting{}
	}
	if until.After(time.Now()) {
		r.expires, r.size = until, len(r.key)+answer.size()
		r.inAll, r.inPart = p.all.keep(r), p.callers[r.caller].keep(r)
	} else {
		p.drop(r)
	}
	close(r.done)
}

// expire removes the expired records. p.mu is held.
func (p *replays) expire(now time.Time) {
	for e := p.all.kept.Front(); e != nil; e = p.all.kept.Front() {
		r := e.Value.(*record)
		if now.Before(r.expires) {
			return
		}
		p.drop(r)
	}
}

// drop removes a record. p.mu is held.
func (p *replays) drop(r *record) {
	delete(p.records, r.key)
	p.all.drop(r, r.inAll)
	share := p.callers[r.caller]
	share.drop(r, r.inPart)
	if share.records == 0 {
		delete(p.callers, r.caller)
	}
}
