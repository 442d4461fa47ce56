package weather

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"

	"tributary/upstream"
)

// OpenWeather asks OpenWeather for the current weather; the key is the
// upstream's to add. https://openweathermap.org/current
func OpenWeather() upstream.Spec[Place, *Report] {
	return upstream.Spec[Place, *Report]{
		Name:  "openweather",
		Route: "/data/2.5/weather",
		Key:   Place.Key,
		Request: func(ctx context.Context, p Place) (*http.Request, error) {
			return get(ctx, "/data/2.5/weather?lat="+degrees(p.Latitude)+"&lon="+degrees(p.Longitude)+"&units=metric")
		},
		Decode: decodeOpenWeather,
	}
}

// openWeatherAnswer declares no units: those of metric are °C, hPa, m/s, mm
// and m.
type openWeatherAnswer struct {
	Cod   json.RawMessage `json:"cod"` // a number, or the same as text
	Coord struct {
		Lat float64 `json:"lat"`
	} `json:"coord"`
	Weather []struct {
		ID   *float64 `json:"id"`
		Icon string   `json:"icon"` // "04n": a picture, and day or night
	} `json:"weather"`
	Main struct {
		Temp      *float64 `json:"temp"`
		FeelsLike *float64 `json:"feels_like"`
		Pressure  *float64 `json:"pressure"`
		SeaLevel  *float64 `json:"sea_level"`
		Humidity  *float64 `json:"humidity"`
	} `json:"main"`
	Visibility *float64 `json:"visibility"`
	Wind       struct {
		Speed *float64 `json:"speed"`
		Deg   *float64 `json:"deg"`
		Gust  *float64 `json:"gust"`
	} `json:"wind"`
	Rain   *openWeatherFall `json:"rain"`
	Snow   *openWeatherFall `json:"snow"`
	Clouds struct {
		All *float64 `json:"all"`
	} `json:"clouds"`
	DT *float64 `json:"dt"`
}

type openWeatherFall struct {
	OneHour    *float64 `json:"1h"`
	ThreeHours *float64 `json:"3h"`
}

func decodeOpenWeather(r upstream.Response) (*Report, error) {
	var a openWeatherAnswer
	if err := decodeJSON(r.Body, &a); err != nil {
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

// refused reads cod: OpenWeather has sent errors with a status of 200.
func (a *openWeatherAnswer) refused() error {
	switch cod := strings.Trim(string(a.Cod), `"`); cod {
	case "", "null", "200":
		return nil
	case "401":
		return upstream.Errorf(upstream.CodeUnauthorized, "refused our key with cod 401 in a 200")
	case "404":
		return notCovered(http.StatusOK)
	case "429":
		return upstream.Errorf(upstream.CodeRateLimited, "refused with cod 429 in a 200")
	default:
		return fmt.Errorf("cod: %.12q in a 200", cod)
	}
}

func (a *openWeatherAnswer) report() (*Report, error) {
	if len(a.Weather) == 0 {
		return nil, errors.New("weather: missing or empty")
	}
	observedAt, err := unixTime("dt", a.DT)
	if err != nil {
		return nil, err
	}
	pressure := a.Main.SeaLevel
	if pressure == nil {
		pressure = a.Main.Pressure // which is documented as being at sea level too
	}
	return &Report{
		ObservedAt:    observedAt,
		Temperature:   a.Main.Temp,
		FeelsLike:     a.Main.FeelsLike,
		Humidity:      a.Main.Humidity,
		Pressure:      pressure,
		WindSpeed:     a.Wind.Speed,
		WindGust:      a.Wind.Gust,
		WindDirection: a.Wind.Deg,
		CloudCover:    a.Clouds.All,
		Precipitation: a.precipitation(),
		Visibility:    a.Visibility, // 10 000 is "that or more", the most they tell
		Condition:     openWeatherCondition(a.Weather[0].ID),
		IsDay:         a.isDay(),
	}, nil
}

// precipitation is rain and snow together. Their blocks are left out when it
// is dry, but also at times when it is not: only when everything in weather
// is dry does their absence mean 0.
func (a *openWeatherAnswer) precipitation() *float64 {
	rain, snow := a.Rain.rate(), a.Snow.rate()
	switch {
	case rain != nil && snow != nil:
		return new(*rain + *snow)
	case rain != nil:
		return rain
	case snow != nil:
		return snow
	}
	for _, w := range a.Weather {
		if !openWeatherCondition(w.ID).dry() {
			return nil
		}
	}
	return new(0.0)
}

func (f *openWeatherFall) rate() *float64 {
	switch {
	case f == nil:
		return nil
	case f.OneHour != nil:
		return f.OneHour
	case f.ThreeHours != nil: // in older answers
		return new(*f.ThreeHours / 3)
	}
	return nil
}

func (a *openWeatherAnswer) isDay() *bool {
	switch icon := a.Weather[0].Icon; {
	case strings.HasSuffix(icon, "d"):
		return new(true)
	case strings.HasSuffix(icon, "n"):
		return new(false)
	}
	return nil
}

// plausible asks the only witness there is to the units of the answer, the
// place: beyond 40° of latitude nobody has ever measured 50 °C, so a number
// above that is °F. In warmer places, and in cold weather, °F stays unseen.
func (a *openWeatherAnswer) plausible(report *Report) error {
	if math.Abs(a.Coord.Lat) > 40 && *report.Temperature > 50 {
		return fmt.Errorf("temperature: %g cannot be °C at latitude %g", *report.Temperature, a.Coord.Lat)
	}
	return nil
}

// openWeatherCondition reads the condition ids, all of them.
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
	case 313, 314: // shower rain and drizzle: the rain is what one gets wet from
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
	case 711, 721: // smoke, haze: dry, and in the way of the eye
		return Haze
	case 731, 751, 761, 762: // dust whirls, sand, dust, volcanic ash
		return Dust
	case 771, 781: // squalls, tornado: no word of ours but this one sends a reader indoors
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
