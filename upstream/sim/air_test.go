package sim_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/upstream/sim"
)

const airOf = "/v1/air-quality?latitude=%g&longitude=%g&current=pm2_5,pm10,ozone,nitrogen_dioxide,sulphur_dioxide,carbon_monoxide,ammonia,us_aqi,european_aqi,grass_pollen"

type airAnswer struct {
	Units   map[string]string `json:"current_units"`
	Current struct {
		Time     string   `json:"time"`
		Interval int      `json:"interval"`
		PM25     *float64 `json:"pm2_5"`
		PM10     *float64 `json:"pm10"`
		Ammonia  *float64 `json:"ammonia"`
		USAQI    *float64 `json:"us_aqi"`
		EAQI     *float64 `json:"european_aqi"`
		Grass    *float64 `json:"grass_pollen"`
	} `json:"current"`
}

func TestOpenMeteoAir(t *testing.T) {
	s := start(t, sim.Config{Now: func() time.Time { return time.Date(2026, 6, 24, 12, 34, 56, 0, time.UTC) }})
	ask := func(lat, lon float64) airAnswer {
		t.Helper()
		r := get(t, s.URL(sim.OpenMeteoAir)+fmt.Sprintf(airOf, lat, lon))
		if r.status != http.StatusOK {
			t.Fatalf("status = %d, body %s", r.status, r.body)
		}
		return decode[airAnswer](t, r)
	}
	berlin, delhi := ask(52.52, 13.41), ask(28.65, 77.23)
	if c := berlin.Current; c.Time != "2026-06-24T12:00" || c.Interval != 3600 {
		t.Errorf("time = %s, interval = %d; want the hour", c.Time, c.Interval)
	}
	for name, unit := range map[string]string{"pm2_5": "μg/m³", "ammonia": "μg/m³", "us_aqi": "USAQI", "european_aqi": "EAQI", "grass_pollen": "grains/m³"} {
		if got := delhi.Units[name]; got != unit {
			t.Errorf("unit of %s = %q, want %q", name, got, unit)
		}
	}
	if c := berlin.Current; c.Grass == nil || *c.Grass <= 0 || c.Ammonia == nil {
		t.Errorf("grass = %v, ammonia = %v in Europe in June; want both", c.Grass, c.Ammonia)
	}
	if c := delhi.Current; c.Grass != nil || c.Ammonia != nil || c.PM25 == nil || c.USAQI == nil || c.EAQI == nil {
		t.Errorf("current = %+v outside Europe, want null for pollen and ammonia alone", c)
	}
	if again := ask(28.65, 77.23); *again.Current.PM25 != *delhi.Current.PM25 {
		t.Errorf("pm2_5 = %g and then %g in the same hour", *delhi.Current.PM25, *again.Current.PM25)
	}
}

func TestOpenMeteoAirRefuses(t *testing.T) {
	s := start(t, sim.Config{})
	for path, want := range map[string]struct {
		status int
		reason string
	}{
		"/v1/air-quality?latitude=1&longitude=2&current=temperature_2m": {400, "temperature_2m for key current"},
		"/v1/air-quality?latitude=91&longitude=2":                       {400, "Latitude must be in range"},
		"/v1/air-quality?latitude=1":                                    {400, "Value required for key 'longitude'."},
		"/v1/forecast?latitude=1&longitude=2":                           {404, "Not Found"},
	} {
		if r := get(t, s.URL(sim.OpenMeteoAir)+path); r.status != want.status || !strings.Contains(r.body, want.reason) {
			t.Errorf("%s = %d %s, want %d with %q", path, r.status, r.body, want.status, want.reason)
		}
	}
}

func TestAirOfTheProvidersIsNearButNotEqual(t *testing.T) {
	s := start(t, sim.Config{})
	type openWeather struct {
		List []struct {
			Main       struct{ AQI int }
			Components map[string]float64
			DT         int64
		}
	}
	differ := 0
	for _, at := range [][2]float64{{28.65, 77.23}, {52.52, 13.41}, {-33.87, 151.21}, {0, 0}} {
		one := decode[airAnswer](t, get(t, s.URL(sim.OpenMeteoAir)+fmt.Sprintf(airOf, at[0], at[1])))
		r := get(t, s.URL(sim.OpenWeather)+fmt.Sprintf("/data/2.5/air_pollution?lat=%g&lon=%g&appid=key", at[0], at[1]))
		other := decode[openWeather](t, r)
		if len(other.List) != 1 || other.List[0].DT != noon.Unix() || other.List[0].Main.AQI < 1 || other.List[0].Main.AQI > 5 || len(other.List[0].Components) != 8 {
			t.Fatalf("air of OpenWeather = %s", r.body)
		}
		a, b := *one.Current.PM25, other.List[0].Components["pm2_5"]
		if b < 0.5*a || b > 2*a {
			t.Errorf("pm2_5 at %v = %g and %g, want them near", at, a, b)
		}
		if a != b {
			differ++
		}
	}
	if differ == 0 {
		t.Error("the providers agree everywhere")
	}
}

func TestOpenWeatherAirRefuses(t *testing.T) {
	s := start(t, sim.Config{})
	for path, want := range map[string]string{
		"/data/2.5/air_pollution?lat=1&lon=2":           `{"cod":401, "message": "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."}`,
		"/data/2.5/air_pollution?lat=x&lon=2&appid=key": `{"cod":"400","message":"wrong latitude"}`,
		"/data/2.5/air_pollution?q=Delhi&appid=key":     `{"cod":"400","message":"Nothing to geocode"}`,
	} {
		if r := get(t, s.URL(sim.OpenWeather)+path); r.body != want {
			t.Errorf("%s = %d %s, want %s", path, r.status, r.body, want)
		}
	}
}
