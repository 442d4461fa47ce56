package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestRequestID(t *testing.T) {
	g := newGateway(t)
	for _, c := range []struct {
		name, id string
		kept     bool
	}{
		{"a word", "checkout-7f3a", true},
		{"everything that may be in it", "aZ09._~:/+=-", true},
		{"128 characters", strings.Repeat("x", 128), true},
		{"129 characters", strings.Repeat("x", 129), false},
		{"nothing", "", false},
		{"a space", "a b", false},
		{"a quote", `a"b`, false},
		{"a tab", "a\tb", false},
		{"a character that is not ASCII", "é", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := g.get("/livez", "X-Request-Id", c.id)
			got := a.Header.Values("X-Request-Id")
			if len(got) != 1 || got[0] == "" || (got[0] == c.id) != c.kept {
				t.Errorf("X-Request-Id = %q for %q, kept: want %t", got, c.id, c.kept)
			}
		})
	}
	for _, path := range append(paths, "/nothing", "/v1/weather", here) {
		a, b := g.get(path).Header.Get("X-Request-Id"), g.get(path).Header.Get("X-Request-Id")
		if a == b {
			t.Errorf("%s: two requests have the id %s", path, a)
		}
		g.get(path, "X-Request-Id", "mine").wantHeader("X-Request-Id", "mine")
	}
	g.get("/livez", "X-Request-Id", "first", "X-Request-Id", "second").wantHeader("X-Request-Id", "first")
}

var traceTiming = regexp.MustCompile(`trace;desc="00-([0-9a-f]{32})-([0-9a-f]{16})-0[01]"$`)

func TestServerTiming(t *testing.T) {
	it(t, "has each source's state and duration, then the trace", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(after(41234*time.Microsecond, reports(1)))
		g.openweather.Now(breaks)
		a := g.get(city)
		timing := a.Header.Get("Server-Timing")
		want := `geocoding;dur=0.0;desc="live", openmeteo;dur=0.0;desc="live", metno;dur=41.2;desc="live", openweather;dur=0.0;desc="failed", trace`
		if !strings.HasPrefix(timing, want) {
			t.Errorf("Server-Timing = %s, want it to begin with %s", timing, want)
		}
		if m := traceTiming.FindStringSubmatch(timing); m == nil || m[1] != a.weather().Meta.TraceID {
			t.Errorf("Server-Timing = %s, want the trace %s at its end", timing, a.weather().Meta.TraceID)
		}
	})

	it(t, "is on errors too, with the sources that were called", func(t *testing.T) {
		g := newGateway(t)
		g.all(breaks)
		a := g.get(here)
		if got := a.Header.Get("Server-Timing"); !strings.HasPrefix(got, `openmeteo;dur=0.0;desc="failed", `) {
			t.Errorf("Server-Timing = %s, want openmeteo first", got)
		}
		b := g.get("/nothing")
		if m := traceTiming.FindStringSubmatch(b.Header.Get("Server-Timing")); m == nil || m[1] != b.problem(http.StatusNotFound, "not_found").TraceID {
			t.Errorf("Server-Timing = %s, want the problem's trace", b.Header.Get("Server-Timing"))
		}
	})
}

func TestTraceIsTheCallers(t *testing.T) {
	g := newGateway(t)
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	a := g.get(here, "Traceparent", "00-"+id+"-00f067aa0ba902b7-01")
	if got := a.weather().Meta.TraceID; got != id {
		t.Errorf("trace_id = %s, want the caller's", got)
	}
	if strings.Contains(a.Header.Get("Server-Timing"), "00f067aa0ba902b7") {
		t.Error("Server-Timing has the caller's span, want ours")
	}
	for _, malformed := range []string{"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", "00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01", "x"} {
		if got := g.get(here, "Traceparent", malformed).weather().Meta.TraceID; strings.EqualFold(got, id) || got == strings.Repeat("0", 32) {
			t.Errorf("Traceparent %s gives trace_id %s, want a new one", malformed, got)
		}
	}
}
