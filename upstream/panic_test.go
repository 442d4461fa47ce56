package upstream_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

func TestPanics(t *testing.T) {
	for name, tt := range map[string]struct {
		breaks func(*spec)
		sent   int
	}{
		"becomes an invalid response in Decode": {func(s *spec) {
			s.Decode = func(upstream.Response) (string, error) { panic("decode") }
		}, 1},
		"becomes an invalid response in Request": {func(s *spec) {
			s.Request = func(context.Context, string) (*http.Request, error) { panic("request") }
		}, 0},
	} {
		it(t, name, func(t *testing.T) {
			var log bytes.Buffer
			f := newFake(well)
			up := open(t, f, func(c *config) {
				c.Policies.MaxConcurrent = 1
				c.Logger = slog.New(slog.NewJSONHandler(&log, nil))
			})
			got := ask(things(up, tt.breaks), "a")
			want(t, got, upstream.Failed, upstream.CodeInvalidResponse)
			wantSent(t, f, tt.sent)

			if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "attempt.go") {
				t.Errorf("log has %d lines, want one with a stack:\n%s", lines, &log)
			}
			if n := up.Status().InFlight; n != 0 {
				t.Errorf("in flight = %d, want 0", n)
			}
			var next answer
			wantTook(t, took(func() { next = ask(things(up), "a") }), 0) // the only permit was released
			want(t, next, upstream.Live, "")
		})
	}
	it(t, "re-opens the breaker during a probe", func(t *testing.T) {
		f := newFake(answers(500, ""))
		up := open(t, f, noRetries)
		s := things(up)
		broken := things(up, func(s *spec) {
			s.Decode = func(upstream.Response) (string, error) { panic("decode") }
		})
		askMany(s, 20)
		f.Now(well)
		time.Sleep(5 * time.Second)
		want(t, ask(broken, "a"), upstream.Failed, upstream.CodeInvalidResponse)
		wantBreaker(t, up, "open")
		time.Sleep(5 * time.Second)
		want(t, ask(s, "b"), upstream.Live, "")
		wantBreaker(t, up, "closed")
	})
	it(t, "does not crash the process during a hedge", func(t *testing.T) {
		f := newFake(after(20*time.Millisecond, well))
		up := open(t, f, hedged)
		s := things(up, func(s *spec) {
			s.Decode = func(r upstream.Response) (string, error) {
				if string(r.Body) == "panic" {
					panic("decode")
				}
				return string(r.Body), nil
			}
		})
		askMany(s, 20)
		f.Now(inTurn(after(100*time.Millisecond, well), answers(200, "panic")))
		got := ask(s, "a")
		want(t, got, upstream.Live, "")
		if got.Attempts != 2 {
			t.Errorf("attempts = %d, want 2", got.Attempts)
		}
	})
}
