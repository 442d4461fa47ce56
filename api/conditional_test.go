package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestETag(t *testing.T) {
	it(t, "is weak, and stays while only ages and traces change", func(t *testing.T) {
		g := newGateway(t)
		first := g.get(here).Header.Get("ETag")
		if !strings.HasPrefix(first, `W/"`) {
			t.Errorf("ETag = %s, want a weak one", first)
		}
		time.Sleep(time.Minute)
		g.get(here).wantHeader("ETag", first)
	})

	it(t, "is the same for the same data on another instance", func(t *testing.T) {
		one, other := newGateway(t), newGateway(t)
		for _, path := range []string{here, forecastHere, airHere, city, "/v1/places?q=Delhi", here + "&units=imperial"} {
			other.get(path).wantHeader("ETag", one.get(path).Header.Get("ETag"))
		}
	})

	it(t, "differs if data differs", func(t *testing.T) {
		g := newGateway(t)
		seen := map[string]string{}
		for _, path := range []string{here, forecastHere, airHere, city, here + "&units=imperial", "/v1/weather?lat=1&lon=2", "/v1/places?q=Delhi"} {
			tag := g.get(path).Header.Get("ETag")
			if before, ok := seen[tag]; ok {
				t.Errorf("%s and %s both have %s", before, path, tag)
			}
			seen[tag] = path
		}
	})

	it(t, "differs between complete and degraded answers with the same data", func(t *testing.T) {
		// An hour later openweather's stale answer is served, and then a new, equal one.
		g := newGateway(t, func(s *setup) { s.without = []string{"metno"} })
		g.get(here)
		time.Sleep(time.Hour)
		unchanged := report(0)
		unchanged.ObservedAt = unchanged.ObservedAt.Add(-time.Hour)
		g.openmeteo.Now(sendsJSON(unchanged))
		g.openweather.Now(breaks)
		degraded := g.get(here)
		time.Sleep(10 * time.Second)
		same := report(2)
		same.ObservedAt = unchanged.ObservedAt
		g.openweather.Now(sendsJSON(same))
		complete := g.get(here)
		if degraded.weather().Meta.Status != "degraded" || complete.weather().Meta.Status != "complete" {
			t.Fatal("the answers are not what the test needs")
		}
		if a, b := string(data(degraded)), string(data(complete)); a != b {
			t.Fatalf("data differs: %s and %s", a, b)
		}
		if degraded.Header.Get("ETag") == complete.Header.Get("ETag") {
			t.Errorf("both have %s", complete.Header.Get("ETag"))
		}
	})

	it(t, "differs with the names of degraded sources", func(t *testing.T) {
		tag := func(broken ...string) string {
			g := newGateway(t)
			g.all(reports(0)) // so that only the spread's count depends on which sources are missing
			for _, name := range broken {
				map[string]*fake{"openmeteo": g.openmeteo, "metno": g.metno, "openweather": g.openweather}[name].Now(breaks)
			}
			return g.get(here).Header.Get("ETag")
		}
		if a, b := tag("openmeteo"), tag("metno"); a == b {
			t.Errorf("the tag is %s whether openmeteo or metno is missing", a)
		}
		if a, b := tag("metno"), tag("metno"); a != b {
			t.Errorf("the tags %s and %s differ for nothing", a, b)
		}
	})
}

// data returns the part of a body before meta.
func data(a *answer) []byte {
	before, _, _ := strings.Cut(string(a.body), `,"meta":`)
	return []byte(before)
}

func TestIfNoneMatch(t *testing.T) {
	for _, path := range []string{here, forecastHere, airHere, "/v1/places?q=Delhi"} {
		g := newGateway(t)
		tag := g.get(path).Header.Get("ETag")
		strong := strings.TrimPrefix(tag, "W/")
		for _, c := range []struct {
			name   string
			header []string // values, one for each header line
			want   int
		}{
			{"the tag", []string{tag}, 304},
			{"the tag as a strong one", []string{strong}, 304},
			{"a list with it", []string{`"x", ` + tag + `, W/"y"`}, 304},
			{"a list without spaces", []string{`"x",` + tag}, 304},
			{"a list with holes", []string{`, ,"x",,` + tag + `,`}, 304},
			{"several lines", []string{`"x"`, tag}, 304},
			{"anything", []string{"*"}, 304},
			{"a tag with a comma before it", []string{`"a,b", ` + tag}, 304},
			{"an empty tag before it", []string{`"", ` + tag}, 304},
			{"another tag", []string{`W/"another"`}, 200},
			{"the tag's beginning", []string{strong[:5] + `"`}, 200},
			{"the tag in a longer one", []string{`"x` + strong[1:]}, 200},
			{"the tag without its quotes", []string{strings.Trim(strong, `"`)}, 200},
			{"a tag that is never closed", []string{`"x`}, 200},
			{"a small w", []string{"w/" + strong}, 200},
			{"nothing", []string{""}, 200},
		} {
			t.Run(path+" with "+c.name, func(t *testing.T) {
				var header []string
				for _, v := range c.header {
					header = append(header, "If-None-Match", v)
				}
				a := g.get(path, header...)
				a.wantStatus(c.want)
				if c.want == http.StatusNotModified && len(a.body) > 0 {
					t.Errorf("%s: a 304 has the body %q", a.call, a.body)
				}
			})
		}
	}
}

func TestNotModified(t *testing.T) {
	it(t, "has the headers of the 200, and sends no request if the answer is cached", func(t *testing.T) {
		g := newGateway(t)
		full := g.get(here)
		asked := g.asked()
		time.Sleep(time.Minute)
		a := g.get(here, "If-None-Match", full.Header.Get("ETag"))
		a.wantStatus(http.StatusNotModified)
		a.wantHeader("ETag", full.Header.Get("ETag"))
		a.wantHeader("Vary", "Accept")
		if got, want := a.maxAge(), full.maxAge()-60; got != want {
			t.Errorf("max-age = %d, want %d", got, want)
		}
		a.wantHeader("Content-Type", "")
		a.wantHeader("Content-Length", "")
		if g.asked() != asked {
			t.Errorf("%d requests sent for a 304", g.asked()-asked)
		}
	})

	it(t, "is set on degraded answers too", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(breaks)
		full := g.get(here)
		a := g.get(here, "If-None-Match", full.Header.Get("ETag"))
		a.wantStatus(http.StatusNotModified)
		a.wantHeader("Cache-Control", "public, max-age=5")
	})

	it(t, "is absent from errors", func(t *testing.T) {
		g := newGateway(t)
		g.all(breaks)
		g.get(here, "If-None-Match", "*").wantStatus(http.StatusBadGateway)
		g.get("/v1/weather", "If-None-Match", "*").wantStatus(http.StatusBadRequest)
	})
}
