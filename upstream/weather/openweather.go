package weather

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// openWeatherMostVisibility is OpenWeather's cap: 10 km means "10 km or more". Older
// answers have a cap of 16093 m, ten miles.
const openWeatherMostVisibility = 10_000 // m

// OpenWeather gets the current weather from OpenWeather; the upstream adds the key.
// https://openweathermap.org/current
func OpenWeather() upstream.Spec[Place, *PackedReport] {
	return upstream.Spec[Place, *PackedReport]{
		Name:  "openweather",
		Route: "/data/2.5/weather",
		Key:   Place.Key,
		Request: func(ctx context.Context, p Place) (*http.Request, error) {
			return aggregate.Get(ctx, "/data/2.5/weather?"+p.Query("lat", "lon")+"&units=metric")
		},
		Decode:     packed(decodeOpenWeather),
		Forbidden:  upstream.ThisSource, // a 403 concerns our key or plan
		LimitPause: time.Minute,         // the quota of the free plan is per minute
		MinFresh:   MinFresh,
	}
}

// openWeatherAnswer declares no units. With units=metric they are °C, hPa, m/s, mm
// and m.
type openWeatherAnswer struct {
	OpenWeatherStatus
	Coord object[struct {
		Lat number `json:"lat"`
	}] `json:"coord"`
	Weather    []object[openWeatherSky]  `json:"weather"`
	Main       object[openWeatherMain]   `json:"main"`
	Visibility number                    `json:"visibility"`
	Wind       object[openWeatherWind]   `json:"wind"`
	Rain       object[openWeatherFall]   `json:"rain"`
	Snow       object[openWeatherFall]   `json:"snow"`
	Clouds     object[openWeatherClouds] `json:"clouds"`
	DT         number                    `json:"dt"`
}

type openWeatherSky struct {
	ID   number `json:"id"`
	Icon text   `json:"icon"` // the name of an icon; "d" or "n" at its end is day or night
}

type openWeatherMain struct {
	Temp        number `json:"temp"`
	FeelsLike   number `json:"feels_like"`
	Pressure    number `json:"pressure"`
	SeaLevel    number `json:"sea_level"`
	GroundLevel number `json:"grnd_level"`
	Humidity    number `json:"humidity"`
}

type openWeatherWind struct {
	Speed number `json:"speed"`
	Deg   number `json:"deg"`
	Gust  number `json:"gust"`
}

type openWeatherClouds struct {
	All number `json:"all"`
}

func decodeOpenWeather(r upstream.Response) (*Report, error) {
	var a openWeatherAnswer
	if err := upstream.DecodeJSON(r.Body, '{', &a); err != nil {
		return nil, err
	}
	if err := a.Refused(); err != nil {
		return nil, err
	}
	report, err := a.report()
	if err != nil {
		return nil, err
	}
	if err := report.validate(r.At); err != nil {
		return nil, err
	}
	if err := a.plausible(report); err != nil {
		return nil, err
	}
	return report, nil
}

func (a *openWeatherAnswer) report() (*Report, error) {
	if a.Main.Kind != jsontext.KindBeginObject {
		return nil, aggregate.Unusable("main", a.Main.Kind)
	}
	main, wind := &a.Main.Value, &a.Wind.Value
	if !main.Temp.Known {
		return nil, aggregate.Unusable("main.temp", main.Temp.Kind)
	}
	observedAt, err := aggregate.UnixTime("dt", a.DT)
	if err != nil {
		return nil, err
	}
	report := &Report{
		ObservedAt:       observedAt,
		Temperature:      main.Temp.Pointer(),
		FeelsLike:        main.FeelsLike.Pointer(),
		Humidity:         main.Humidity.Pointer(),
		Pressure:         main.pressure(),
		WindSpeed:        wind.Speed.Pointer(),
		WindGust:         wind.Gust.Pointer(),
		WindDirection:    wind.Deg.Pointer(),
		CloudCover:       a.Clouds.Value.All.Pointer(),
		Precipitation:    a.precipitation(),
		Visibility:       a.Visibility.Pointer(),
		VisibilityCapped: a.Visibility.Value >= openWeatherMostVisibility,
		Condition:        Unknown,
	}
	if len(a.Weather) > 0 { // the first is the primary one
		sky := &a.Weather[0].Value
		report.Condition, report.IsDay = openWeatherCondition(sky.ID.Pointer()), sky.isDay()
	}
	return report, nil
}

// pressure returns the pressure at sea level. "pressure" is documented as the same
// value, but has been the pressure at the station's height: if it equals
// "grnd_level", it is ignored.
func (m *openWeatherMain) pressure() *float64 {
	switch {
	case m.SeaLevel.Known && m.SeaLevel.Value >= minPressure && m.SeaLevel.Value <= maxPressure:
		return m.SeaLevel.Pointer()
	case m.GroundLevel.Known && m.GroundLevel.Value == m.Pressure.Value:
		return nil
	}
	return m.Pressure.Pointer()
}

func (s *openWeatherSky) isDay() *bool {
	switch icon := string(s.Icon); {
	case strings.HasSuffix(icon, "d"):
		return new(true)
	case strings.HasSuffix(icon, "n"):
		return new(false)
	}
	return nil
}

// plausible detects °F, because the unit is not declared: beyond 40° of latitude
// nobody has ever measured 50 °C. In warmer places and in cold weather °F is not
// detected.
func (a *openWeatherAnswer) plausible(report *Report) error {
	return openWeatherPlausible(a.Coord.Value.Lat.Value, *report.Temperature)
}

// openWeatherPlausible takes a latitude of 0 where it is unknown.
func openWeatherPlausible(latitude, temperature float64) error {
	if math.Abs(latitude) > 40 && temperature > 50 {
		return fmt.Errorf("temperature: %g cannot be °C at latitude %g", temperature, latitude)
	}
	return nil
}
