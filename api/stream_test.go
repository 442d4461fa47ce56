package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream/weather"
)

const (
	hereLive    = "/v1/weather/stream?lat=28.65&lon=77.23"
	airHereLive = "/v1/air-quality/stream?lat=28.65&lon=77.23"
)

// stream is an open stream of the gateway.
type stream struct {
	*http.Response
	t    testing.TB
	in   *bufio.Reader
	read strings.Builder
	stop context.CancelFunc

	unchecked bool // openapi.yaml does not have it
}

// event is an event, a comment or a retry, and when it came.
type event struct {
	name, id, data string
	comment        bool
	retry          string
	after          time.Duration // since the stream was waited for
}

// listen opens a stream.
func (g *gateway) listen(path string, header ...string) *stream {
	g.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway.test"+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	response, err := g.client.Do(r)
	if err != nil {
		g.t.Fatalf("GET %s: %v", path, err)
	}
	s := &stream{Response: response, t: g.t, in: bufio.NewReader(response.Body), stop: stop}
	g.t.Cleanup(s.close)
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(response.Body)
		g.t.Fatalf("GET %s: status = %d, want a stream; %s", path, response.StatusCode, body)
	}
	return s
}

// close ends the stream, and checks what was read of it against openapi.yaml.
func (s *stream) close() {
	if s.stop == nil {
		return
	}
	s.stop()
	s.stop = nil
	s.Body.Close()
	if s.read.Len() > 0 && !s.unchecked {
		checkContract(s.t, s.Request, s.Response, []byte(s.read.String()))
	}
}

// next is the next event or comment. It reads as the standard says (HTML, §9.2.6).
func (s *stream) next() event {
	s.t.Helper()
	e, err := s.nextOrEnd()
	if err != nil {
		s.t.Fatalf("%s: %v after %q, want an event", s.Request.URL, err, s.read.String())
	}
	return e
}

func (s *stream) nextOrEnd() (e event, err error) {
	start := time.Now()
	var data []string
	for {
		line, err := s.in.ReadString('\n')
		s.read.WriteString(line)
		if err != nil {
			return e, err
		}
		line = strings.TrimSuffix(line, "\n")
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			e.data, e.after = strings.Join(data, "\n"), time.Since(start)
			return e, nil
		case field == "":
			e.comment = true
		case field == "event":
			e.name = value
		case field == "id":
			e.id = value
		case field == "data":
			data = append(data, value)
		case field == "retry":
			e.retry = value
		default:
			s.t.Errorf("%s: an unknown field in %q", s.Request.URL, line)
		}
	}
}

// event is the next event, not counting comments.
func (s *stream) event(name string) event {
	s.t.Helper()
	start := time.Now()
	for {
		e := s.next()
		if e.comment {
			continue
		}
		if e.after = time.Since(start); e.name != name {
			s.t.Fatalf("%s: event = %+v, want one called %s", s.Request.URL, e, name)
		}
		return e
	}
}

// until is the next event of this name, whatever comes before it.
func (s *stream) until(name string) event {
	s.t.Helper()
	for {
		if e := s.next(); e.name == name {
			return e
		}
	}
}

// wantQuiet wants nothing but comments for a time.
func (s *stream) wantQuiet(d time.Duration) {
	s.t.Helper()
	for start := time.Now(); time.Since(start) < d; {
		if e := s.next(); !e.comment {
			s.t.Fatalf("%s: event %+v, want none for %v", s.Request.URL, e, d)
		}
	}
}

// temperature is that in the data of an answer about the weather.
func (e event) temperature(t testing.TB) float64 {
	t.Helper()
	var body envelope[weather.Current]
	if err := json.Unmarshal([]byte(e.data), &body); err != nil || body.Data.Temperature == nil {
		t.Fatalf("data = %q, %v; want the weather", e.data, err)
	}
	return *body.Data.Temperature
}

// opaqueTag is the ETag without W/ and quotes.
func (a *answer) opaqueTag() string {
	return strings.Trim(strings.TrimPrefix(a.Header.Get("ETag"), "W/"), `"`)
}

