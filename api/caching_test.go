package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/upstream/weather"
)

const extensions = ", stale-while-revalidate=60, stale-if-error=86400"

func TestCacheControl(t *testing.T) {
	it(t, "is the rest of the part that expires first", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(sendsJSON(report(1), "Cache-Control", "max-age=100")) // up to a tenth is added, so that entries do not expire together
		a := g.get(here)
		first := a.maxAge()
		if first < 100 || first > 110 {
			t.Errorf("max-age = %d, want metno's 100 to 110", first)
		}
		time.Sleep(60 * time.Second)
		b := g.get(here)
		if got := b.maxAge(); got != first-60 {
			t.Errorf("max-age a minute later = %d, want %d", got, first-60)
		}
		if got := b.Header.Get("Cache-Control"); !strings.HasPrefix(got, "public, max-age=") || !strings.HasSuffix(got, extensions) {
			t.Errorf("Cache-Control = %q, want it public, with both extensions", got)
		}
	})

	it(t, "includes geocoding and skipped sources", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(answers404) // a 404 is cached for 30 s
		g.get(city).wantHeader("Cache-Control", "public, max-age=30"+extensions)
		g = newGateway(t)
		g.geocoding.Now(sendsJSON(weather.Found{Places: []weather.Place{delhi}}, "Cache-Control", "max-age=10"))
		g.get(city).wantHeader("Cache-Control", "public, max-age=10"+extensions)
	})

	it(t, "is no-store if a provider sends no-store", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(sendsJSON(report(1), "Cache-Control", "no-store"))
		g.get(here).wantHeader("Cache-Control", "public, max-age=0"+extensions)
	})

	it(t, "is short and without extensions while a source has failed", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(breaks)
		g.get(here).wantHeader("Cache-Control", "public, max-age=5")
	})

	it(t, "is shorter if another part expires earlier", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(breaks)
		g.openmeteo.Now(sendsJSON(report(0), "Cache-Control", "max-age=3"))
		g.get(here).wantHeader("Cache-Control", "public, max-age=3")
	})

	it(t, "is short while a source is stale or revalidating", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(11 * time.Minute)
		g.get(here).wantHeader("Cache-Control", "public, max-age=5")
		time.Sleep(time.Hour)
		g.all(breaks)
		a := g.get(here)
		a.wantState("openmeteo", "stale", "server_error")
		a.wantHeader("Cache-Control", "public, max-age=5")
	})

	it(t, "is private if anonymous callers may not read", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.PublicReads = false })
		if got := g.get(here).Header.Get("Cache-Control"); !strings.HasPrefix(got, "private, max-age=") || !strings.HasSuffix(got, extensions) {
			t.Errorf("Cache-Control = %q, want it private, with both extensions", got)
		}
		g.metno.Now(breaks)
		g.get("/v1/weather?lat=1&lon=1").wantHeader("Cache-Control", "private, max-age=5")
	})

	it(t, "has no Age header, because the gateway creates the answer", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(time.Minute)
		g.get(here).wantHeader("Age", "")
	})
}

func TestCacheStatus(t *testing.T) {
	old := func(t *testing.T) *gateway { // every source has a stale answer of an hour
		g := newGateway(t)
		g.all(sendsJSON(report(0), "ETag", `"v1"`))
		g.get(here)
		time.Sleep(time.Hour)
		return g
	}

	it(t, "is a hit if no source is called", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(sendsJSON(report(1), "Cache-Control", "max-age=9")) // our own lifetime has less than a second left
		a := g.get(here)
		a.wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200; stored")
		time.Sleep(4 * time.Second)
		g.get(here).wantHeader("Cache-Status", "tributary; hit; ttl=5")
	})

	it(t, "is a hit with a negative ttl during a background refresh", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(sendsJSON(report(1), "Cache-Control", "max-age=9"))
		g.get(here)
		time.Sleep(30 * time.Second)
		a := g.get(here)
		a.wantState("metno", "revalidating", "")
		a.wantHeader("Cache-Status", "tributary; hit; ttl=-21")
	})

	it(t, "is a hit during the cooldown of a failed source", func(t *testing.T) {
		g := old(t)
		g.all(breaks)
		g.get(here)
		time.Sleep(time.Second)
		a := g.get(here)
		a.wantState("metno", "stale", "server_error")
		if got := a.Header.Get("Cache-Status"); !strings.HasPrefix(got, "tributary; hit; ttl=-") {
			t.Errorf("Cache-Status = %q, want a hit past its time", got)
		}
	})

	for _, c := range []struct {
		name string
		with behaviour // of metno; the others answer
		want string
	}{
		{"says that an answer was stored", reports(1), "fwd=stale; fwd-status=200; stored"},
		{"says that a provider confirmed a stored answer", answers(http.StatusNotModified, "", "ETag", `"v1"`), "fwd=stale; fwd-status=304; stored"},
		{"has the error of a stale answer", breaks, "fwd=stale; fwd-status=500; stored; detail=stale-if-error"},
		{"has no status if there was none", refuses, "fwd=stale; fwd-status=200; stored; detail=stale-if-error"},
		{"has the error if a source lost its stored answer", answers404, "fwd=stale; fwd-status=404; stored"},
	} {
		it(t, c.name, func(t *testing.T) {
			g := old(t)
			g.metno.Now(c.with)
			g.get(here).wantHeader("Cache-Status", "tributary; "+c.want)
		})
	}

	it(t, "has the error of a source without data", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(refuses)
		g.get(here).wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200; stored; detail=connection")
	})

	it(t, "is a miss if only one of the sources was called", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(breaks)
		g.get(here)
		g.metno.Now(reports(1))
		a := g.get(here)
		a.wantState("openmeteo", "cached", "")
		a.wantState("metno", "live", "")
		a.wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200; stored")
	})

	it(t, "does not say stored for an answer that must not be stored", func(t *testing.T) {
		g := newGateway(t)
		g.all(sendsJSON(report(1), "Cache-Control", "no-store"))
		g.get(here).wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200")
	})

	it(t, "has no freshness for a source that is being shut down", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(breaks)
		g.get(here)
		for _, up := range g.upstreams {
			up.Close()
		}
		a := g.get(here)
		a.wantState("metno", "failed", "canceled")
		if got := a.Header.Get("Cache-Status"); !strings.HasPrefix(got, "tributary; hit; ttl=5") {
			t.Errorf("Cache-Status = %q, want a hit with what is left of the others", got)
		}
	})
}
