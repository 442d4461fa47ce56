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
	it(t, "is what is left of the part that expires first", func(t *testing.T) {
		g := newGateway(t)
		g.metno.now(says(report(1), "Cache-Control", "max-age=100")) // we add up to a tenth, so that not all expire at once
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

	it(t, "counts the lookup of a name and what is skipped", func(t *testing.T) {
		g := newGateway(t)
		g.metno.now(knowsNothing) // believed for 30 s
		g.get(city).wantHeader("Cache-Control", "public, max-age=30"+extensions)
		g = newGateway(t)
		g.geocoding.now(says(weather.Found{Places: []weather.Place{delhi}}, "Cache-Control", "max-age=10"))
		g.get(city).wantHeader("Cache-Control", "public, max-age=10"+extensions)
	})

	it(t, "is nothing when a provider wants nothing kept", func(t *testing.T) {
		g := newGateway(t)
		g.metno.now(says(report(1), "Cache-Control", "no-store"))
		g.get(here).wantHeader("Cache-Control", "public, max-age=0"+extensions)
	})

	it(t, "is short and without extensions while a source has failed", func(t *testing.T) {
		g := newGateway(t)
		g.metno.now(breaks)
		g.get(here).wantHeader("Cache-Control", "public, max-age=5")
	})

	it(t, "is shorter still when another part has less left", func(t *testing.T) {
		g := newGateway(t)
		g.metno.now(breaks)
		g.openmeteo.now(says(report(0), "Cache-Control", "max-age=3"))
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

	it(t, "is private where anonymous callers may not read", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.PublicReads = false })
		if got := g.get(here).Header.Get("Cache-Control"); !strings.HasPrefix(got, "private, max-age=") || !strings.HasSuffix(got, extensions) {
			t.Errorf("Cache-Control = %q, want it private, with both extensions", got)
		}
		g.metno.now(breaks)
		g.get("/v1/weather?lat=1&lon=1").wantHeader("Cache-Control", "private, max-age=5")
	})

	it(t, "comes without an Age, as the gateway makes the answer", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(time.Minute)
		g.get(here).wantHeader("Age", "")
	})
}

func TestCacheStatus(t *testing.T) {
	old := func(t *testing.T) *gateway { // with an hour old answer of everybody
		g := newGateway(t)
		g.all(says(report(0), "ETag", `"v1"`))
		g.get(here)
		time.Sleep(time.Hour)
		return g
	}

	it(t, "is a hit while nobody is asked", func(t *testing.T) {
		g := newGateway(t)
		g.metno.now(says(report(1), "Cache-Control", "max-age=9")) // and less than a second of ours
		a := g.get(here)
		a.wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200; stored")
		time.Sleep(4 * time.Second)
		g.get(here).wantHeader("Cache-Status", "tributary; hit; ttl=5")
	})

	it(t, "is a hit with less than nothing left while a refresh runs", func(t *testing.T) {
		g := newGateway(t)
		g.metno.now(says(report(1), "Cache-Control", "max-age=9"))
		g.get(here)
		time.Sleep(30 * time.Second)
		a := g.get(here)
		a.wantState("metno", "revalidating", "")
		a.wantHeader("Cache-Status", "tributary; hit; ttl=-21")
	})

	it(t, "is a hit while a source that failed is left alone", func(t *testing.T) {
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
		{"says that something was remembered", reports(1), "fwd=stale; fwd-status=200; stored"},
		{"says that a provider confirmed what is remembered", answers(http.StatusNotModified, "", "ETag", `"v1"`), "fwd=stale; fwd-status=304; stored"},
		{"says why an old answer is served", breaks, "fwd=stale; fwd-status=500; stored; detail=stale-if-error"},
		{"says so without a status when there was none", refuses, "fwd=stale; fwd-status=200; stored; detail=stale-if-error"},
		{"says what failed when a source no longer has it", knowsNothing, "fwd=stale; fwd-status=404; stored"},
	} {
		it(t, c.name, func(t *testing.T) {
			g := old(t)
			g.metno.now(c.with)
			g.get(here).wantHeader("Cache-Status", "tributary; "+c.want)
		})
	}

	it(t, "names the error of a source that has nothing", func(t *testing.T) {
		g := newGateway(t)
		g.metno.now(refuses)
		g.get(here).wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200; stored; detail=connection")
	})

	it(t, "is a miss where only one of the sources was asked", func(t *testing.T) {
		g := newGateway(t)
		g.metno.now(breaks)
		g.get(here)
		g.metno.now(reports(1))
		a := g.get(here)
		a.wantState("openmeteo", "cached", "")
		a.wantState("metno", "live", "")
		a.wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200; stored")
	})

	it(t, "does not claim to have stored what may not be", func(t *testing.T) {
		g := newGateway(t)
		g.all(says(report(1), "Cache-Control", "no-store"))
		g.get(here).wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200")
	})

	it(t, "invents no freshness for a source that is being shut down", func(t *testing.T) {
		g := newGateway(t)
		g.metno.now(breaks)
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