func TestStream(t *testing.T) {
	it(t, "sends the answer at once, with the opaque part of its tag", func(t *testing.T) {
		g := newGateway(t)
		plain := g.get(here)
		s := g.listen(hereLive, "Accept-Encoding", "gzip")
		for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "Content-Encoding": "", "X-Accel-Buffering": "no", "ETag": ""} {
			if got := s.Header.Get(name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
		e := s.event("answer")
		if want := plain.opaqueTag(); e.id != want || e.after != 0 {
			t.Errorf("id = %q after %v, want %q at once", e.id, e.after, want)
		}
		want := decode[map[string]any](g.get(here)) // now from the cache, as the stream's is
		var got map[string]any
		if err := json.Unmarshal([]byte(e.data), &got); err != nil {
			t.Fatalf("%v in %q", err, e.data)
		}
		delete(want["meta"].(map[string]any), "trace_id")
		if trace, _ := got["meta"].(map[string]any)["trace_id"].(string); len(trace) != 32 || strings.Contains(s.Header.Get("Server-Timing"), trace) {
			t.Errorf("trace_id = %q, want that of the refresh", trace)
		}
		delete(got["meta"].(map[string]any), "trace_id")
		if a, b := string(mustJSON(t, got)), string(mustJSON(t, want)); a != b {
			t.Errorf("data = %s, want that of the plain answer, %s", a, b)
		}
	})

	it(t, "sends an answer when its tag has changed", func(t *testing.T) {
		g := newGateway(t)
		s := g.listen(hereLive)
		first := s.event("answer")
		s.wantQuiet(8 * time.Minute) // it is fresh
		g.all(reports(7))
		last, start := first, time.Now()
		for last.temperature(t) != 27 { // sources expire one after the other
			e := s.event("answer")
			if e.id == last.id {
				t.Errorf("the answer %s came twice", e.id)
			}
			last = e
		}
		if first.temperature(t) != 21 || time.Since(start) > 2*time.Minute+2*time.Second {
			t.Errorf("first %v, and 27 after %v; want 21, and then 27 when the sources' answers are no longer fresh", first.temperature(t), time.Since(start))
		}
	})

	it(t, "does not send what the client has", func(t *testing.T) {
		g := newGateway(t)
		s := g.listen(hereLive)
		id := s.event("answer").id
		s.close()
		s = g.listen(hereLive, "Last-Event-ID", id)
		if e := s.next(); !e.comment || e.after != 0 {
			t.Errorf("first event = %+v, want a comment at once", e)
		}
		s.wantQuiet(5 * time.Minute)
		g.all(reports(7))
		for s.event("answer").temperature(t) != 27 {
		}
		s.close()
		if e := g.listen(hereLive, "Last-Event-ID", id).next(); e.name != "answer" {
			t.Errorf("first event = %+v, want the answer, as the client has another", e)
		}
	})

	it(t, "sends a comment every 15 seconds", func(t *testing.T) {
		g := newGateway(t)
		s := g.listen(hereLive)
		s.event("answer")
		for range 3 {
			if e := s.next(); !e.comment || e.after != 15*time.Second {
				t.Errorf("next = %+v, want a comment after 15 s", e)
			}
		}
	})

	it(t, "outlives the time limit of requests", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.RequestTimeout = 2 * time.Second })
		s := g.listen(hereLive)
		s.event("answer")
		s.wantQuiet(8 * time.Minute)
	})

	it(t, "tells that there is no answer, and goes on", func(t *testing.T) {
		g := newGateway(t, shortLived)
		s := g.listen(hereLive)
		s.event("answer")
		g.all(breaks)
		e := s.until("problem")
		var p problem
		if err := json.Unmarshal([]byte(e.data), &p); err != nil {
			t.Fatalf("%v in %q", err, e.data)
		}
		if p.Code != "all_sources_failed" || p.Status != http.StatusBadGateway || p.Instance != "/v1/weather/stream" || len(p.Sources) != 3 || len(p.TraceID) != 32 || e.id != "" {
			t.Errorf("problem = %+v, want a whole document without an id", e)
		}
		s.wantQuiet(30 * time.Second) // the same problem is told once
		g.all(reports(0))
		if again := s.event("answer"); again.after > 45*time.Second {
			t.Errorf("the answer came %v after the sources were well again", again.after)
		}
	})

	it(t, "sends a degraded answer when a source fails", func(t *testing.T) {
		g := newGateway(t)
		s := g.listen(hereLive)
		s.event("answer")
		g.metno.Now(breaks)
		for e := s.event("answer"); ; e = s.event("answer") {
			if degraded := strings.Contains(e.data, `"status":"degraded"`); degraded != strings.Contains(e.id, "-") {
				t.Errorf("answer = %+v, want an id that tells whether it is degraded", e)
			} else if degraded {
				break
			}
		}
	})

	it(t, "ends when its client disconnects", func(t *testing.T) {
		g := newGateway(t)
		s := g.listen(hereLive)
		s.event("answer")
		s.close()
		before := g.asked()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := g.asked(); n != before {
			t.Errorf("the sources were asked %d times for nobody", n-before)
		}
	})

	it(t, "answers HEAD with the headers only", func(t *testing.T) {
		g := newGateway(t)
		a := g.send(http.MethodHead, hereLive)
		a.wantStatus(http.StatusOK)
		a.wantHeader("Content-Type", "text/event-stream")
		a.wantHeader("Cache-Control", "no-store")
		g.send(http.MethodHead, "/v1/weather/stream").wantStatus(http.StatusBadRequest)
	})

	it(t, "ignores the directives of a request, as EventSource sends no-cache", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(time.Minute)
		before := g.asked()
		g.listen(hereLive, "Cache-Control", "no-cache").event("answer")
		if n := g.asked(); n != before {
			t.Errorf("the sources were asked %d times, want the cached answer", n-before)
		}
	})
}

// shortLived makes answers live for 20 seconds, without an old one for when asking fails.
func shortLived(s *setup) {
	for _, name := range []string{"openmeteo", "metno", "openweather"} {
		s.lifetimes[name] = cacheFor(20 * time.Second)
	}
}

// ended wants a stream to end, and returns the text of its last line.
func (s *stream) ended() event {
	s.t.Helper()
	start := time.Now()
	var last event
	for {
		e, err := s.nextOrEnd()
		if errors.Is(err, io.EOF) {
			last.after = time.Since(start)
			return last
		}
		if err != nil {
			s.t.Fatalf("%s: %v, want a good end", s.Request.URL, err)
		}
		last = e
	}
}
