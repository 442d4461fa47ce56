package weather

import "tributary/upstream"

// ForecastIn reads the forecast in the answers of a source of current weather whose
// provider sends both, as MET Norway does: one call and one entry of the cache serve
// both, because MET's terms ask for few calls.
func ForecastIn(s *upstream.Source[Place, *PackedReport]) *upstream.Reading[Place, *PackedReport, *PackedSeries] {
	return upstream.Read(s, func(r *PackedReport) *PackedSeries { return r.Forecast })
}

// forecast returns all entries of the series that can be read. It ends before the first
// one that cannot: its units or its form have changed.
func (s *metnoSeries) forecast(declared units) *Series {
	series := &Series{Steps: make([]Step, 0, len(s.all))}
	for i := range s.all {
		e := &s.all[i]
		if e.unreadable() != nil {
			break
		}
		step := e.step(declared)
		if step.check(s.now) != nil {
			break
		}
		step.dropImpossible()
		series.Steps = append(series.Steps, step)
	}
	return series
}

// step reads an entry. The sum and the symbol are those of the next hour, in later
// entries those of the next six hours; the two overlap where an entry has both.
func (e *metnoEntry) step(u units) Step {
	m := &e.instant
	step := Step{
		At:            e.at,
		Temperature:   u.Read("air_temperature", m.airTemperature, toCelsius),
		Humidity:      u.Read("relative_humidity", m.relativeHumidity, toPercent),
		Pressure:      u.Read("air_pressure_at_sea_level", m.airPressureAtSeaLevel, toHPa),
		CloudCover:    u.Read("cloud_area_fraction", m.cloudAreaFraction, toPercent),
		WindSpeed:     u.Read("wind_speed", m.windSpeed, toMPS),
		WindDirection: u.Read("wind_from_direction", m.windFromDirection, toDegrees),
		WindGust:      u.Read("wind_speed_of_gust", m.windSpeedOfGust, toMPS),
	}
	for hours, p := range e.periods() {
		if !p.hasSymbol && !p.precipitationAmount.Given() {
			continue
		}
		step.Hours, step.Condition = hours, knownOrNone(p.condition)
		step.Precipitation = u.Read("precipitation_amount", p.precipitationAmount, toMM)
		break
	}
	return step
}

// periods are those with amounts, the shortest first.
func (m *metnoData) periods() func(yield func(hours int, p *metnoPeriod) bool) {
	return func(yield func(int, *metnoPeriod) bool) {
		_ = yield(1, &m.next1Hours) && yield(6, &m.next6Hours)
	}
}
