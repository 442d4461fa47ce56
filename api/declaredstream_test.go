package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"tributary/api"
	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/declared"
)

// boards are endpoints with streams, one of them with the caller's own token.
const boards = `version: 1
upstreams:
  shop: {url: "http://shop.test"}
  bank: {url: "http://bank.test", credentials: caller}
sources:
  board: {get: "shop /boards/{id}?day={day}", answer: any.json}
  account: {get: bank /account, answer: any.json}
endpoints:
  /v1/boards/{id}:
    scope: weather:read
    stream: true
    parameters: {id: {type: string}, day: {type: string, default: today}}
    parts: {board: {ask: {id: id, day: day}, required: true}}
    data: board
  /v1/quiet:
    scope: none
    parts: {board: {ask: {id: '"q"', day: '"today"'}}}
    data: board
  /v1/account:
    scope: none
    stream: true
    parts: {account: {ask: {}, required: true}}
    data: account
`

// declare serves endpoints of these upstreams, by name.
func (g *gateway) declare(file string, has map[string]*fake) {
	g.t.Helper()
	files := fstest.MapFS{"endpoints.yaml": {Data: []byte(file)}, "any.json": {Data: []byte(`{"type": "object"}`)}}
	f, mistakes := declared.Read(files, "endpoints.yaml")
	if len(mistakes) > 0 {
		g.t.Fatal(mistakes)
	}
	d, mistakes := f.Compile(declared.Known{Files: files, Tokens: true})
	if len(mistakes) > 0 {
		g.t.Fatal(mistakes)
	}
	store := cache.NewStore(1000)
	c := declared.Connections{Upstreams: map[string]*upstream.Upstream{}, URLs: map[string]string{}, Store: store, Patience: time.Second}
	for name, f := range has {
		up := upstream.New(upstream.Config{
			Name: name, BaseURL: &url.URL{Scheme: "http", Host: name + ".test"}, Transport: f, Store: store, FetchBudget: 4 * time.Second,
			Policies:  upstream.Policies{Timeout: 2 * time.Second, MaxConcurrent: 64, Breaker: upstream.Breaker{FailureRate: 0.5, MinCalls: 20, Window: 10 * time.Second, Delay: 5 * time.Second}},
			Lifetimes: cache.Lifetimes{FreshFor: 30 * time.Second, StaleFor: time.Hour},
		})
		g.t.Cleanup(up.Close)
		c.Upstreams[name] = up
	}
	g.handler.(*api.API).Declare(d.Bind(c, nil), func() []byte { return nil })
}

// listenDeclared is listen for a stream that openapi.yaml does not have.
func (g *gateway) listenDeclared(path string, header ...string) *stream {
	g.t.Helper()
	s := g.listen(path, header...)
	s.unchecked = true
	return s
}

// status is that of an answer which openapi.yaml does not have.
func (g *gateway) status(path string, header ...string) int {
	g.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://gateway.test"+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	response, err := g.client.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestDeclaredStreams(t *testing.T) {
	const lines = "{\"text\": \"a\",\r\n\n \"more\":\r1}"
	it(t, "send the data and its changes", func(t *testing.T) {
		g := newGateway(t)
		shop := newFake(answers(200, lines))
		g.declare(boards, map[string]*fake{"shop": shop})
		s, other := g.listenDeclared("/v1/boards/7/stream"), g.listenDeclared("/v1/boards/7/stream?day=today")
		for _, s := range []*stream{s, other} {
			var body envelope[map[string]any]
			if e := s.event("answer"); json.Unmarshal([]byte(e.data), &body) != nil || body.Data["more"] != 1.0 || len(body.Meta.Sources) != 1 {
				t.Errorf("data = %q, want what the upstream has, and one source", e.data)
			}
		}
		if n := shop.Sent(); n != 1 {
			t.Errorf("%d calls, want one for both streams", n)
		}
		other.close()
		shop.Now(answers(200, `{"text": "b"}`))
		if e := s.event("answer"); !strings.Contains(e.data, `"text":"b"`) || e.after > 31*time.Second {
			t.Errorf("answer %q after %v, want the new text when the old one is no longer fresh", e.data, e.after)
		}
	})
	it(t, "are counted while they are open", func(t *testing.T) {
		g := newGateway(t)
		g.declare(boards, map[string]*fake{"shop": newFake(answers(200, lines))})
		var open []*stream
		for _, path := range []string{"/v1/boards/7/stream", "/v1/boards/7/stream", "/v1/boards/8/stream", hereLive} {
			s := g.listenDeclared(path)
			s.event("answer")
			open = append(open, s)
		}
		want := map[string]int{"/v1/boards/{id}/stream": 3, "/v1/weather/stream": 1}
		if got := g.handler.(*api.API).OpenStreams(); !maps.Equal(got, want) {
			t.Errorf("open = %v, want %v", got, want)
		}
		for _, s := range open {
			s.close()
		}
		synctest.Wait()
		if got := g.handler.(*api.API).OpenStreams(); len(got) != 0 {
			t.Errorf("open = %v, want none", got)
		}
	})
	it(t, "are served where the file says so", func(t *testing.T) {
		g := newGateway(t)
		g.declare(boards, map[string]*fake{"shop": newFake(answers(200, lines))})
		for path, want := range map[string]int{"/v1/quiet": 200, "/v1/quiet/stream": 404, "/v1/boards/7": 200} {
			if got := g.status(path); got != want {
				t.Errorf("GET %s: status = %d, want %d", path, got, want)
			}
		}
	})
	it(t, "end when other endpoints are served in their place", func(t *testing.T) {
		g := newGateway(t)
		g.declare(boards, map[string]*fake{"shop": newFake(answers(200, `{"text": "a"}`))})
		s := g.listenDeclared("/v1/boards/7/stream")
		s.event("answer")
		g.declare(boards, map[string]*fake{"shop": newFake(answers(200, `{"text": "b"}`))})
		if e := s.ended(); e.retry == "" || e.after != 0 {
			t.Errorf("last line = %+v, want a retry at once", e)
		}
		if e := g.listenDeclared("/v1/boards/7/stream", "Last-Event-ID", "x").event("answer"); !strings.Contains(e.data, `"b"`) {
			t.Errorf("answer = %s, want that of the new endpoint", e.data)
		}
	})
	it(t, "with the caller's own token are not shared", func(t *testing.T) {
		g := populated(t, trusting(t, publishes(&signer().PublicKey)))
		bank := newFake(func(r *http.Request) (*http.Response, error) {
			return answers(200, `{"token": "`+r.Header.Get("Authorization")[len("Bearer "):]+`"}`)(r)
		})
		g.declare(boards, map[string]*fake{"bank": bank})
		if got := g.status("/v1/account/stream", "X-API-Key", "reader-key"); got != http.StatusUnauthorized {
			t.Errorf("status with a key = %d, want 401", got)
		}
		for _, subject := range []string{"ada", "bob"} {
			bearer := token(t, nil, map[string]any{"sub": subject, "exp": time.Now().Add(time.Minute).Unix()}, rs256(signer()))
			s := g.listenDeclared("/v1/account/stream", "Authorization", "Bearer "+bearer)
			if e := s.event("answer"); !strings.Contains(e.data, bearer) {
				t.Errorf("answer = %s, want that of %s", e.data, subject)
			}
			go s.ended()
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
	})
}
