package weather

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

const (
	// openMeteoHourly are the variables that Step has a field for. Sums, probabilities and
	// gusts are of the hour before the time that they stand at.
	openMeteoHourly = "temperature_2m,apparent_temperature,relative_humidity_2m,precipitation,precipitation_probability," +
		"weather_code,cloud_cover,pressure_msl,wind_speed_10m,wind_direction_10m,wind_gusts_10m,uv_index"
	openMeteoDaily = "sunrise,sunset"

	// openMeteoDays is the span of a forecast. The day before begins before today does in
	// any time zone; the two days after the seventh have its last hour, also when the
	// answer is a day old. The quota counts them only from the fifteenth on
	// (calculateQueryWeight: variables/10 × days/14, at least variables/10).
	openMeteoDays = "&past_days=1&forecast_days=9"

	openMeteoForecastQuery = "&hourly=" + openMeteoHourly + "&daily=" + openMeteoDaily + openMeteoDays + openMeteoUnits
)

// OpenMeteoForecast gets Open-Meteo's hourly forecast. Its days are not used: each has 24
// hours, also where the clocks change.
// https://open-meteo.com/en/docs
func OpenMeteoForecast() upstream.Spec[Place, *PackedSeries] { return OpenMeteoForecastBatch().Spec }

// OpenMeteoForecastBatch is OpenMeteoForecast for many places in one call.
func OpenMeteoForecastBatch() upstream.BatchSpec[Place, *PackedSeries] {
	noZone := newZonelessRegions()
	return OpenMeteoMany(upstream.Spec[Place, *PackedSeries]{
		Name:      "openmeteo",
		Route:     "/v1/forecast",
		Group:     "openmeteo/v1/forecast?hourly", // the current weather has the same route
		Key:       Place.Key,
		Decode:    packed(decodeOpenMeteoForecast),
		Refusal:   OpenMeteoRefusal,
		Again:     noZone.again,
		Weight:    OpenMeteoWeight(openMeteoHourly + "," + openMeteoDaily),
		Forbidden: upstream.ThisSource, // a 403 is about our key or plan
		MinFresh:  MinFresh,
	}, noZone.query(openMeteoForecastQuery))
}

type openMeteoForecast struct {
	OpenMeteoClock
	Timezone    text                    `json:"timezone"`
	HourlyUnits object[units]           `json:"hourly_units"`
	Hourly      object[openMeteoHours]  `json:"hourly"`
	Daily       object[openMeteoSunset] `json:"daily"`
}

type openMeteoHours struct {
	Time                     array  `json:"time"`
	Temperature2m            column `json:"temperature_2m"`
	ApparentTemperature      column `json:"apparent_temperature"`
	RelativeHumidity2m       column `json:"relative_humidity_2m"`
	Precipitation            column `json:"precipitation"`
	PrecipitationProbability column `json:"precipitation_probability"`
	WeatherCode              column `json:"weather_code"`
	CloudCover               column `json:"cloud_cover"`
	PressureMSL              column `json:"pressure_msl"`
	WindSpeed10m             column `json:"wind_speed_10m"`
	WindDirection10m         column `json:"wind_direction_10m"`
	WindGusts10m             column `json:"wind_gusts_10m"`
	UVIndex                  column `json:"uv_index"`
}

type openMeteoSunset struct {
	Sunrise array `json:"sunrise"`
	Sunset  array `json:"sunset"`
}

var toUVIndex = map[text]scale{"": same}

