package weather

import "tributary/upstream"

// ForecastIn reads the forecast in the answers of a source of current weather whose
// provider sends both, as MET Norway does: one call and one entry of the cache serve
// both, because MET's terms ask for few calls.
func ForecastIn(s *upstream.Source[Place, *PackedReport]) *upstream.Reading[Place, *PackedReport, *PackedSeries] {
	return upstream.Read(s, func(r *PackedReport) *PackedSeries { return r.Forecast })
}

// metnoColumns are the numbers of an entry that a step has, with the units that they can
// be converted from.
var metnoColumns = [...]struct {
	name  string
	known map[text]scale
	of    func(*metnoEntry) *number
}{
	{"air_temperature", toCelsius, func(e *metnoEntry) *number { return &e.instant.airTemperature }},
	{"relative_humidity", toPercent, func(e *metnoEntry) *number { return &e.instant.relativeHumidity }},
	{"air_pressure_at_sea_level", toHPa, func(e *metnoEntry) *number { return &e.instant.airPressureAtSeaLevel }},
	{"cloud_area_fraction", toPercent, func(e *metnoEntry) *number { return &e.instant.cloudAreaFraction }},
	{"wind_speed", toMPS, func(e *metnoEntry) *number { return &e.instant.windSpeed }},
	{"wind_from_direction", toDegrees, func(e *metnoEntry) *number { return &e.instant.windFromDirection }},
	{"wind_speed_of_gust", toMPS, func(e *metnoEntry) *number { return &e.instant.windSpeedOfGust }},
	{"precipitation_amount", toMM, func(e *metnoEntry) *number { return &e.next1Hours.precipitationAmount }},
	{"precipitation_amount", toMM, func(e *metnoEntry) *number { return &e.next6Hours.precipitationAmount }},
}

// convert converts the numbers of all entries to our units, in their place. Those whose
// unit is not known become unknown.
func (s *metnoSeries) convert(declared units) {
	for _, c := range metnoColumns {
		scale, ok := declared.Scale(c.name, c.known)
		for i := range s.all {
			n := c.of(&s.all[i])
			n.Value, n.Known = scale.Convert(n.Value), n.Known && ok
		}
	}
}

// forecast returns all entries of the series that can be read. It ends before the first
// one that cannot: its units or its form have changed. It converts the entries, and the
// steps have pointers to their numbers.
func (s *metnoSeries) forecast(declared units) *Series {
	s.convert(declared)
	series := &Series{Steps: make([]Step, 0, len(s.all))}
	for i := range s.all {
		e := &s.all[i]
		if e.unreadable() != nil {
			break
		}
		step := e.step()
		if step.check(s.now) != nil {
			break
		}
		step.dropImpossible()
		series.Steps = append(series.Steps, step)
	}
	return series
}

// step reads an entry in our units. The sum and the symbol are those of the next hour, in
// later entries those of the next six hours; the two overlap where an entry has both.
func (e *metnoEntry) step() Step {
	m := &e.instant
	step := Step{
		At:            e.at,
		Temperature:   inPlace(&m.airTemperature),
		Humidity:      inPlace(&m.relativeHumidity),
		Pressure:      inPlace(&m.airPressureAtSeaLevel),
		CloudCover:    inPlace(&m.cloudAreaFraction),
		WindSpeed:     inPlace(&m.windSpeed),
		WindDirection: inPlace(&m.windFromDirection),
		WindGust:      inPlace(&m.windSpeedOfGust),
	}
	for hours, p := range e.periods() {
		if !p.hasSymbol && !p.precipitationAmount.Given() {
			continue
		}
		step.Hours, step.Condition = hours, knownOrNone(p.condition)
		step.Precipitation = inPlace(&p.precipitationAmount)
		break
	}
	return step
}

// inPlace points to the number itself; nil: it is unknown.
func inPlace(n *number) *float64 {
	if !n.Known {
		return nil
	}
	return &n.Value
}

// periods are those with amounts, the shortest first.
func (m *metnoData) periods() func(yield func(hours int, p *metnoPeriod) bool) {
	return func(yield func(int, *metnoPeriod) bool) {
		_ = yield(1, &m.next1Hours) && yield(6, &m.next6Hours)
	}
}
