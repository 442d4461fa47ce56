package weather

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// openWeatherBlock is the distance of two entries of the forecast.
const openWeatherBlock = 3 * time.Hour

// OpenWeatherForecast gets OpenWeather's forecast in blocks of three hours; the upstream
// adds the key.
// https://openweathermap.org/forecast5
func OpenWeatherForecast() upstream.Spec[Place, *PackedSeries] {
	return upstream.Spec[Place, *PackedSeries]{
		Name:  "openweather",
		Route: "/data/2.5/forecast",
		Key:   Place.Key,
		Request: func(ctx context.Context, p Place) (*http.Request, error) {
			return aggregate.Get(ctx, "/data/2.5/forecast?"+p.Query("lat", "lon")+"&units=metric")
		},
		Decode:     packed(decodeOpenWeatherForecast),
		Forbidden:  upstream.ThisSource, // a 403 concerns our key or plan
		LimitPause: time.Minute,         // the quota of the free plan is per minute
		MinFresh:   MinFresh,
	}
}

type openWeatherForecast struct {
	OpenWeatherStatus
	List array `json:"list"` // of openWeatherEntry
	City object[struct {
		Coord object[struct {
			Lat number `json:"lat"`
		}] `json:"coord"`
	}] `json:"city"`
}

type openWeatherEntry struct {
	DT      number                    `json:"dt"`
	Main    object[openWeatherMain]   `json:"main"`
	Weather []object[openWeatherSky]  `json:"weather"`
	Clouds  object[openWeatherClouds] `json:"clouds"`
	Wind    object[openWeatherWind]   `json:"wind"`
	Pop     number                    `json:"pop"` // 0 to 1
	Rain    object[openWeatherFall]   `json:"rain"`
	Snow    object[openWeatherFall]   `json:"snow"`
}

func decodeOpenWeatherForecast(r upstream.Response) (*Series, error) {
	var a openWeatherForecast
	if err := upstream.DecodeJSON(r.Body, '{', &a); err != nil {
		return nil, err
	}
	if err := a.Refused(); err != nil {
		return nil, err
	}
	if a.List.kind != jsontext.KindBeginArray {
		return nil, aggregate.Unusable("list", a.List.kind)
	}
	series := &Series{Steps: make([]Step, 0, len(a.List.all)+1)}
	var unread error
	for i, raw := range a.List.all {
		var e openWeatherEntry
		if err := upstream.DecodeJSON(raw, '{', &e); err != nil {
			return nil, err
		}
		at, err := aggregate.UnixTime("dt", e.DT)
		if err != nil {
			return nil, err
		}
		temp := e.Main.Value.Temp
		if i == 0 && !temp.Known {
			unread = aggregate.Unusable("main.temp", temp.Kind)
		}
		if err := openWeatherPlausible(a.City.Value.Coord.Value.Lat.Value, temp.Value); err != nil {
			return nil, err
		}
		e.read(series, at)
	}
	if err := series.validate(r.At, unread); err != nil {
		return nil, err
	}
	return series, nil
}

// read adds an entry. What it says of a period, the rain, its probability and the
// condition, is of the three hours before its time ("Rain volume for last 3 hours").
func (e *openWeatherEntry) read(s *Series, at time.Time) {
	block := s.step(at.Add(-openWeatherBlock))
	block.Hours = int(openWeatherBlock / time.Hour)
	block.Precipitation = openWeatherSum(e.Weather, openWeatherThreeHours(e.Rain), openWeatherThreeHours(e.Snow))
	if e.Pop.Known {
		block.PrecipitationProbability = new(e.Pop.Value * 100)
	}
	if len(e.Weather) > 0 { // the first is the primary one
		block.Condition = knownOrNone(openWeatherCondition(e.Weather[0].Value.ID.Pointer()))
	}

	main, wind := &e.Main.Value, &e.Wind.Value
	step := s.step(at)
	step.Temperature = main.Temp.Pointer()
	step.FeelsLike = main.FeelsLike.Pointer()
	step.Humidity = main.Humidity.Pointer()
	step.Pressure = main.pressure()
	step.CloudCover = e.Clouds.Value.All.Pointer()
	step.WindSpeed = wind.Speed.Pointer()
	step.WindDirection = wind.Deg.Pointer()
	step.WindGust = wind.Gust.Pointer()
}

// openWeatherThreeHours returns the amount of a block of three hours. Without an amount
// the number counts as omitted; null and {} mean no rain.
func openWeatherThreeHours(fall object[openWeatherFall]) number {
	switch {
	case fall.Kind == jsontext.KindNull:
		return number{}
	case fall.Kind != jsontext.KindBeginObject:
		return number{Kind: fall.Kind}
	case !fall.Value.ThreeHours.Given():
		return number{}
	}
	return fall.Value.ThreeHours
}