func decodeOpenMeteoForecast(r upstream.Response) (*Series, error) {
	var a openMeteoForecast
	if err := upstream.DecodeJSON(r.Body, '{', &a); err != nil {
		return nil, err
	}
	if a.Hourly.Kind != jsontext.KindBeginObject {
		return nil, aggregate.Unusable("hourly", a.Hourly.Kind)
	}
	hours := &a.Hourly.Value
	if hours.Time.kind != jsontext.KindBeginArray {
		return nil, aggregate.Unusable("hourly.time", hours.Time.kind)
	}
	series := &Series{Timezone: zoneName(a.Timezone), Steps: make([]Step, 0, len(hours.Time.all)+1), Sun: a.sun()}
	for i, raw := range hours.Time.all {
		at, err := a.Time(raw)
		if err != nil {
			return nil, err
		}
		a.read(series, i, at.Add(a.mislabelled()))
	}
	if err := series.validate(r.At, a.unread()); err != nil {
		return nil, err
	}
	return series, nil
}

// read adds the i-th value of each variable.
func (a *openMeteoForecast) read(s *Series, i int, at time.Time) {
	h, u := &a.Hourly.Value, a.HourlyUnits.Value
	before := s.step(at.Add(-time.Hour)) // of sums, probabilities and gusts
	before.Hours = 1
	before.Precipitation = u.Read("precipitation", h.Precipitation.at(i), toMM)
	before.PrecipitationProbability = u.Read("precipitation_probability", h.PrecipitationProbability.at(i), toPercent)
	before.WindGust = u.Read("wind_gusts_10m", h.WindGusts10m.at(i), toMPS)

	step := s.step(at)
	step.Hours = 1
	step.Temperature = u.Read("temperature_2m", h.Temperature2m.at(i), toCelsius)
	step.FeelsLike = u.Read("apparent_temperature", h.ApparentTemperature.at(i), toCelsius)
	step.Humidity = u.Read("relative_humidity_2m", h.RelativeHumidity2m.at(i), toPercent)
	step.Pressure = u.Read("pressure_msl", h.PressureMSL.at(i), toHPa)
	step.CloudCover = u.Read("cloud_cover", h.CloudCover.at(i), toPercent)
	step.WindSpeed = u.Read("wind_speed_10m", h.WindSpeed10m.at(i), toMPS)
	step.WindDirection = u.Read("wind_direction_10m", h.WindDirection10m.at(i), toDegrees)
	step.UVIndex = u.Read("uv_index", h.UVIndex.at(i), toUVIndex)
	step.Condition = knownOrNone(wmoCondition(h.WeatherCode.at(i).Pointer()))
}

// unread is the error for an answer without any value: that of the first temperature.
// nil if that is there.
func (a *openMeteoForecast) unread() error {
	h := &a.Hourly.Value
	if h.Temperature2m.kind != jsontext.KindBeginArray {
		return aggregate.Unusable("hourly.temperature_2m", h.Temperature2m.kind)
	}
	if first := h.Temperature2m.at(0); first.Known {
		_, err := a.HourlyUnits.Value.Require("temperature_2m", first, toCelsius)
		return err
	}
	return nil
}

// mislabelled is how much later than its label a value is. In time zones that are not
// whole hours from UTC Open-Meteo reads the values of full hours and labels them with
// full hours of local time (getTimerange2 in Sources/App/Helper/ForecastapiQuery.swift).
func (a *openMeteoForecast) mislabelled() time.Duration {
	if !a.UTCOffsetSeconds.Known {
		return 0
	}
	return time.Duration(int64(a.UTCOffsetSeconds.Value)%3600) * time.Second
}

// sun has the days on which both times can be read.
func (a *openMeteoForecast) sun() (all []Sun) {
	rises, sets := a.Daily.Value.Sunrise.all, a.Daily.Value.Sunset.all
	for i := range min(len(rises), len(sets)) {
		rise, err := a.Time(rises[i])
		if err != nil {
			continue
		}
		if set, err := a.Time(sets[i]); err == nil {
			all = append(all, Sun{rise, set})
		}
	}
	return all
}

// zoneName returns the place's time zone. GMT is the API's default for a request without
// one, so it counts as unknown.
func zoneName(name text) string {
	if name == "GMT" {
		return ""
	}
	return string(name)
}

// knownOrNone is "" for Unknown.
func knownOrNone(c Condition) Condition {
	if !c.known() {
		return ""
	}
	return c
}
