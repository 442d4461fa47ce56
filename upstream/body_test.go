package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"tributary/upstream"
)

// says answers with a text that is n bytes long; length is what it says about that.
func says(letter string, n int, length int64) behaviour {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{}, Request: r, ContentLength: length,
			Body: io.NopCloser(strings.NewReader(strings.Repeat(letter, n))),
		}, nil
	}
}

func TestBodyIsReadWhateverItsLength(t *testing.T) {
	for _, n := range []int{0, 1, 511, 512, 513, 40_000, 300_000, 4 << 20} {
		for name, length := range map[string]int64{"known": int64(n), "unknown": -1, "longer than any": 1 << 40} {
			t.Run(fmt.Sprint(n, " bytes, the length is ", name), func(t *testing.T) {
				_, s := serve(t, newFake(says("a", n, length)), noRetries)
				got := ask(s, "a")
				want(t, got, upstream.Live, "")
				if len(got.Value) != n || strings.Trim(got.Value, "a") != "" {
					t.Errorf("read %d bytes", len(got.Value))
				}
			})
		}
	}
}

// Buffers are used again: no call may read one that belongs to another call.
func TestBodiesOfCallsAtTheSameTimeAreNotMixed(t *testing.T) {
	names := strings.Split("abcdefghijklmnopqrstuvwx", "")
	f := newFake(func(r *http.Request) (*http.Response, error) {
		letter := r.URL.Path[len("/things/"):]
		return says(letter, 3000+100*int(letter[0]), -1)(r)
	})
	s := things(open(t, f, noRetries), func(s *spec) {
		s.Check = func(name, value string) error {
			if value != strings.Repeat(name, 3000+100*int(name[0])) {
				return errors.New("the answer of another question")
			}
			return nil
		}
		s.Decode = func(r upstream.Response) (string, error) {
			first := string(r.Body)
			runtime.Gosched()
			if string(r.Body) != first {
				return "", errors.New("the body has changed while it was read")
			}
			return first, nil
		}
	})
	var wg sync.WaitGroup
	for _, name := range names {
		wg.Go(func() {
			for range 50 {
				if a := s.Ask(context.Background(), name, upstream.Directives{}); a.Err != nil {
					t.Error(a.Err)
				}
				s.Remove(name)
			}
		})
	}
	wg.Wait()
}

// BenchmarkLongAnswer fetches an answer as long as that of MET Norway.
func BenchmarkLongAnswer(b *testing.B) {
	for name, length := range map[string]int64{"length known": 36_000, "length unknown": -1} {
		b.Run(name, func(b *testing.B) {
			body := says("a", 36_000, length)
			s := things(open(b, plainTransport(body), noRetries, func(c *config) { c.Lifetimes.FreshFor, c.Lifetimes.StaleFor = 0, 0 }), func(s *spec) {
				s.Decode = func(upstream.Response) (string, error) { return "read", nil }
			})
			b.ReportAllocs()
			for b.Loop() {
				ask(s, "a")
			}
		})
	}
}

// plainTransport answers without recording the requests.
type plainTransport behaviour

func (f plainTransport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
