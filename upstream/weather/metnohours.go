package weather

import "tributary/upstream"

// ForecastIn reads the forecast in the answers of a source of current weather whose
// provider sends both, as MET Norway does: one call and one entry of the cache serve
// both, because MET's terms ask for few calls.
func ForecastIn(s *upstream.Source[Place, *Report]) *upstream.Reading[Place, *Report, *Series] {
	return upstream.Read(s, func(r *Report) *Series { return r.Forecast })
}

// forecast returns all entries of the series that can be read. It ends before the first
// one that cannot: its units or its form have changed.
func (s *metnoSeries) forecast(declared units) *Series {
	series := &Series{Steps: make([]Step, 0, len(s.all))}
	for _, e := range s.all {
		step, err := e.step(declared)
		if err != nil || step.check(s.now) != nil {
			break
		}
		step.dropImpossible()
		series.Steps = append(series.Steps, step)
	}
	return series
}

// step reads an entry. The sum and the symbol are those of the next hour, in later
// entries those of the next six hours; the two overlap where an entry has both.
func (e metnoTimed) step(u units) (Step, error) {
	var data metnoData
	if err := upstream.DecodeJSON(e.data, '{', &data); err != nil {
		return Step{}, err
	}
	d := &data.Instant.Value.Details.Value
	step := Step{
		At:            e.at,
		Temperature:   u.Read("air_temperature", d.AirTemperature, toCelsius),
		Humidity:      u.Read("relative_humidity", d.RelativeHumidity, toPercent),
		Pressure:      u.Read("air_pressure_at_sea_level", d.AirPressureAtSeaLevel, toHPa),
		CloudCover:    u.Read("cloud_area_fraction", d.CloudAreaFraction, toPercent),
		WindSpeed:     u.Read("wind_speed", d.WindSpeed, toMPS),
		WindDirection: u.Read("wind_from_direction", d.WindFromDirection, toDegrees),
		WindGust:      u.Read("wind_speed_of_gust", d.WindSpeedOfGust, toMPS),
	}
	for hours, p := range data.periods() {
		amount := p.Details.Value.PrecipitationAmount
		if p.symbol() == "" && !amount.Given() {
			continue
		}
		condition, _ := metnoCondition(p.symbol())
		step.Hours, step.Condition = hours, knownOrNone(condition)
		step.Precipitation = u.Read("precipitation_amount", amount, toMM)
		break
	}
	return step, nil
}

// periods are those with amounts, the shortest first.
func (d *metnoData) periods() func(yield func(hours int, p *metnoPeriod) bool) {
	return func(yield func(int, *metnoPeriod) bool) {
		_ = yield(1, &d.Next1Hours.Value) && yield(6, &d.Next6Hours.Value)
	}
}
