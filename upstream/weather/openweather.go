package weather

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
)

// openWeatherMostVisibility is OpenWeather's cap: 10 km means "10 km or more". Older
// answers have a cap of 16093 m, ten miles.
const openWeatherMostVisibility = 10_000 // m

// OpenWeather gets the current weather from OpenWeather; the upstream adds the key.
// https://openweathermap.org/current
func OpenWeather() upstream.Spec[Place, *Report] {
	return upstream.Spec[Place, *Report]{
		Name:  "openweather",
		Route: "/data/2.5/weather",
		Key:   Place.Key,
		Request: func(ctx context.Context, p Place) (*http.Request, error) {
			return get(ctx, "/data/2.5/weather?lat="+degrees(p.Latitude)+"&lon="+degrees(p.Longitude)+"&units=metric")
		},
		Decode:     decodeOpenWeather,
		Forbidden:  upstream.ThisSource, // a 403 concerns our key or plan
		LimitPause: time.Minute,         // the quota of the free plan is per minute
		MinFresh:   minFresh,
	}
}

// openWeatherAnswer declares no units. With units=metric they are °C, hPa, m/s, mm
// and m.
type openWeatherAnswer struct {
	Cod   jsontext.Value `json:"cod"` // a number, or a string of digits
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

type openWeatherFall struct {
	OneHour    number `json:"1h"`
	ThreeHours number `json:"3h"` // in older answers
}

func decodeOpenWeather(r upstream.Response) (*Report, error) {
	var a openWeatherAnswer
	if err := upstream.DecodeJSON(r.Body, '{', &a); err != nil {
		return nil, err
	}
	if err := a.refused(); err != nil {
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

// refused reads cod, because OpenWeather has sent errors with status 200. A cod has
// the meaning of the HTTP status of that number.
func (a *openWeatherAnswer) refused() error {
	text := strings.Trim(string(a.Cod), `"`)
	if text == "" || text == "null" {
		return nil
	}
	cod, _ := strconv.ParseFloat(text, 64)
	code := upstream.CodeBadRequest
	switch {
	case cod >= 200 && cod < 300:
		return nil
	case !(cod >= 400 && cod < 600):
		return fmt.Errorf("cod: %.12q in an answer with status 200", text)
	case cod == http.StatusUnauthorized:
		code = upstream.CodeUnauthorized
	case cod == http.StatusForbidden, cod == http.StatusUnavailableForLegalReasons:
		code = upstream.CodeForbidden
	case cod == http.StatusNotFound, cod == http.StatusGone:
		return notCovered(http.StatusOK)
	case cod == http.StatusRequestTimeout:
		code = upstream.CodeTimeout
	case cod == http.StatusTooManyRequests:
		code = upstream.CodeRateLimited
	case cod >= 500:
		code = upstream.CodeServerError
	}
	return upstream.Errorf(code, "cod %g in an answer with status 200", cod)
}

func (a *openWeatherAnswer) report() (*Report, error) {
	if a.Main.kind != jsontext.KindBeginObject {
		return nil, unusable("main", a.Main.kind)
	}
	main, wind := &a.Main.value, &a.Wind.value
	if !main.Temp.known {
		return nil, unusable("main.temp", main.Temp.kind)
	}
	observedAt, err := unixTime("dt", a.DT)
	if err != nil {
		return nil, err
	}
	report := &Report{
		ObservedAt:       observedAt,
		Temperature:      main.Temp.pointer(),
		FeelsLike:        main.FeelsLike.pointer(),
		Humidity:         main.Humidity.pointer(),
		Pressure:         main.pressure(),
		WindSpeed:        wind.Speed.pointer(),
		WindGust:         wind.Gust.pointer(),
		WindDirection:    wind.Deg.pointer(),
		CloudCover:       a.Clouds.value.All.pointer(),
		Precipitation:    a.precipitation(),
		Visibility:       a.Visibility.pointer(),
		VisibilityCapped: a.Visibility.value >= openWeatherMostVisibility,
		Condition:        Unknown,
	}
	if len(a.Weather) > 0 { // the first is the primary condition
		sky := &a.Weather[0].value
		report.Condition, report.IsDay = openWeatherCondition(sky.ID.pointer()), sky.isDay()
	}
	return report, nil
}

// pressure returns the pressure at sea level. "pressure" is documented as the same
// value, but has been the pressure at the station's height: if it equals
// "grnd_level", it is ignored.
func (m *openWeatherMain) pressure() *float64 {
	switch {
	case m.SeaLevel.known && m.SeaLevel.value >= minPressure && m.SeaLevel.value <= maxPressure:
		return m.SeaLevel.pointer()
	case m.GroundLevel.known && m.GroundLevel.value == m.Pressure.value:
		return nil
	}
	return m.Pressure.pointer()
}

// precipitation is the sum of rain and snow in mm/h. Absent blocks mean 0 only if
// every condition in weather is dry, because OpenWeather sometimes omits them in
// rain. If one amount is unreadable, the sum is unknown.
func (a *openWeatherAnswer) precipitation() *float64 {
	var sum float64
	told := false
	for _, fall := range [...]number{openWeatherRate(a.Rain), openWeatherRate(a.Snow)} {
		switch {
		case fall.known && fall.value >= 0:
			sum, told = sum+fall.value, true
		case fall.kind != jsontext.KindInvalid:
			return nil
		}
	}
	if told {
		return &sum
	}
	for _, sky := range a.Weather {
		if !openWeatherCondition(sky.value.ID.pointer()).dry() {
			return nil
		}
	}
	if len(a.Weather) == 0 {
		return nil
	}
	return new(0.0)
}

// openWeatherRate returns the amount per hour. If the block has no amount, the number
// counts as omitted.
func openWeatherRate(fall object[openWeatherFall]) number {
	switch {
	case fall.kind == jsontext.KindNull:
		return number{}
	case fall.kind != jsontext.KindBeginObject:
		return number{kind: fall.kind}
	}
	if hour := fall.value.OneHour; hour.present() {
		return hour
	}
	rate := fall.value.ThreeHours
	if !rate.present() {
		return number{}
	}
	rate.value /= 3
	return rate
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
	latitude := a.Coord.value.Lat.value // 0 if unknown
	if math.Abs(latitude) > 40 && *report.Temperature > 50 {
		return fmt.Errorf("temperature: %g cannot be °C at latitude %g", *report.Temperature, latitude)
	}
	return nil
}

// openWeatherCondition maps all condition ids.
// https://openweathermap.org/weather-conditions
func openWeatherCondition(id *float64) Condition {
	if id == nil {
		return Unknown
	}
	switch *id {
	case 200, 201, 202, 210, 211, 212, 221, 230, 231, 232:
		return Thunderstorm
	case 300, 301, 302, 310, 311, 312, 321: // drizzle, drizzle rain, shower drizzle
		return Drizzle
	case 313, 314: // shower rain and drizzle: the heavier of the two
		return RainShowers
	case 500, 501, 502, 503, 504:
		return Rain
	case 511:
		return FreezingRain
	case 520, 521, 522, 531:
		return RainShowers
	case 600, 601, 602:
		return Snow
	case 611, 612, 613, 615, 616: // sleet, its showers, rain and snow
		return Sleet
	case 620, 621, 622:
		return SnowShowers
	case 701, 741: // mist is thin fog
		return Fog
	case 711, 721: // smoke, haze
		return Haze
	case 731, 751, 761, 762: // dust whirls, sand, dust, volcanic ash
		return Dust
	case 771, 781: // squalls, tornado: the nearest of our conditions that warns
		return Thunderstorm
	case 800:
		return Clear
	case 801: // 11 to 25 %
		return MostlyClear
	case 802: // to 50 %
		return PartlyCloudy
	case 803, 804: // to 84 %, to 100 %
		return Cloudy
	}
	return Unknown
}
