package simnet

import (
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	window = 256 << 10 // bytes that are sent and not read, until a writer has to wait

	// retransmission is the delay of a segment that was lost once; it doubles each time.
	retransmission = 200 * time.Millisecond
)

// pipe is one direction of a connection.
type pipe struct {
	route    route
	draw     *rand.Rand
	instants *instants

	mu      sync.Mutex // held only for moments: in a bubble, waiting for it does not let time pass
	changed sync.Cond
	link    Link
	queue   []segment
	size    int       // bytes in queue
	last    time.Time // arrival of the last segment that has one
	err     error     // of a reset, for both ends, at once
	read    end
	write   end
}

// segment is what one write sent, or the end of what is sent.
type segment struct {
	bytes   []byte
	ends    error     // io.EOF or ECONNRESET; nil: bytes
	arrives time.Time // zero: at once
	held    bool      // by a cut, so it does not arrive
}

func newPipe(r route, l Link, draw *rand.Rand, i *instants) *pipe {
	p := &pipe{route: r, draw: draw, instants: i, link: l}
	p.changed.L = &p.mu
	return p
}

// send puts a segment in the queue. p.mu is held.
func (p *pipe) send(s segment) {
	if s.held = p.link.Cut; !s.held {
		s.arrives = p.arrival()
	}
	p.queue = append(p.queue, s)
	p.size += len(s.bytes)
	p.changed.Broadcast()
}

// arrival is when a segment arrives that is sent now: after all others. p.mu is held.
func (p *pipe) arrival() time.Time {
	delay := p.link.delay(p.draw)
	if delay == 0 && p.last.IsZero() {
		return time.Time{}
	}
	at := time.Now().Add(delay)
	if at.Before(p.last) {
		at = p.last
	}
	p.last = p.instants.take(at)
	return p.last
}

// delay draws the delay of one segment.
func (l Link) delay(draw *rand.Rand) time.Duration {
	d := l.Latency
	if l.Jitter > 0 {
		d += time.Duration(draw.Int64N(int64(l.Jitter) + 1))
	}
	for again := retransmission; l.Loss > 0 && draw.Float64() < l.Loss && again < time.Minute; again *= 2 {
		d += again
	}
	return d
}

// setLink changes the link. What is under way when a cut begins is held; when it ends,
// it is sent again.
func (p *pipe) setLink(l Link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.link = l
	now := time.Now()
	for i := range p.queue {
		s := &p.queue[i]
		switch {
		case l.Cut && s.arrives.After(now):
			s.held = true
		case !l.Cut && s.held:
			s.held, s.arrives = false, p.arrival()
		}
	}
	p.changed.Broadcast()
}

// fail ends the pipe for both ends, at once.
func (p *pipe) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
	p.changed.Broadcast()
}

// readInto waits for bytes. Its errors are those of the operating system.
func (p *pipe) readInto(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		now := time.Now()
		if err := p.read.failure(now, p.err); err != nil || len(b) == 0 {
			return 0, err
		}
		var next time.Time
		if len(p.queue) > 0 && !p.queue[0].held {
			if next = p.queue[0].arrives; !next.After(now) {
				return p.take(b)
			}
		}
		p.wait(&p.read, now, next)
	}
}

// take reads what has arrived from the first segment. p.mu is held.
func (p *pipe) take(b []byte) (int, error) {
	s := &p.queue[0]
	if s.ends == io.EOF {
		return 0, io.EOF
	}
	if s.ends != nil {
		p.err = s.ends
		p.changed.Broadcast()
		return 0, s.ends
	}
	n := copy(b, s.bytes)
	s.bytes = s.bytes[n:]
	if len(s.bytes) == 0 {
		p.queue[0] = segment{}
		p.queue = p.queue[1:]
	}
	if p.size >= window {
		p.changed.Broadcast() // writers may wait
	}
	p.size -= n
	return n, nil
}

// writeFrom sends b, and waits while the window is full.
func (p *pipe) writeFrom(b []byte) (written int, _ error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		now := time.Now()
		if err := p.write.failure(now, p.err); err != nil {
			return written, err
		}
		if p.read.closed {
			return written + len(b), nil // the reader's system throws it away; its FIN tells the writer
		}
		if n := min(len(b), window-p.size); n > 0 {
			p.send(segment{bytes: append([]byte(nil), b[:n]...)})
			written, b = written+n, b[n:]
		}
		if len(b) == 0 {
			return written, nil
		}
		p.wait(&p.write, now, time.Time{})
	}
}

// finish tells the reader that the writer has closed: with FIN, or with a reset.
func (p *pipe) finish(with error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.read.closed {
		p.send(segment{ends: with})
	}
}
