package worstday

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// load is the clients of a day. They know what real ones do: the tags that they got, and
// the users that they created.
type load struct {
	world Stage
	start time.Time

	mu      sync.Mutex
	tags    map[string]string // by client, replica and URL
	created map[int]string    // id of a user, by the number of the request
}

// send sends a request and hands over its answer, or each event of a stream. It hands
// over nothing if the request is about a user that was not created.
func (l *load) send(ctx context.Context, r Request, begin func(Request), end func(Answer)) {
	r, ok := l.resolve(r)
	if !ok {
		return
	}
	if r.Leave > 0 {
		var leave context.CancelFunc
		ctx, leave = context.WithTimeout(ctx, r.Leave)
		defer leave()
	}
	begin(r)
	a := Answer{Request: r, Began: time.Since(l.start)}
	resp, err := l.world.Do(ctx, r.Replica, r.Client, l.request(r))
	if err != nil {
		a.Err, a.Left, a.Ended = err, ctx.Err() != nil, time.Since(l.start)
		end(a)
		return
	}
	defer resp.Body.Close()
	a.Status, a.Header = resp.StatusCode, resp.Header
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		l.events(a, resp.Body, end)
		return
	}
	a.Raw, a.Err = io.ReadAll(resp.Body)
	a.Left, a.Ended = ctx.Err() != nil, time.Since(l.start)
	l.finish(a, end)
}

// finish decodes an answer and remembers what later requests need.
func (l *load) finish(a Answer, end func(Answer)) {
	if len(a.Raw) > 0 && a.Err == nil {
		a.Err = json.Unmarshal(a.Raw, &a.Body)
	}
	l.mu.Lock()
	if tag := a.Header.Get("ETag"); tag != "" && a.Method == http.MethodGet && !a.Event {
		l.tags[l.tagKey(a.Request)] = tag
	}
	if a.Status == http.StatusCreated {
		var user struct {
			ID int `json:"id"`
		}
		_ = json.Unmarshal(a.Body.Data, &user) // the invariants look at it
		l.created[a.first()] = strconv.Itoa(user.ID)
	}
	l.mu.Unlock()
	end(a)
}

// first is the number of the request that a repetition repeats: bodies carry it.
func (r Request) first() int {
	digits := strings.TrimFunc(r.Body, func(c rune) bool { return c < '0' || c > '9' })
	n, _ := strconv.Atoi(digits)
	return n
}

func (l *load) tagKey(r Request) string { return strconv.Itoa(r.Replica) + r.URL }

// resolve fills in what is known only now.
func (l *load) resolve(r Request) (Request, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, rest, ok := strings.Cut(r.URL, "{"); ok {
		number, after, _ := strings.Cut(rest, "}")
		n, _ := strconv.Atoi(number)
		id, known := l.created[n]
		if !known {
			return r, false
		}
		r.URL = before + id + after
	}
	var header []string
	for _, h := range r.Header {
		if name, last := strings.CutSuffix(h, ": last"); last {
			tag, known := l.tags[l.tagKey(r)]
			if !known {
				continue
			}
			h = name + ": " + tag
		}
		header = append(header, h)
	}
	r.Header = header
	return r, true
}

func (l *load) request(r Request) *http.Request {
	req, _ := http.NewRequest(r.Method, r.URL, strings.NewReader(r.Body))
	for _, h := range r.Header {
		name, value, _ := strings.Cut(h, ": ")
		// As it is written: with a canonical Idempotency-Key, net/http would repeat a write
		// itself, and nobody would know of the first one.
		req.Header[strings.Replace(name, "Idempotency-Key", "idempotency-key", 1)] = []string{value}
	}
	if r.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

// events reads a stream until it ends.
func (l *load) events(a Answer, body io.Reader, end func(Answer)) {
	a.Event = true
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	problem := false
	for lines.Scan() {
		text := lines.Bytes()
		if name, ok := bytes.CutPrefix(text, []byte("event: ")); ok {
			problem = string(name) == "problem"
		}
		data, ok := bytes.CutPrefix(text, []byte("data: "))
		if !ok {
			continue
		}
		a.Raw, a.Body, a.Ended, a.Status = bytes.Clone(data), Body{}, time.Since(l.start), http.StatusOK
		if problem {
			a.Status = http.StatusBadGateway // each event has its own in its body
		}
		l.finish(a, end)
		a.Began = a.Ended
	}
	a.Raw, a.Body, a.Ended, a.Status = nil, Body{}, time.Since(l.start), 0
	a.Left = true // a client ends its stream, or the gateway restarts
	if a.Err = lines.Err(); a.Err == nil {
		a.Err = errors.New("the stream has ended")
	}
	end(a)
}
