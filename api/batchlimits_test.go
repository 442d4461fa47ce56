package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/api"
	"tributary/upstream"
	"tributary/upstream/weather"
)

func TestBatchesCountTheirEntries(t *testing.T) {
	ten := func(s *setup) { s.ClientLimit = api.Limit{Calls: 10, Window: 100 * time.Second} }
	it(t, "takes one from the limit for each entry, and nothing where there is no room", func(t *testing.T) {
		g := newGateway(t, ten)
		a := g.get(batchPath("/v1/weather", "place", somePlaces(6)...))
		a.wantStatus(http.StatusOK)
		a.wantHeader("RateLimit", `"default";r=4;t=60`)
		sent := g.asked()
		a = g.get(batchPath("/v1/weather", "pl%61ce", somePlaces(6)...))
		a.wantStatus(http.StatusBadRequest) // a parameter of another name, once it is encoded
		a = g.get("/v1/weather?pl%61ce=1,2&pl%61ce=1,3&place=1,4&place=1,5&place=1,6")
		a.problem(http.StatusTooManyRequests, "too_many_requests")
		a.wantHeader("RateLimit", `"default";r=3;t=20`)
		a.wantHeader("Retry-After", "20")
		if g.asked() != sent {
			t.Errorf("%d requests sent, want none", g.asked()-sent)
		}
		g.get(batchPath("/v1/weather", "place", somePlaces(3)...)).wantHeader("RateLimit", `"default";r=0;t=100`)
		time.Sleep(20 * time.Second)
		g.send(http.MethodHead, batchPath("/v1/weather", "place", somePlaces(2)...)).wantHeader("RateLimit", `"default";r=0;t=100`)
	})
	it(t, "says that a batch of more than the limit never fits", func(t *testing.T) {
		g := newGateway(t, ten)
		a := g.get(batchPath("/v1/weather", "place", somePlaces(11)...))
		p := a.problem(http.StatusTooManyRequests, "too_many_requests")
		if !strings.Contains(p.Detail, "fewer entries") {
			t.Errorf("detail = %q, want that it never fits", p.Detail)
		}
		a.wantHeader("RateLimit", `"default";r=10;t=100`)
	})
}

func TestBatchesShareQuotas(t *testing.T) {
	it(t, "leaves half of a quota for others, and waits a little for the next window", func(t *testing.T) {
		g := newGateway(t, func(s *setup) {
			s.without = []string{"metno", "openweather"}
			s.policies.Quotas = []upstream.Quota{{Calls: 20, Window: time.Minute}}
		})
		entries, status := batchOf[weather.Current](g.get(batchPath("/v1/weather", "place", somePlaces(12)...)))
		refused := 0
		for _, e := range entries {
			if p := e.Problem; p != nil {
				refused++
				if p.Status != http.StatusServiceUnavailable || p.Sources[0].Error.Code != "rate_limited" {
					t.Errorf("problem = %s, want a 503, rate_limited", mustJSON(t, p))
				}
			}
		}
		if status != "degraded" || refused != 2 {
			t.Errorf("%s, %d refused; want degraded, 2 of 12", status, refused)
		}
		g.get("/v1/weather?lat=60&lon=10").wantStatus(http.StatusOK)

		time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)) - 500*time.Millisecond)
		var more []string
		for n := range 12 {
			more = append(more, fmt.Sprintf("%d,50", n))
		}
		if _, status := batchOf[weather.Current](g.get(batchPath("/v1/weather", "place", more[:10]...))); status != "complete" {
			t.Errorf("half a second before the next window: %s, want complete", status)
		}
	})
}
