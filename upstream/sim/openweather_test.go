package sim_test

import (
	"math"
	"net/http"
	"testing"
	"time"

	"tributary/upstream/sim"
)

type openWeatherBody struct {
	Coord   struct{ Lon, Lat float64 }
	Weather []struct {
		ID                      int
		Main, Description, Icon string
	}
	Main struct {
		Temp      float64
		FeelsLike float64 `json:"feels_like"`
		Pressure  int
		Humidity  int
	}
	Visibility int
	Wind       struct {
		Speed float64
		Deg   *int
		Gust  *float64
	}
	Rain, Snow map[string]float64
	Clouds     struct{ All *int }
	DT         int64
	Sys        struct {
		Country         string
		Sunrise, Sunset int64
	}
	Timezone int
	ID       int
	Name     string
	Cod      int
}

func openWeather(t *testing.T, s *sim.Simulator, query string) openWeatherBody {
	t.Helper()
	got := get(t, s.URL(sim.OpenWeather)+"/data/2.5/weather?appid=key&"+query)
	if got.status != http.StatusOK {
		t.Fatalf("%s: status = %d: %s", query, got.status, got.body)
	}
	return decode[openWeatherBody](t, got)
}

func TestOpenWeatherCurrent(t *testing.T) {
	s := start(t, sim.Config{})
	got := openWeather(t, s, "lat=51.51&lon=-0.13&units=metric")
	if got.Name != "London" || got.Sys.Country != "GB" || got.ID != 2643743 || got.Timezone != 0 || got.Cod != 200 {
		t.Errorf("place = %+v", got)
	}
	if got.Coord.Lat != 51.51 || got.Coord.Lon != -0.13 {
		t.Errorf("coord = %+v, want what was asked for", got.Coord)
	}
	if age := noon.Unix() - got.DT; age < 0 || age > 600 {
		t.Errorf("dt is %d s old", age)
	}
	rise, set := time.Unix(got.Sys.Sunrise, 0).UTC(), time.Unix(got.Sys.Sunset, 0).UTC()
	if rise.Hour() != 7 || set.Hour() != 15 && set.Hour() != 16 || rise.Day() != 24 {
		t.Errorf("the sun rises %v and sets %v, want about 07:35 and 16:00", rise, set)
	}
	if len(got.Weather) != 1 || len(got.Weather[0].Icon) != 3 || got.Weather[0].Icon[2] != 'd' {
		t.Errorf("weather = %+v, want one with an icon of the day", got.Weather)
	}
	if got.Wind.Deg == nil || got.Clouds.All == nil || got.Visibility < 1 || got.Visibility > 10000 {
		t.Errorf("wind %+v, clouds %+v, visibility %d", got.Wind, got.Clouds, got.Visibility)
	}
	ocean := openWeather(t, s, "lat=0&lon=-140")
	if ocean.Name != "" || ocean.Sys.Country != "" || ocean.Timezone != -9*3600 {
		t.Errorf("on the ocean: %+v", ocean)
	}
	if pole := openWeather(t, s, "lat=89&lon=0"); pole.Sys.Sunrise != 0 || pole.Sys.Sunset != 0 {
		t.Errorf("in the polar night the sun rises %d and sets %d", pole.Sys.Sunrise, pole.Sys.Sunset)
	}
}

func TestOpenWeatherUnits(t *testing.T) {
	s := start(t, sim.Config{})
	metric := openWeather(t, s, "lat=28.65&lon=77.23&units=metric")
	kelvin := openWeather(t, s, "lat=28.65&lon=77.23")
	imperial := openWeather(t, s, "lat=28.65&lon=77.23&units=imperial")
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 0.02 {
			t.Errorf("%s = %v, want %v", what, got, want)
		}
	}
	near("K", kelvin.Main.Temp, metric.Main.Temp+273.15)
	near("°F", imperial.Main.Temp, metric.Main.Temp*1.8+32)
	near("m/s by default", kelvin.Wind.Speed, metric.Wind.Speed)
	near("mph", imperial.Wind.Speed, metric.Wind.Speed*2.236936)
}

func TestOpenWeatherByName(t *testing.T) {
	s := start(t, sim.Config{})
	for q, id := range map[string]int{"London": 2643743, "london,CA": 6058560, "London,Ontario,CA": 6058560, "Москва": 524901, "Place-7": 100000007} {
		if got := openWeather(t, s, "q="+q); got.ID != id {
			t.Errorf("q=%s: id = %d, want %d", q, got.ID, id)
		}
	}
}

