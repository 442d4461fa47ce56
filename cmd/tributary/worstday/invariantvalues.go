package worstday

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// report is what the answers about places have in common.
type report struct {
	Place struct {
		Name      string  `json:"name"`
		Latitude  float64 `json:"latitude"`
		Longitude float64 `json:"longitude"`
	} `json:"place"`
	Units       map[string]string `json:"units"`
	Temperature *float64          `json:"temperature"`
	PM25        *float64          `json:"pm2_5"`
	Hourly      []struct {
		Time        time.Time `json:"time"`
		Temperature *float64  `json:"temperature"`
	} `json:"hourly"`
}

// aboutTheQuestion: a value is of the place and in the unit that was asked for: it lies
// among those that the providers have for that place and those hours.
func (m *Model) aboutTheQuestion(a Answer, p piece) {
	if p.Status >= 400 || a.Status != http.StatusOK {
		return
	}
	switch p.subject.kind {
	case aboutWeather, aboutForecast, aboutAir:
	default:
		return
	}
	var r report
	if err := json.Unmarshal(p.Data, &r); err != nil {
		m.violate("an answer about a place has its form", "%v\n%s", err, a)
		return
	}
	lat, lon := coordinate(p.subject.lat), coordinate(p.subject.lon)
	if p.subject.name != "" {
		town := townCalled(p.subject.name)
		lat, lon = coordinate(town.lat), coordinate(town.lon)
	}
	if r.Place.Latitude != lat || r.Place.Longitude != lon || r.Place.Name != p.subject.name && p.subject.name != "" {
		m.violate("an answer is about the place that was asked for", "%+v\n%s", r.Place, a)
		return
	}
	if p.subject.kind == aboutWeather && (r.Units["temperature"] == "°F") != p.subject.imperial {
		m.violate("an answer is in the units that were asked for", "%v\n%s", r.Units, a)
	}
	switch {
	case r.Temperature != nil:
		m.among(a, p, "temperature", inCelsius(*r.Temperature, p.subject.imperial), lat, lon)
	case r.PM25 != nil:
		m.among(a, p, "pm2_5", *r.PM25, lat, lon)
	}
	for i, h := range r.Hourly {
		if i < 3 && h.Temperature != nil {
			m.amongAll(a, h.Time, *h.Temperature, lat, lon)
		}
	}
}

func coordinate(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64)
	return v
}

func townCalled(name string) place {
	for _, p := range places {
		if p.name == name {
			return p
		}
	}
	return place{}
}

func inCelsius(v float64, imperial bool) float64 {
	if imperial {
		return (v - 32) / 1.8
	}
	return v
}

// slowest is the most by which a value may be older than its answer: a provider takes it
// when the call arrives.
const slowest = 2 * time.Second

// among: a merged value is not below the least, nor above the greatest of its sources.
func (m *Model) among(a Answer, p piece, what string, v, lat, lon float64) {
	least, most := math.Inf(1), math.Inf(-1)
	for _, s := range p.Meta.Sources {
		if !s.hasValue() || s.Name == "geocoding" {
			continue
		}
		from := m.start.Add(a.Ended - time.Duration(s.Age*float64(time.Second)) - ageSlack - slowest - m.slack)
		for at := from.Truncate(time.Hour); !at.After(m.start.Add(a.Ended)); at = at.Add(time.Hour) {
			t := truth.value(s.Name, what, lat, lon, at)
			least, most = min(least, t), max(most, t)
		}
	}
	if v < least-0.11 || v > most+0.11 {
		m.violate("a value is that of its place and hour", "%s %g is not from %g to %g\n%s", what, v, least, most, a)
	}
}

// amongAll is among for an hour of a forecast, of which all providers may have a say.
func (m *Model) amongAll(a Answer, at time.Time, v, lat, lon float64) {
	least, most := math.Inf(1), math.Inf(-1)
	for _, source := range []string{"openmeteo", "metno", "openweather"} {
		t := truth.value(source, "temperature", lat, lon, at)
		least, most = min(least, t), max(most, t)
	}
	if v < least-0.11 || v > most+0.11 {
		m.violate("a value is that of its place and hour", "temperature %g at %s is not from %g to %g\n%s", v, at, least, most, a)
	}
}
