package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// sourcesOf returns the sources of a part as "name state code".
func (a *answer) sourcesOf(part string) (got []string) {
	a.t.Helper()
	for _, s := range a.user(http.StatusOK).Meta.Sources {
		if s.Name != part {
			continue
		}
		for _, of := range s.Sources {
			line := of.Name + " " + of.State
			if of.Error != nil {
				line += " " + of.Error.Code
			}
			got = append(got, line)
		}
	}
	return got
}

// A user's weather has several sources. Their outcomes decide whether the answer is
// degraded, even if the part itself is live.
func TestSourcesOfAPart(t *testing.T) {
	withWeather := one + "?include=weather"
	for _, c := range []struct {
		name   string
		breaks func(g *gateway)
		state  string // of the part
		code   string
		of     []string
		status string
	}{
		{"all of which answer", func(*gateway) {}, "live", "", []string{"openmeteo live", "metno live", "openweather live"}, "complete"},
		{"one of which fails", func(g *gateway) { g.metno.Now(breaks) }, "live", "",
			[]string{"openmeteo live", "metno failed server_error", "openweather live"}, "degraded"},
		{"two of which fail", func(g *gateway) { g.metno.Now(refuses); g.openweather.Now(breaks) }, "live", "",
			[]string{"openmeteo live", "metno failed connection", "openweather failed server_error"}, "degraded"},
		{"one of which does not know the place", func(g *gateway) { g.metno.Now(answers404) }, "live", "",
			[]string{"openmeteo live", "metno skipped not_found", "openweather live"}, "complete"},
		{"all of which fail", func(g *gateway) { g.all(breaks) }, "failed", "server_error",
			[]string{"openmeteo failed server_error", "metno failed server_error", "openweather failed server_error"}, "degraded"},
		{"none of which knows the place", func(g *gateway) { g.all(answers404) }, "skipped", "not_found",
			[]string{"openmeteo skipped not_found", "metno skipped not_found", "openweather skipped not_found"}, "complete"},
	} {
		it(t, c.name, func(t *testing.T) {
			var log logbook
			spans := collect(t)
			tel := spans.telemetry(t)
			g := populated(t, func(s *setup) { s.logTo, s.Telemetry = &log, tel })
			c.breaks(g)
			a := g.get(withWeather)
			part := a.wantState("weather", c.state, c.code)
			if got := a.sourcesOf("weather"); !slices.Equal(got, c.of) {
				t.Errorf("%s: sources of the weather = %q, want %q", a.call, got, c.of)
			}
			if got := a.user(http.StatusOK).Meta.Status; got != c.status {
				t.Errorf("%s: status %s, want %s", a.call, got, c.status)
			}
			if part.State == "live" && (part.Attempts != 1 || part.Sources[0].Attribution == "" || !strings.Contains(part.Attribution, part.Sources[0].Attribution)) {
				t.Errorf("%s: weather = %+v, want one attempt, and the attribution of what was used", a.call, part)
			}
			if err := tel.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			degraded := c.status == "degraded"
			for _, line := range log.lines(t) {
				if line["msg"] == "request" && line["degraded"] != degraded {
					t.Errorf("log = %v, want degraded %t", line, degraded)
				}
			}
			attributes := map[string]string{}
			for _, kv := range spans.named("GET /v1/users/{id}").GetAttributes() {
				attributes[kv.GetKey()] = kv.GetValue().GetStringValue()
				if kv.GetKey() == "tributary.degraded" && kv.GetValue().GetBoolValue() != degraded {
					t.Errorf("span: degraded is not %t", degraded)
				}
			}
			for _, of := range c.of {
				name, state, _ := strings.Cut(of, " ")
				state, _, _ = strings.Cut(state, " ")
				if got := attributes["tributary.source.weather/"+name]; got != state {
					t.Errorf("span: weather/%s = %q, want %q", name, got, state)
				}
			}
			if got := attributes["tributary.source.weather"]; got != c.state {
				t.Errorf("span: weather = %q, want %q", got, c.state)
			}
		})
	}

	it(t, "changes the entity tag with the names of degraded sources", func(t *testing.T) {
		tags := map[string]string{}
		for name, breaks := range map[string]func(g *gateway){
			"none": func(*gateway) {}, "metno": func(g *gateway) { g.metno.Now(breaks) }, "openweather": func(g *gateway) { g.openweather.Now(breaks) },
		} {
			g := populated(t)
			g.all(reports(0)) // so that data does not depend on which source is missing
			breaks(g)
			tag := g.get(withWeather).Header.Get("ETag")
			if before, seen := tags[tag]; seen {
				t.Errorf("%s and %s have the same tag %s", before, name, tag)
			}
			tags[tag] = name
		}
	})

	it(t, "gets the error beside a stale answer too", func(t *testing.T) {
		g := populated(t)
		g.get(withWeather)
		time.Sleep(time.Hour)
		g.openmeteo.Now(breaks)
		if got := g.get(withWeather).sourcesOf("weather"); !slices.Contains(got, "openmeteo stale server_error") {
			t.Errorf("sources of the weather = %q, want openmeteo stale", got)
		}
	})
}

func TestUsersLeftOut(t *testing.T) {
	g := populated(t)
	g.directory.Now(answers(200, `[{"id":1,"name":"A"},{"id":2},{"id":"12e1","name":"C"},{"id":"4","name":"D"}]`, "X-Total-Count", "9"))
	for _, state := range []string{"live", "cached"} {
		a := g.get("/v1/users?per_page=4")
		got := a.list()
		if len(got.Data) != 2 || got.Data[0].ID != 1 || got.Data[1].ID != 4 || got.Meta.Status != "degraded" {
			t.Errorf("%s: %s", a.call, a.body)
		}
		if s := a.wantState("directory", state, "invalid_response"); s.Error.Detail != "2 of 4 left out: [1].name: missing or blank" || s.AgeSeconds == nil {
			t.Errorf("%s: directory = %+v", a.call, s)
		}
		a.wantHeader("X-Total-Count", "9")
		if links := a.links(); links != "first=1 next=2 last=3" {
			t.Errorf("%s: links %s", a.call, links)
		}
	}
}

func TestUsersOfADirectoryThatRepeatsItsFirstPage(t *testing.T) {
	for _, c := range []struct {
		name, query, links, total string
		users                     int
		header                    []string
		code                      string
	}{
		{"the page after all it has", "page=2&per_page=20", "first=1 prev=1 last=1", "3", 0, nil, ""},
		{"the page after a list of one page", "page=2&per_page=3", "first=1 prev=1", "", 0, nil, ""},
		{"a page far beyond", "page=50&per_page=3", "first=1 prev=49", "", 0, nil, ""},
		{"a page of more than it gives", "page=2&per_page=3", "first=1 prev=1", "30", 0, []string{"X-Total-Count", "30"}, "invalid_response"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := populated(t)
			g.directory.Now(answers(200, `[{"id":1,"name":"A"},{"id":2,"name":"B"},{"id":3,"name":"C"}]`, c.header...))
			a := g.get("/v1/users?" + c.query)
			if got := a.list().Data; len(got) != c.users {
				t.Errorf("%s: users %v, want %d", a.call, got, c.users)
			}
			if got := a.links(); got != c.links {
				t.Errorf("%s: links %s, want %s", a.call, got, c.links)
			}
			a.wantHeader("X-Total-Count", c.total)
			a.wantState("directory", "live", c.code)
		})
	}
}
