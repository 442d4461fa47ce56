package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/air"
	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

type (
	fake      = upstreamtest.Fake
	behaviour = upstreamtest.Behaviour
)

var (
	newFake   = upstreamtest.NewFake
	answers   = upstreamtest.Answers
	sendsJSON = upstreamtest.JSON
	hangs     = upstreamtest.Hangs
	after     = upstreamtest.After
)

// observations is a source of reports from a fake, which sends the domain's own types as
// JSON: the formats of providers are tested in their packages.
func observations(name string) upstream.Spec[weather.Place, *weather.PackedReport] {
	return reportsAt[weather.PackedReport](name, "/report")
}

// airObservations asks a fake for reports of the air.
func airObservations(name string) upstream.Spec[weather.Place, *air.Report] {
	return reportsAt[air.Report](name, "/air")
}

// forecasts asks a fake for series.
func forecasts(name string) upstream.Spec[weather.Place, *weather.PackedSeries] {
	return reportsAt[weather.PackedSeries](name, "/forecast")
}

func reportsAt[R any](name, path string) upstream.Spec[weather.Place, *R] {
	return upstream.Spec[weather.Place, *R]{
		Name:  name,
		Route: path,
		Key:   weather.Place.Key,
		Request: func(ctx context.Context, p weather.Place) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, path+"?at="+p.Key(), nil)
		},
		Decode: func(r upstream.Response) (*R, error) {
			if string(r.Body) == nothingNow {
				return nil, upstream.Errorf(upstream.CodeNoData, "no value now: the observation is more than 3 hours old")
			}
			report := new(R)
			return report, json.Unmarshal(r.Body, report)
		},
	}
}

// lookups is a source of places from a fake.
var lookups = upstream.Spec[weather.PlaceQuery, weather.Found]{
	Name:  "geocoding",
	Route: "/places",
	Key:   func(q weather.PlaceQuery) string { return q.Country + ":" + q.Name },
	Request: func(ctx context.Context, q weather.PlaceQuery) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, "/places?country="+q.Country+"&name="+url.QueryEscape(q.Name), nil)
	},
	Decode: func(r upstream.Response) (found weather.Found, err error) {
		return found, json.Unmarshal(r.Body, &found)
	},
}

var delhi = func() weather.Place {
	p := weather.NewPlace(28.65195, 77.23149)
	p.Name, p.Admin, p.Country, p.Timezone = "Delhi", "Delhi", "IN", "Asia/Kolkata"
	p.Population = new(int64(10_927_986))
	return p
}()

// report is a report whose values grow with number.
func report(number float64) *weather.Report {
	return &weather.Report{
		ObservedAt:    time.Now().UTC().Truncate(time.Second),
		Temperature:   new(20 + number),
		Humidity:      new(40 + number),
		WindSpeed:     new(3.0),
		WindDirection: new(90.0),
		Condition:     weather.PartlyCloudy,
		IsDay:         new(true),
	}
}

// airReport is dirtier the greater the number.
func airReport(number float64) *air.Report {
	return &air.Report{
		ObservedAt: time.Now().UTC().Truncate(time.Second),
		Pollutants: air.Pollutants{
			PM25: new(8 + number), PM10: new(12 + number), Ozone: new(50 + number), NitrogenDioxide: new(9 + number),
			SulphurDioxide: new(2 + number), CarbonMonoxide: new(200 + number), Ammonia: new(1 + number),
		},
		USAQI:  new(47 + number),
		Pollen: air.Pollen{Alder: new(0.0), Birch: new(0.0), Grass: new(2.5), Mugwort: new(0.0), Olive: new(1.0), Ragweed: new(0.0)},
	}
}

// series is a forecast of ten days from yesterday on, warmer the greater the number. That
// of number 0 has the sun.
func series(number float64) *weather.PackedSeries {
	s := &weather.Series{Timezone: "Asia/Kolkata"}
	from := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	for i := range 240 {
		s.Steps = append(s.Steps, weather.Step{
			At: from.Add(time.Duration(i) * time.Hour), Hours: 1,
			Temperature: new(20 + number + float64(i%24)/4), FeelsLike: new(19 + number), Humidity: new(40 + number), Pressure: new(1010 + number),
			CloudCover: new(30 + number), WindSpeed: new(3 + number), WindDirection: new(90 + number), UVIndex: new(4 + number),
			Precipitation: new(0.1), PrecipitationProbability: new(20 + number), WindGust: new(8 + number), Condition: weather.Rain,
		})
		if number == 0 && i%24 == 0 {
			midnight := from.Add(time.Duration(i) * time.Hour)
			s.Sun = append(s.Sun, weather.Sun{Rise: midnight.Add(time.Hour), Set: midnight.Add(12 * time.Hour)})
		}
	}
	return s.Pack()
}

// reports answers with report(number), of now, with that of the air, or with a forecast.
func reports(number float64) behaviour {
	return func(r *http.Request) (*http.Response, error) {
		switch r.URL.Path {
		case "/air":
			return sendsJSON(airReport(number))(r)
		case "/forecast":
			return sendsJSON(series(number))(r)
		}
		return sendsJSON(report(number))(r)
	}
}

// knows answers every name with these places.
func findsPlaces(places ...weather.Place) behaviour { return sendsJSON(weather.Found{Places: places}) }

// answers404 answers with a 404.
var answers404 = answers(http.StatusNotFound, "")

// nothingNow is the body of a valid report without data.
const nothingNow = `"nothing now"`

var hasNoData = answers(http.StatusOK, nothingNow)

var breaks = answers(http.StatusInternalServerError, "")

func refuses(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }

// all changes the behaviour of every weather provider.
func (g *gateway) all(b behaviour) {
	for _, f := range []*fake{g.openmeteo, g.metno, g.openweather} {
		f.Now(b)
	}
}

// asked returns the number of requests to all upstreams.
func (g *gateway) asked() int {
	return g.geocoding.Sent() + g.openmeteo.Sent() + g.metno.Sent() + g.openweather.Sent() +
		g.openmeteoAir.Sent() + g.directory.Sent() + g.github.Sent()
}

// cacheFor is a lifetime after which nothing is served.
func cacheFor(d time.Duration) cache.Lifetimes {
	return cache.Lifetimes{FreshFor: d, StaleFor: d}
}