func TestOpenWeatherRainAndSnowOnlyWhenWet(t *testing.T) {
	s := start(t, sim.Config{})
	wet, dry, gusty, calm := 0, 0, 0, 0
	for lat := -60; lat <= 70; lat += 10 {
		for lon := -180; lon < 180; lon += 40 {
			got := openWeather(t, s, "lat="+itoa(lat)+"&lon="+itoa(lon))
			falls := len(got.Rain) + len(got.Snow)
			switch group := got.Weather[0].ID / 100; {
			case group < 7 && falls != 1 || group >= 7 && falls != 0:
				t.Errorf("%d,%d: %+v with rain %v, snow %v", lat, lon, got.Weather, got.Rain, got.Snow)
			case group == 6 && got.Snow["1h"] <= 0:
				t.Errorf("%d,%d: snow = %v", lat, lon, got.Snow)
			case group < 7:
				wet++
			default:
				dry++
			}
			if got.Wind.Gust == nil {
				calm++
			} else if gusty++; *got.Wind.Gust < got.Wind.Speed {
				t.Errorf("%d,%d: gust %v under speed %v", lat, lon, *got.Wind.Gust, got.Wind.Speed)
			}
		}
	}
	if wet == 0 || dry == 0 || gusty == 0 || calm == 0 {
		t.Errorf("wet %d, dry %d, gusty %d, calm %d places: want some of each", wet, dry, gusty, calm)
	}
}

func TestOpenWeatherForecast(t *testing.T) {
	s := start(t, sim.Config{})
	got := get(t, s.URL(sim.OpenWeather)+"/data/2.5/forecast?lat=28.65&lon=77.23&appid=key&cnt=3")
	body := decode[struct {
		Cod  string
		Cnt  int
		List []struct {
			DT   int64
			Text string `json:"dt_txt"`
		}
		City struct {
			Name     string
			Timezone int
		}
	}](t, got)
	if body.Cod != "200" || body.Cnt != 3 || len(body.List) != 3 || body.City.Name != "Delhi" || body.City.Timezone != 19800 {
		t.Errorf("forecast = %s", got.body)
	}
	if body.List[0].Text != "2026-11-24 15:00:00" || body.List[1].DT-body.List[0].DT != 3*3600 {
		t.Errorf("list = %+v, want every three hours from 15:00", body.List)
	}
}

func TestOpenWeatherRefuses(t *testing.T) {
	s := start(t, sim.Config{OpenWeatherKey: "right"})
	for _, tt := range []struct {
		path   string
		status int
		body   string
	}{
		{"/data/2.5/weather?lat=1&lon=2", 401, `{"cod":401, "message": "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."}`},
		{"/data/2.5/weather?lat=1&lon=2&appid=wrong", 401, `{"cod":401, "message": "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."}`},
		{"/data/2.5/weather?lat=1&lon=2&appid=", 401, `{"cod":401, "message": "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."}`},
		{"/data/2.5/weather?appid=right", 400, `{"cod":"400","message":"Nothing to geocode"}`},
		{"/data/2.5/weather?lat=91&lon=2&appid=right", 400, `{"cod":"400","message":"wrong latitude"}`},
		{"/data/2.5/weather?lat=1&lon=east&appid=right", 400, `{"cod":"400","message":"wrong longitude"}`},
		{"/data/2.5/weather?lat=1&appid=right", 400, `{"cod":"400","message":"wrong longitude"}`},
		{"/data/2.5/weather?q=Nowhere&appid=right", 404, `{"cod":"404","message":"city not found"}`},
		{"/data/2.5/onecall?appid=right", 404, `{"cod":"404","message":"Internal error"}`},
	} {
		if got := get(t, s.URL(sim.OpenWeather)+tt.path); got.status != tt.status || got.body != tt.body {
			t.Errorf("%s: %d %s, want %d %s", tt.path, got.status, got.body, tt.status, tt.body)
		}
	}
	if got := get(t, s.URL(sim.OpenWeather)+"/data/2.5/weather?q=Paris&appid=right").status; got != http.StatusOK {
		t.Errorf("the right key: %d, want 200", got)
	}
}

func TestOpenWeatherCacheKeyKeepsTheSecret(t *testing.T) {
	s := start(t, sim.Config{})
	got := get(t, s.URL(sim.OpenWeather)+"/data/2.5/weather?appid=SECRET&q=New+York,NY,US").header.Get("X-Cache-Key")
	if want := "/data/2.5/weather?q=new+york%2cny%2cus"; got != want {
		t.Errorf("X-Cache-Key = %q, want %q", got, want)
	}
}
