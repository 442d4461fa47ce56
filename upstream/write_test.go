package upstream_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

func TestWriteOnTheWire(t *testing.T) {
	t.Run("it may have been carried out even if its body was not sent completely", func(t *testing.T) {
		large := strings.Repeat("a", 32<<20)
		over := make(chan struct{})
		srv := listen(t, func(http.ResponseWriter, *http.Request) { <-over })
		defer close(over)
		up := open(t, nil, noRetries, func(c *config) {
			c.BaseURL, _ = url.Parse(srv.URL)
			c.Policies.Timeout = 100 * time.Millisecond
		})
		w := post(false)
		w.Request = func(ctx context.Context) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodPut, "/things/1", strings.NewReader(large))
		}
		got := upstream.Send(t.Context(), up, w)
		want(t, got, upstream.Failed, upstream.CodeTimeout)
		if !got.Err.Uncertain {
			t.Error("it is certain, want uncertain")
		}
	})
	for name, status := range map[string]int{
		"is not turned into a question by a 301": 301, "is not turned into a question by a 302": 302, "is not turned into a question by a 303": 303,
	} {
		it(t, name, func(t *testing.T) {
			f := newFake(inTurn(answers(status, "", "Location", "/elsewhere"), well))
			up, _ := serve(t, f, noRetries)
			w := post(false)
			w.Request = func(ctx context.Context) (*http.Request, error) {
				return http.NewRequestWithContext(ctx, http.MethodDelete, "/things/1", nil)
			}
			want(t, upstream.Send(t.Context(), up, w), upstream.Failed, upstream.CodeInvalidResponse)
			wantSent(t, f, 1)
		})
	}
	it(t, "follows a 308 with its method", func(t *testing.T) {
		f := newFake(inTurn(answers(308, "", "Location", "/elsewhere"), well))
		up, _ := serve(t, f, noRetries)
		want(t, upstream.Send(t.Context(), up, post(false)), upstream.Live, "")
		if got := f.Request(1).Method; got != http.MethodPost {
			t.Errorf("method = %s, want POST", got)
		}
	})
}
