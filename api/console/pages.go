package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"tributary/telemetry/story"
)

const (
	maxPages    = 20
	pageBacklog = 16               // messages that a page may be behind before it is dropped
	writeFor    = 10 * time.Second // the longest time of one write
	liftAfter   = 10 * time.Second // from the end of the last page to the end of its faults
	reconnectMS = 2000
)

// pages are the open streams.
type pages struct {
	mu       sync.Mutex
	open     map[chan []byte]struct{} // the channel of a page is closed when its stream has to end
	last     time.Time                // when the last page went; zero: none has gone, or one is open
	events   int                      // that the open pages have got
	draining bool
}

// enter adds a page; nil if there are too many, or the gateway is draining. Pages read in
// the history what happened before they were opened.
func (p *pages) enter(r *story.Recorder) chan []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining || len(p.open) >= maxPages {
		return nil
	}
	if p.open == nil {
		p.open = make(map[chan []byte]struct{})
	}
	if len(p.open) == 0 {
		_, p.events = r.Events(p.events)
	}
	page := make(chan []byte, pageBacklog)
	p.open[page] = struct{}{}
	p.last = time.Time{}
	return page
}

func (p *pages) leave(page chan []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(page)
}

// drop ends a page, once. p.mu is held.
func (p *pages) drop(page chan []byte) {
	if _, open := p.open[page]; !open {
		return
	}
	delete(p.open, page)
	close(page)
	if len(p.open) == 0 {
		p.last = time.Now()
	}
}

// send sends a message to all pages, and drops those that are too slow.
func (p *pages) send(message []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for page := range p.open {
		select {
		case page <- message:
		default:
			p.drop(page)
		}
	}
}

func (p *pages) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = true
	for page := range p.open {
		p.drop(page)
	}
}

func (p *pages) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// gone reports, once, that the last page went a while ago and none has come back.
func (p *pages) gone(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.IsZero() || now.Sub(p.last) < liftAfter {
		return false
	}
	p.last = time.Time{}
	return true
}

// unseen are the events that the open pages have not got yet.
func (p *pages) unseen(r *story.Recorder) (list []story.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list, p.events = r.Events(p.events)
	return list
}

// announce sends the open pages what has happened since the last time.
func (c *Console) announce() {
	for _, e := range c.pages.unseen(c.Stories) {
		c.pages.send(message("happened", eventOf(e)))
	}
}

// message is an event of a stream.
func message(event string, data any) []byte {
	body, err := json.Marshal(data)
	if err != nil { // cannot happen: the types below have a JSON form
		body = []byte("{}")
	}
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, body)
}

// live is GET /console/live.
func (c *Console) live(w http.ResponseWriter, r *http.Request) {
	page := c.pages.enter(c.Stories)
	if page == nil {
		w.Header().Set("Retry-After", "5")
		problem{
			Status: http.StatusServiceUnavailable, Title: "No stream now",
			Detail: fmt.Sprintf("the gateway is draining, or %d pages are open already", maxPages),
		}.write(w)
		return
	}
	defer c.pages.leave(page)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	write := func(message []byte) bool {
		_ = out.SetWriteDeadline(time.Now().Add(writeFor)) // a writer without deadlines is a test's
		_, err := w.Write(message)
		return err == nil && out.Flush() == nil
	}
	first := append(fmt.Appendf(nil, "retry: %d\n\n", reconnectMS), message("state", c.state(time.Now()))...)
	if !write(first) {
		return
	}
	for {
		select {
		case m, open := <-page:
			if !open {
				write(fmt.Appendf(nil, "retry: %d\n\n", reconnectMS))
				return
			}
			if !write(m) {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

func (p *pages) isDraining() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.draining
}
