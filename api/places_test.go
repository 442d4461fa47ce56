package api_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tributary/upstream/weather"
)

func TestPlacesRefuses(t *testing.T) {
	noLimit := "limit: is not a whole number from 1 to 20"
	cases := []refusal{
		{"no name", "", []string{"q: is missing: the name, or its beginning, of a place"}},
		{"an empty name", "q=", []string{"q: " + noText}},
		{"101 characters", "q=" + strings.Repeat("%C3%BC", 101), []string{"q: " + tooLong}},
		{"a control character", "q=%09", []string{"q: " + noControl}},
		{"what is no UTF-8", "q=%FF", []string{"q: " + noUTF8}},
		{"a name twice", "q=Del&q=Del", []string{"q: is given 2 times; once is enough"}},
		{"a limit twice", "q=Del&limit=1&limit=1", []string{"limit: is given 2 times; once is enough"}},
		{"all mistakes at once", "limit=0", []string{"q: is missing: the name, or its beginning, of a place", noLimit}},
		{"what cannot be read", "q=%zz", []string{unreadable}},
	}
	for _, limit := range []string{"0", "21", "-1", "%2B5", "+5", "5.0", "1e1", "0x5", "", "five", "99999999999999999999"} {
		cases = append(cases, refusal{"limit=" + limit, "q=Del&limit=" + limit, []string{noLimit}})
	}
	checkRefusals(t, "/v1/places", cases)
}

// namesakes are n places with the same name.
func namesakes(n int) []weather.Place {
	var places []weather.Place
	for i := range n {
		p := weather.NewPlace(float64(i), float64(-i))
		p.Name, p.Country, p.Admin = "Springfield", "US", "State "+strconv.Itoa(i)
		places = append(places, p)
	}
	return places
}

func TestPlacesLimitsItsList(t *testing.T) {
	g := newGateway(t)
	g.geocoding.Now(findsPlaces(namesakes(20)...))
	for query, want := range map[string]int{"": 5, "&limit=1": 1, "&limit=020": 20} {
		if got := len(g.get("/v1/places?q=Springfield" + query).places().Data); got != want {
			t.Errorf("%q: %d places, want %d", query, got, want)
		}
	}
	if n := g.geocoding.Sent(); n != 1 {
		t.Errorf("three limits took %d calls, want 1", n)
	}
}

func TestPlacesHaveAllKnownFields(t *testing.T) {
	g := newGateway(t)
	nameless := weather.NewPlace(-1.005, 179.999)
	nameless.Name = "Nowhere"
	g.geocoding.Now(findsPlaces(delhi, nameless))
	a := g.get("/v1/places?q=Del")
	a.wantStatus(http.StatusOK)
	want := `{"data":[{"name":"Delhi","admin":"Delhi","country":"IN","latitude":28.65,"longitude":77.23,"timezone":"Asia/Kolkata","population":10927986},` +
		`{"name":"Nowhere","latitude":-1.01,"longitude":180}],"meta":`
	if !strings.HasPrefix(string(a.body), want) {
		t.Errorf("%s = %s, want %s…", a.call, a.body, want)
	}
	if got := a.places().Meta; got.Status != "complete" || len(got.Sources) != 1 || got.Sources[0].Attribution != weather.OpenMeteoAttribution {
		t.Errorf("meta = %+v, want it complete, of geocoding alone with its attribution", got)
	}
}

func TestNoPlaceIsAnEmptyList(t *testing.T) {
	it(t, "caches for half a minute that there is none", func(t *testing.T) {
		g := newGateway(t)
		g.geocoding.Now(answers404)
		a := g.get("/v1/places?q=Nowhere")
		a.wantStatus(http.StatusOK)
		if !strings.HasPrefix(string(a.body), `{"data":[],`) {
			t.Errorf("%s = %s, want an empty list", a.call, a.body)
		}
		a.wantState("geocoding", "live", "")
		a.wantHeader("Cache-Control", "public, max-age=30, stale-while-revalidate=60, stale-if-error=86400")
		b := g.get("/v1/places?q=Nowhere")
		b.wantState("geocoding", "cached", "")
		b.wantHeader("Cache-Status", "tributary; hit; ttl=30")
		if n := g.geocoding.Sent(); n != 1 {
			t.Errorf("geocoding was asked %d times, want 1", n)
		}
	})
}

func TestPlacesReportLeftOutResults(t *testing.T) {
	it(t, "beside the readable places", func(t *testing.T) {
		g := newGateway(t)
		const detail = "1 of 2 left out: results[1].latitude: outside -90 to 90"
		g.geocoding.Now(sendsJSON(weather.Found{Places: []weather.Place{delhi}, LeftOut: detail}))
		for _, state := range []string{"live", "cached"} {
			a := g.get("/v1/places?q=Del")
			a.wantStatus(http.StatusOK)
			if got := a.places(); len(got.Data) != 1 || got.Meta.Status != "degraded" {
				t.Errorf("%d places, %s; want 1, degraded", len(got.Data), got.Meta.Status)
			}
			if s := a.wantState("geocoding", state, "invalid_response"); s.Error.Detail != detail {
				t.Errorf("detail = %q, want %q", s.Error.Detail, detail)
			}
		}
		time.Sleep(25 * time.Hour)
		g.get("/v1/places?q=Del").wantState("geocoding", "revalidating", "invalid_response")
	})

	it(t, "for the weather of a city too", func(t *testing.T) {
		g := newGateway(t)
		g.geocoding.Now(sendsJSON(weather.Found{Places: []weather.Place{delhi}, LeftOut: "1 of 2 left out: results[1].name: missing"}))
		a := g.get(city)
		a.wantStatus(http.StatusOK)
		a.wantState("geocoding", "live", "invalid_response")
		if got := a.weather().Meta.Status; got != "degraded" {
			t.Errorf("status = %s, want degraded", got)
		}
	})

	it(t, "but a stale answer has its error", func(t *testing.T) {
		g := newGateway(t)
		g.geocoding.Now(sendsJSON(weather.Found{Places: []weather.Place{delhi}, LeftOut: "1 of 2 left out: results[1].name: missing"}))
		g.get("/v1/places?q=Del")
		time.Sleep(72 * time.Hour)
		g.geocoding.Now(breaks)
		g.get("/v1/places?q=Del").wantState("geocoding", "stale", "server_error")
	})
}

func TestPlacesWithoutGeocoding(t *testing.T) {
	g := newGateway(t, func(s *setup) { s.without = []string{"geocoding"} })
	g.get("/v1/places?q=Delhi").problem(http.StatusNotImplemented, "not_configured")
	g.get("/v1/weather?city=Delhi").problem(http.StatusNotImplemented, "not_configured")
	if got := g.get("/v1/weather?lat=1&lon=2").weather().Meta.Status; got != "complete" {
		t.Errorf("weather by coordinates is %s, want complete", got)
	}
}

func TestPlacesWhenGeocodingFails(t *testing.T) {
	for _, c := range []struct {
		name string
		does behaviour
		want int
	}{
		{"it is a 502 when geocoding breaks", breaks, 502},
		{"it is a 503 when its quota is spent", answers(429, "", "Retry-After", "2"), 503},
		{"it is a 504 when it hangs", hangs, 504},
	} {
		it(t, c.name, func(t *testing.T) {
			g := newGateway(t)
			g.geocoding.Now(c.does)
			p := g.get("/v1/places?q=Delhi").problem(c.want, "all_sources_failed")
			if len(p.Sources) != 1 || p.Sources[0].Name != "geocoding" {
				t.Errorf("sources = %+v, want geocoding", p.Sources)
			}
		})
	}
}
