package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fill sends writes with keys of their own until one is refused, and returns how
// many were not. They go past the network, as there are many.
func (g *gateway) fill(t *testing.T, body string, atMost int, header ...string) (accepted int, refused *httptest.ResponseRecorder) {
	t.Helper()
	for n := range atMost {
		w := httptest.NewRecorder()
		r := mustRequest(t, write{"POST", "/v1/users", body, fmt.Sprintf(`"%s %d"`, t.Name(), n)})
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		if g.handler.ServeHTTP(w, r); w.Code == http.StatusServiceUnavailable {
			return n, w
		}
	}
	return atMost, nil
}

func TestCallerHasAShareOfTheKeys(t *testing.T) {
	unlimited := func(s *setup) { s.ClientLimit.Calls = 0 }
	for does, c := range map[string]struct {
		body        string
		least, most int
	}{
		"by their number":          {`{}`, 9_000, 10_000},
		"by their answers' length": {mistakes(), 5, 50},
	} {
		it(t, does, func(t *testing.T) {
			g := populated(t, unlimited)
			accepted, refused := g.fill(t, c.body, 20_000)
			if accepted < c.least || accepted > c.most || refused == nil {
				t.Fatalf("%d keys of one caller were accepted, want %d to %d", accepted, c.least, c.most)
			}
			wait, err := strconv.Atoi(refused.Header().Get("Retry-After"))
			if want := 24 * 60 * 60; err != nil || wait != want {
				t.Errorf("Retry-After = %q, want %d: when the first of them expires", refused.Header().Get("Retry-After"), want)
			}
			g.call("POST", "/v1/users", keyedPost.body, "Idempotency-Key", `"k"`).problem(http.StatusServiceUnavailable, "overloaded")
			g.call("POST", "/v1/users", keyedPost.body).wantStatus(http.StatusCreated) // without a key
			first := g.call("POST", "/v1/users", c.body, "Idempotency-Key", fmt.Sprintf(`"%s 0"`, t.Name()))
			first.wantHeader("Idempotent-Replayed", "true") // what is there is not evicted
			g.call("POST", "/v1/users", keyedPost.body, "Idempotency-Key", `"k"`, "X-API-Key", "colleague-key").wantStatus(http.StatusCreated)

			time.Sleep(time.Duration(wait)*time.Second - time.Second)
			again := g.call("POST", "/v1/users", keyedPost.body, "Idempotency-Key", `"k"`)
			again.problem(http.StatusServiceUnavailable, "overloaded")
			again.wantHeader("Retry-After", "1")
			time.Sleep(time.Second)
			g.call("POST", "/v1/users", keyedPost.body, "Idempotency-Key", `"k"`).wantStatus(http.StatusCreated)
		})
	}
}

// mistakes is a body whose problem is long: it names members that there are not.
func mistakes() string {
	var b strings.Builder
	for i := range 90 {
		fmt.Fprintf(&b, `"%d%s":1,`, i, strings.Repeat("x", 8_000))
	}
	return "{" + b.String() + `"name":"A"}`
}
