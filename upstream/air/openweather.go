package air

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// OpenWeather gets the current air quality from OpenWeather; the upstream adds the key.
// OpenWeather's own index, 1 to 5, is not used: its limits are not the European ones.
// https://openweathermap.org/api/air-pollution
func OpenWeather() upstream.Spec[weather.Place, *Report] {
	return upstream.Spec[weather.Place, *Report]{
		Name:  "openweather",
		Route: "/data/2.5/air_pollution",
		Key:   weather.Place.Key,
		Request: func(ctx context.Context, p weather.Place) (*http.Request, error) {
			return aggregate.Get(ctx, "/data/2.5/air_pollution?"+p.Query("lat", "lon"))
		},
		Decode:     decodeOpenWeather,
		Forbidden:  upstream.ThisSource, // a 403 is about our key or plan
		LimitPause: time.Minute,         // the quota of the free plan is per minute
		MinFresh:   weather.MinFresh,
	}
}

type openWeatherAnswer struct {
	weather.OpenWeatherStatus
	List jsontext.Value `json:"list"` // of openWeatherEntry
}

type openWeatherEntry struct {
	DT         aggregate.Number                            `json:"dt"`
	Components aggregate.Object[openWeatherConcentrations] `json:"components"`
}

// openWeatherConcentrations are in µg/m³; the answer declares no units.
type openWeatherConcentrations struct {
	CO   aggregate.Number `json:"co"`
	NO2  aggregate.Number `json:"no2"`
	O3   aggregate.Number `json:"o3"`
	SO2  aggregate.Number `json:"so2"`
	PM25 aggregate.Number `json:"pm2_5"`
	PM10 aggregate.Number `json:"pm10"`
	NH3  aggregate.Number `json:"nh3"`
}

func decodeOpenWeather(r upstream.Response) (*Report, error) {
	var a openWeatherAnswer
	if err := upstream.DecodeJSON(r.Body, '{', &a); err != nil {
		return nil, err
	}
	if err := a.Refused(); err != nil {
		return nil, err
	}
	report, unread, err := a.report()
	if err != nil {
		return nil, err
	}
	if err := report.validate(r.At, unread); err != nil {
		return nil, err
	}
	return report, nil
}

// report returns the only entry of the list. unread is the error of its pm2_5, nil if
// it has one.
func (a *openWeatherAnswer) report() (r *Report, unread, _ error) {
	if a.List.Kind() != jsontext.KindBeginArray {
		return nil, nil, aggregate.Unusable("list", a.List.Kind())
	}
	var list []aggregate.Object[openWeatherEntry]
	if err := upstream.DecodeJSON(a.List, '[', &list); err != nil {
		return nil, nil, err
	}
	if len(list) == 0 {
		return nil, nil, upstream.Errorf(upstream.CodeNoData, "no value now: the list is empty")
	}
	entry := list[0].Value
	if kind := entry.Components.Kind; kind != jsontext.KindBeginObject {
		return nil, nil, aggregate.Unusable("components", kind)
	}
	observedAt, err := aggregate.UnixTime("dt", entry.DT)
	if err != nil {
		return nil, nil, err
	}
	c := &entry.Components.Value
	if !c.PM25.Known {
		unread = aggregate.Unusable("components.pm2_5", c.PM25.Kind)
	}
	return &Report{
		ObservedAt: observedAt,
		Pollutants: Pollutants{
			PM25:            c.PM25.Pointer(),
			PM10:            c.PM10.Pointer(),
			Ozone:           c.O3.Pointer(),
			NitrogenDioxide: c.NO2.Pointer(),
			SulphurDioxide:  c.SO2.Pointer(),
			CarbonMonoxide:  c.CO.Pointer(),
			Ammonia:         c.NH3.Pointer(),
		},
	}, unread, nil
}
