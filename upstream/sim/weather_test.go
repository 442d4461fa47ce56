package sim

import (
	"math"
	"strings"
	"testing"
	"time"
)

// everywhere calls f for a grid over the globe and, at each point, for hours of a whole
// year.
func everywhere(f func(lat, lon float64, at time.Time)) {
	newYear := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for lat := -90.0; lat <= 90; lat += 7.5 {
		for lon := -180.0; lon <= 180; lon += 15 {
			for hour := 0; hour < 365*24; hour += 173 {
				f(lat, lon, newYear.Add(time.Duration(hour)*time.Hour))
			}
		}
	}
}

func TestWeatherIsPossibleEverywhere(t *testing.T) {
	for _, m := range []model{openMeteoModel, openWeatherModel, metNorwayModel} {
		everywhere(func(lat, lon float64, at time.Time) {
			w := m.at(lat, lon, at)
			for what, ok := range map[string]bool{
				"temperature":   w.temperature >= -60 && w.temperature <= 50,
				"feels like":    math.Abs(w.feelsLike-w.temperature) < 25,
				"dew point":     w.dewPoint <= w.temperature && w.dewPoint > -90,
				"humidity":      w.humidity > 0 && w.humidity <= 100,
				"pressure":      w.pressure >= 985 && w.pressure <= 1041,
				"wind":          w.windSpeed >= 0 && w.windSpeed < 40,
				"gust":          w.windGust >= w.windSpeed && w.windGust < 60,
				"wind from":     w.windFrom >= 0 && w.windFrom < 360,
				"cloud":         w.cloud >= 0 && w.cloud <= 100,
				"precipitation": w.precipitation == 0 || w.precipitation >= 0.1 && w.precipitation < 30,
				"visibility":    w.visibility >= 100 && w.visibility <= 50000,
				"condition":     w.condition != nil,
			} {
				if !ok {
					t.Fatalf("%v at %v,%v on %v: %s of %+v", m, lat, lon, at, what, w)
				}
			}
			wet := w.condition.wmo >= 51
			snows := w.condition.isSnow()
			if wet != (w.precipitation > 0) || snows && w.temperature > 0 || wet && !snows && w.temperature <= -1 {
				t.Fatalf("%v at %v,%v on %v: %+v with %.1f mm/h at %.1f °C", m, lat, lon, at, *w.condition, w.precipitation, w.temperature)
			}
			if w.cloud < 40 && wet {
				t.Fatalf("%v at %v,%v on %v: %+v from %.0f %% of cloud", m, lat, lon, at, *w.condition, w.cloud)
			}
		})
	}
}

func TestProvidersDifferALittle(t *testing.T) {
	differ, total := 0, 0
	everywhere(func(lat, lon float64, at time.Time) {
		a, b := openMeteoModel.at(lat, lon, at), metNorwayModel.at(lat, lon, at)
		total++
		if math.Abs(a.temperature-b.temperature) >= 0.1 {
			differ++
		}
		if apart := math.Abs(a.temperature - b.temperature); apart > 3 {
			t.Fatalf("at %v,%v on %v: %.1f and %.1f °C", lat, lon, at, a.temperature, b.temperature)
		}
		if math.Abs(a.pressure-b.pressure) > 2 {
			t.Fatalf("at %v,%v on %v: %.1f and %.1f hPa", lat, lon, at, a.pressure, b.pressure)
		}
	})
	if differ < total/2 {
		t.Errorf("temperatures differ in %d of %d cases, want most", differ, total)
	}
}

func TestEveryConditionOccurs(t *testing.T) {
	seen := map[string]bool{}
	everywhere(func(lat, lon float64, at time.Time) {
		w := openMeteoModel.at(lat, lon, at)
		seen[w.condition.metSymbol(w.sun, lat)] = true
	})
	for _, symbol := range strings.Fields("clearsky_day clearsky_night clearsky_polartwilight fair_day partlycloudy_day cloudy fog " +
		"lightrain rain lightrainshowers_day rainshowers_night sleet lightsnow snow lightsnowshowers_day rainandthunder") {
		if !seen[symbol] {
			t.Errorf("no %s anywhere in a year", symbol)
		}
	}
}

func TestWeatherMeetsAtTheDateLine(t *testing.T) {
	east := openMeteoModel.at(-17, 180, time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	west := openMeteoModel.at(-17, -180, time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	if math.Abs(east.temperature-west.temperature) > 1e-6 || math.Abs(east.pressure-west.pressure) > 1e-6 {
		t.Errorf("%+v east of it, %+v west of it", east, west)
	}
}

func TestSun(t *testing.T) {
	for _, tt := range []struct {
		name     string
		lat, lon float64
		at       string
		up       bool
	}{
		{"noon in London", 51.5, -0.1, "2026-11-24T12:00:00Z", true},
		{"midnight in London", 51.5, -0.1, "2026-11-24T00:00:00Z", false},
		{"noon in Delhi", 28.65, 77.23, "2026-11-24T06:30:00Z", true},
		{"evening in Delhi", 28.65, 77.23, "2026-11-24T13:30:00Z", false},
		{"the midnight sun", 78.22, 15.65, "2026-06-21T23:00:00Z", true},
		{"the polar night", 78.22, 15.65, "2026-12-21T11:00:00Z", false},
		{"noon on the date line", 0, 180, "2026-03-20T00:00:00Z", true},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := sunAt(tt.lat, tt.lon, at); got.up() != tt.up {
			t.Errorf("%s: sun at %.1f°, want up = %v", tt.name, got.elevation, tt.up)
		}
	}
}

func BenchmarkMetNorwayForecast(b *testing.B) {
	from := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for b.Loop() {
		metQuery{59.91, 10.75, 26}.write(from)
	}
}
