package weather

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"tributary/upstream/aggregate"
)

// said is a report of six o'clock, changed by with.
func said(with func(r *Report)) *Report {
	r := &Report{ObservedAt: clock(6, 0), Temperature: new(20.0)}
	with(r)
	return r
}

func temperature(v float64) *Report { return said(func(r *Report) { r.Temperature = &v }) }

func TestMergeTakesTheMedian(t *testing.T) {
	for _, tt := range []struct {
		name    string
		reports []*Report
		want    float64
		spread  aggregate.Range
	}{
		{"of one", []*Report{temperature(23.6)}, 23.6, aggregate.Range{}},
		{"of two, in the middle", []*Report{temperature(23.6), temperature(24.4)}, 24, aggregate.Range{Min: 23.6, Max: 24.4, Sources: 2}},
		{"of three", []*Report{temperature(24.1), temperature(23.6), temperature(50)}, 24.1, aggregate.Range{Min: 23.6, Max: 50, Sources: 3}},
		{"of three that agree", []*Report{temperature(0), temperature(0), temperature(0)}, 0, aggregate.Range{Min: 0, Max: 0, Sources: 3}},
		{"of four", []*Report{temperature(-40), temperature(1), temperature(2), temperature(30)}, 1.5, aggregate.Range{Min: -40, Max: 30, Sources: 4}},
		{"of those that came", []*Report{nil, temperature(3), nil, temperature(1)}, 2, aggregate.Range{Min: 1, Max: 3, Sources: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Merge(now, tt.reports...)
			if !near(m.Temperature, &tt.want) {
				t.Errorf("temperature = %s, want %g", known(m.Temperature), tt.want)
			}
			if m.Spread.Temperature != tt.spread {
				t.Errorf("spread = %+v, want %+v", m.Spread.Temperature, tt.spread)
			}
		})
	}
}

func TestMergeOfNothing(t *testing.T) {
	if m := Merge(now); m != nil {
		t.Errorf("Merge() = %+v, want nil", m)
	}
	if m := Merge(now, nil, nil, nil); m != nil {
		t.Errorf("Merge(nil, nil, nil) = %+v, want nil", m)
	}
}

// Each number is merged into its own field, with its own spread.
func TestMergeOfEveryField(t *testing.T) {
	a := openMeteoDelhi()
	b := metnoDelhi()
	c := openWeatherDelhi()
	got := Merge(now, &a, &b, &c)
	sameReport(t, &got.Report, &Report{
		ObservedAt:  clock(6, 0),
		Temperature: new(24.1),
		FeelsLike:   new(24.36), // median of 24.12 and 24.6
		DewPoint:    new(12.0),
		Humidity:    new(49.2),
		Pressure:    new(1014.0),
		WindSpeed:   new(2.3),
		WindGust:    new(4.8), // median of 4.5 and 5.1
		// The sum of the vectors of 290, 290.4 and 300, not their mean of 293.47.
		WindDirection: new(293.463131758),
		CloudCover:    new(40.0),
		Precipitation: new(0.4), // median of 0 and 0.8; the forecast for the next hour is not used
		Visibility:    new(3750.0),
		Condition:     PartlyCloudy,
		IsDay:         new(true),
		Timezone:      "Asia/Kolkata",
	})
	want := Spread{
		Temperature:   aggregate.Range{Min: 23.6, Max: 24.4, Sources: 3},
		FeelsLike:     aggregate.Range{Min: 24.12, Max: 24.6, Sources: 2},
		Humidity:      aggregate.Range{Min: 47, Max: 50, Sources: 3},
		Pressure:      aggregate.Range{Min: 1014, Max: 1014.2, Sources: 3},
		WindSpeed:     aggregate.Range{Min: 2.06, Max: 2.4, Sources: 3},
		WindDirection: aggregate.Range{Min: 290, Max: 300, Sources: 3},
		WindGust:      aggregate.Range{Min: 4.5, Max: 5.1, Sources: 2},
		CloudCover:    aggregate.Range{Min: 20, Max: 43.8, Sources: 3},
		Precipitation: aggregate.Range{Min: 0, Max: 0.8, Sources: 2},
		Visibility:    aggregate.Range{Min: 3500, Max: 4000, Sources: 2},
	}
	if got.Spread != want {
		t.Errorf("spread = %+v, want %+v", got.Spread, want)
	}
	if !reflect.DeepEqual(got.Used, []bool{true, true, true}) {
		t.Errorf("used = %v, want all", got.Used)
	}
}

func TestMergeOfWindDirections(t *testing.T) {
	for _, tt := range []struct {
		name       string
		directions []float64
		want       *float64
		arc        aggregate.Range
	}{
		{"one", []float64{350}, new(350.0), aggregate.Range{}},
		{"two", []float64{80, 100}, new(90.0), aggregate.Range{Min: 80, Max: 100, Sources: 2}},
		{"two around north", []float64{350, 10}, new(0.0), aggregate.Range{Min: 350, Max: 10, Sources: 2}},
		{"two around north, east first", []float64{20, 350}, new(5.0), aggregate.Range{Min: 350, Max: 20, Sources: 2}},
		{"three around north", []float64{0, 340, 20}, new(0.0), aggregate.Range{Min: 340, Max: 20, Sources: 3}},
		{"three around south", []float64{170, 180, 190}, new(180.0), aggregate.Range{Min: 170, Max: 190, Sources: 3}},
		{"north in both its spellings", []float64{0, 360}, new(0.0), aggregate.Range{Min: 360, Max: 0, Sources: 2}},
		{"opposites", []float64{90, 270}, nil, aggregate.Range{Min: 90, Max: 270, Sources: 2}},
		{"opposites along the axis", []float64{0, 180}, nil, aggregate.Range{Min: 0, Max: 180, Sources: 2}},
		{"a third that decides between opposites", []float64{90, 270, 270}, new(270.0), aggregate.Range{Min: 90, Max: 270, Sources: 3}},
		{"three that cancel out", []float64{0, 120, 240}, nil, aggregate.Range{Min: 0, Max: 240, Sources: 3}},
		{"nearly a half circle", []float64{200, 21}, new(110.5), aggregate.Range{Min: 21, Max: 200, Sources: 2}},
		{"nearly a half circle around north", []float64{20, 201}, new(290.5), aggregate.Range{Min: 201, Max: 20, Sources: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var reports []*Report
			for _, d := range tt.directions {
				reports = append(reports, said(func(r *Report) { r.WindDirection = &d }))
			}
			m := Merge(now, reports...)
			if (m.WindDirection == nil) != (tt.want == nil) {
				t.Fatalf("direction = %s, want %s", known(m.WindDirection), known(tt.want))
			}
			if tt.want != nil {
				if off := math.Abs(*m.WindDirection - *tt.want); min(off, 360-off) > 1e-9 || *m.WindDirection < 0 || *m.WindDirection >= 360 {
					t.Errorf("direction = %g, want %g", *m.WindDirection, *tt.want)
				}
			}
			if m.Spread.WindDirection != tt.arc {
				t.Errorf("arc = %+v, want %+v", m.Spread.WindDirection, tt.arc)
			}
		})
	}
}

func TestMergeOfCalms(t *testing.T) {
	wind := func(speed, direction float64) *Report {
		return said(func(r *Report) { r.WindSpeed, r.WindDirection = &speed, &direction })
	}
	late := func(r *Report) *Report { r.ObservedAt = clock(3, 0); return r }
	for _, tt := range []struct {
		name    string
		reports []*Report
		want    *float64
		arc     aggregate.Range
	}{
		{"a calm report is ignored", []*Report{wind(0, 0), wind(0.6, 200), wind(0, 0)}, new(200.0), aggregate.Range{}},
		{"a calm report with a direction is ignored", []*Report{wind(0, 90), wind(3, 200)}, new(200.0), aggregate.Range{}},
		{"two winds beside a calm", []*Report{wind(2, 190), wind(0, 0), wind(3, 210)}, new(200.0), aggregate.Range{Min: 190, Max: 210, Sources: 2}},
		{"only calm reports have no direction", []*Report{wind(0, 0), wind(0, 180)}, nil, aggregate.Range{}},
		{"one calm has none", []*Report{wind(0, 360)}, nil, aggregate.Range{}},
		{"the least wind has one", []*Report{wind(0.1, 10)}, new(10.0), aggregate.Range{}},
		{"an unknown speed is not calm", []*Report{said(func(r *Report) { r.WindDirection = new(0.0) })}, new(0.0), aggregate.Range{}},
		{"a late wind does not turn a calm", []*Report{wind(0, 0), late(wind(5, 200))}, nil, aggregate.Range{}},
		{"a late calm is ignored too", []*Report{late(wind(0, 0)), wind(5, 200)}, new(200.0), aggregate.Range{}},
		{"a late wind where no current report has any", []*Report{temperature(20), late(wind(5, 200))}, new(200.0), aggregate.Range{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Merge(now, tt.reports...)
			if !near(m.WindDirection, tt.want) || m.Spread.WindDirection != tt.arc {
				t.Errorf("direction = %s in %+v, want %s in %+v", known(m.WindDirection), m.Spread.WindDirection, known(tt.want), tt.arc)
			}
		})
	}
}

func TestMergeOfCappedVisibility(t *testing.T) {
	exact := func(v float64) *Report { return said(func(r *Report) { r.Visibility = &v }) }
	capped := func(v float64) *Report {
		return said(func(r *Report) { r.Visibility, r.VisibilityCapped = &v, true })
	}
	for _, tt := range []struct {
		name    string
		reports []*Report
		want    float64
		spread  aggregate.Range
	}{
		{"counts as a greater uncapped value", []*Report{exact(61_023), capped(10_000)}, 61_023, aggregate.Range{Min: 10_000, Max: 61_023, Sources: 2}},
		{"and does not depend on the order", []*Report{capped(10_000), exact(61_023)}, 61_023, aggregate.Range{Min: 10_000, Max: 61_023, Sources: 2}},
		{"counts as an equal uncapped value", []*Report{exact(10_000), capped(10_000)}, 10_000, aggregate.Range{Min: 10_000, Max: 10_000, Sources: 2}},
		{"keeps its value beside a lower uncapped one", []*Report{exact(3000), capped(10_000)}, 6500, aggregate.Range{Min: 3000, Max: 10_000, Sources: 2}},
		{"does not lower the median of two that see further", []*Report{exact(24_000), capped(10_000), exact(50_000)}, 37_000, aggregate.Range{Min: 10_000, Max: 50_000, Sources: 3}},
		{"does not lower the median of a lower and a greater uncapped value", []*Report{exact(2000), capped(10_000), exact(61_023)}, 31_511.5, aggregate.Range{Min: 2000, Max: 61_023, Sources: 3}},
		{"is the median of two that see less", []*Report{exact(8000), capped(10_000), exact(9000)}, 9000, aggregate.Range{Min: 8000, Max: 10_000, Sources: 3}},
		{"is in the middle of one less and one more", []*Report{exact(8000), capped(10_000), exact(12_000)}, 10_000, aggregate.Range{Min: 8000, Max: 12_000, Sources: 3}},
		{"is used if all values are capped", []*Report{capped(10_000)}, 10_000, aggregate.Range{}},
		{"has a median among caps", []*Report{capped(10_000), capped(16_093)}, 13_046.5, aggregate.Range{Min: 10_000, Max: 16_093, Sources: 2}},
		{"two of them do not lower it either", []*Report{capped(10_000), capped(16_093), exact(61_023)}, 61_023, aggregate.Range{Min: 10_000, Max: 61_023, Sources: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Merge(now, tt.reports...)
			if !near(m.Visibility, &tt.want) || m.Spread.Visibility != tt.spread {
				t.Errorf("visibility = %s in %+v, want %g in %+v", known(m.Visibility), m.Spread.Visibility, tt.want, tt.spread)
			}
		})
	}
	t.Run("a cap without a visibility is ignored", func(t *testing.T) {
		if m := Merge(now, said(func(r *Report) { r.VisibilityCapped = true })); m.Visibility != nil {
			t.Errorf("visibility = %g, want none", *m.Visibility)
		}
	})
}

func TestMergeLeavesOutContradictions(t *testing.T) {
	wind := func(speed float64, gust *float64) *Report {
		return said(func(r *Report) { r.WindSpeed, r.WindGust = &speed, gust })
	}
	air := func(temperature float64, dewPoint *float64) *Report {
		return said(func(r *Report) { r.Temperature, r.DewPoint = &temperature, dewPoint })
	}
	for _, tt := range []struct {
		name           string
		reports        []*Report
		gust, dewPoint *float64
	}{
		{"a gust below the speed", []*Report{wind(3, new(5.0)), wind(9, nil), wind(9.5, nil)}, nil, nil},
		{"with its spread", []*Report{wind(3, new(5.0)), wind(9, new(9.0)), wind(9.5, nil)}, nil, nil},
		{"not a gust above it", []*Report{wind(3, new(12.0)), wind(9, nil), wind(9.5, nil)}, new(12.0), nil},
		{"not a gust that is equal", []*Report{wind(5, new(5.0))}, new(5.0), nil},
		{"a gust below the speed in one report", []*Report{wind(5, new(4.9))}, nil, nil},
		{"not a gust without a speed", []*Report{said(func(r *Report) { r.WindGust = new(4.0) })}, new(4.0), nil},
		{"a dew point above the temperature", []*Report{air(14, new(13.5)), air(11, nil), air(10.6, nil)}, nil, nil},
		{"with its spread too", []*Report{air(14, new(13.5)), air(11, new(12.5)), air(10.6, nil)}, nil, nil},
		{"not a dew point below it", []*Report{air(14, new(9.0)), air(11, nil)}, nil, new(9.0)},
		{"not a dew point that is equal", []*Report{air(3.4, new(3.4))}, nil, new(3.4)},
		{"a dew point above the temperature in one report", []*Report{air(3.4, new(3.5))}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Merge(now, tt.reports...)
			if !near(m.WindGust, tt.gust) || tt.gust == nil && m.Spread.WindGust != (aggregate.Range{}) {
				t.Errorf("gust = %s in %+v, want %s", known(m.WindGust), m.Spread.WindGust, known(tt.gust))
			}
			if !near(m.DewPoint, tt.dewPoint) || tt.dewPoint == nil && m.Spread.DewPoint != (aggregate.Range{}) {
				t.Errorf("dew point = %s in %+v, want %s", known(m.DewPoint), m.Spread.DewPoint, known(tt.dewPoint))
			}
		})
	}
}

func TestMergeCountsNoUseForWhatItLeavesOut(t *testing.T) {
	late := func(with func(r *Report)) *Report {
		return said(func(r *Report) { with(r); r.ObservedAt = clock(3, 0) })
	}
	current := func() *Report { return said(func(r *Report) { r.WindSpeed = new(9.0) }) }
	for _, tt := range []struct {
		name string
		late *Report
		used bool
	}{
		{"a gust that is left out", late(func(r *Report) { r.WindGust = new(5.0) }), false},
		{"a dew point that is left out", late(func(r *Report) { r.DewPoint = new(25.0) }), false},
		{"such a gust, but a visibility too", late(func(r *Report) { r.WindGust, r.Visibility = new(5.0), new(9000.0) }), true},
		{"such a gust, but a feeling too", late(func(r *Report) { r.WindGust, r.FeelsLike = new(5.0), new(9.0) }), true},
		{"a gust that only it has", late(func(r *Report) { r.WindGust = new(12.0) }), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Merge(now, current(), tt.late)
			observedAt := clock(6, 0)
			if tt.used {
				observedAt = clock(3, 0)
			}
			if m.Used[1] != tt.used || !m.ObservedAt.Equal(observedAt) {
				t.Errorf("used = %v, observed_at = %v; want %v, %v", m.Used[1], m.ObservedAt, tt.used, observedAt)
			}
		})
	}
}

func TestMergeOfConditions(t *testing.T) {
	for _, tt := range []struct {
		name       string
		conditions []Condition
		want       Condition
	}{
		{"takes what most say", []Condition{Clear, Rain, Rain}, Rain},
		{"takes the first of a tie of two", []Condition{Cloudy, Rain}, Cloudy},
		{"takes the first of a tie of three", []Condition{Hail, Rain, Clear}, Hail},
		{"prefers one known condition to two unknown", []Condition{Unknown, Snow, Unknown}, Snow},
		{"takes the first of a tie among those that know", []Condition{Unknown, Snow, Rain}, Snow},
		{"does not count silence", []Condition{"", Fog, ""}, Fog},
		{"is unknown if all are unknown", []Condition{Unknown, "", Unknown}, Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var reports []*Report
			for _, c := range tt.conditions {
				reports = append(reports, said(func(r *Report) { r.Condition = c }))
			}
			if got := Merge(now, reports...).Condition; got != tt.want {
				t.Errorf("condition = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMergeOfDayAndNight(t *testing.T) {
	day, night := new(true), new(false)
	for _, tt := range []struct {
		name string
		said []*bool
		want *bool
	}{
		{"takes what most say", []*bool{day, night, night}, night},
		{"takes the first of a tie", []*bool{nil, night, day}, night},
		{"takes the only one", []*bool{nil, nil, day}, day},
		{"is unknown if all are unknown", []*bool{nil, nil, nil}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var reports []*Report
			for _, isDay := range tt.said {
				reports = append(reports, said(func(r *Report) { r.IsDay = isDay }))
			}
			if got := Merge(now, reports...).IsDay; !reflect.DeepEqual(got, tt.want) {
				t.Errorf("is_day = %s, want %s", asJSON(t, got), asJSON(t, tt.want))
			}
		})
	}
}

func TestMergeOfLateReports(t *testing.T) {
	at := func(minutes int, with func(r *Report)) *Report {
		return said(func(r *Report) {
			with(r)
			r.ObservedAt = clock(6, 0).Add(time.Duration(minutes) * time.Minute)
		})
	}
	nothing := func(*Report) {}
	visible := func(v float64) func(*Report) { return func(r *Report) { r.Visibility = &v } }
	for _, tt := range []struct {
		name       string
		reports    []*Report
		used       string
		observedAt time.Time
		visibility *float64
		sources    int // of temperature
	}{
		{"90 minutes are not late", []*Report{at(0, visible(100)), at(-90, visible(300))}, "[true true]", clock(4, 30), new(200.0), 2},
		{"a late one is not used if a newer one has all fields", []*Report{at(0, visible(100)), at(-91, visible(300))}, "[true false]", clock(6, 0), new(100.0), 0},
		{"a late one is used for what no newer one has", []*Report{at(0, nothing), at(-91, visible(300))}, "[true true]", clock(4, 29), new(300.0), 0},
		{"of two late ones the newer is used", []*Report{at(-200, visible(500)), at(0, nothing), at(-100, visible(300))}, "[false true true]", clock(4, 20), new(300.0), 0},
		{"two late ones of the same time both are", []*Report{at(-100, visible(500)), at(0, nothing), at(-100, visible(300))}, "[true true true]", clock(4, 20), new(400.0), 0},
		{"alone nothing is late", []*Report{nil, at(-600, visible(100))}, "[false true]", clock(6, 0).Add(-600 * time.Minute), new(100.0), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Merge(now, tt.reports...)
			if got := fmt.Sprint(m.Used); got != tt.used {
				t.Errorf("used = %s, want %s", got, tt.used)
			}
			if !m.ObservedAt.Equal(tt.observedAt) {
				t.Errorf("observed_at = %v, want %v", m.ObservedAt, tt.observedAt)
			}
			if !near(m.Visibility, tt.visibility) {
				t.Errorf("visibility = %s, want %s", known(m.Visibility), known(tt.visibility))
			}
			if got := m.Spread.Temperature.Sources; got != tt.sources {
				t.Errorf("temperatures in the spread = %d, want %d", got, tt.sources)
			}
		})
	}
}

func TestMergeIgnoresALateConditionOrDaylight(t *testing.T) {
	late := said(func(r *Report) {
		r.ObservedAt, r.Condition, r.IsDay, r.Timezone = clock(1, 0), Clear, new(false), "Asia/Kolkata"
	})
	m := Merge(now, late, said(func(r *Report) { r.Condition, r.IsDay = Rain, new(true) }))
	if m.Condition != Rain || !*m.IsDay {
		t.Errorf("condition = %q, is_day = %v, want those of the newer report", m.Condition, *m.IsDay)
	}
	if m.Timezone != "Asia/Kolkata" || m.Used[0] {
		t.Errorf("timezone = %q, used = %v; want the late one's, unused for it", m.Timezone, m.Used)
	}
}

func TestMergeOfPrecipitation(t *testing.T) {
	measured := func(v float64) func(*Report) { return func(r *Report) { r.Precipitation = &v } }
	forecast := func(v float64) func(*Report) { return func(r *Report) { r.PrecipitationNextHour = &v } }
	late := func(with func(*Report)) *Report {
		return said(func(r *Report) { with(r); r.ObservedAt = clock(3, 0) })
	}
	for _, tt := range []struct {
		name    string
		reports []*Report
		want    *float64
		spread  aggregate.Range
	}{
		{"what was measured", []*Report{said(measured(1)), said(forecast(5)), said(measured(2))}, new(1.5), aggregate.Range{Min: 1, Max: 2, Sources: 2}},
		{"a dry hour that was measured", []*Report{said(measured(0)), said(forecast(5))}, new(0.0), aggregate.Range{}},
		{"the next hour where nothing was", []*Report{temperature(20), said(forecast(5)), temperature(21)}, new(5.0), aggregate.Range{}},
		{"the next hour rather than a late measure", []*Report{late(measured(1)), said(forecast(5))}, new(5.0), aggregate.Range{}},
		{"a late measure rather than nothing", []*Report{late(measured(1)), temperature(20)}, new(1.0), aggregate.Range{}},
		{"a late forecast rather than nothing", []*Report{late(forecast(4)), temperature(20)}, new(4.0), aggregate.Range{}},
		{"nothing", []*Report{temperature(20)}, nil, aggregate.Range{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Merge(now, tt.reports...)
			if !near(m.Precipitation, tt.want) || m.Spread.Precipitation != tt.spread {
				t.Errorf("precipitation = %s in %+v, want %s in %+v", known(m.Precipitation), m.Spread.Precipitation, known(tt.want), tt.spread)
			}
			if m.PrecipitationNextHour != nil {
				t.Errorf("precipitation_next_hour = %g, want it merged away", *m.PrecipitationNextHour)
			}
		})
	}
}

func TestMergeUsesTheEntryForNow(t *testing.T) {
	series := temperature(20)
	series.Next = &Report{ObservedAt: clock(7, 0), Temperature: new(22.0)}
	for at, want := range map[time.Time]float64{clock(6, 59): 20, clock(7, 0): 22} {
		m := Merge(at, series)
		if *m.Temperature != want || m.Next != nil {
			t.Errorf("at %v: temperature = %g, next = %v, want %g and none", at, *m.Temperature, m.Next, want)
		}
	}
}

// anyReport is a random, plausible report; about a third of its fields are missing.
func anyReport(r *rand.Rand) *Report {
	report := &Report{ObservedAt: now.Add(-time.Duration(r.IntN(180)) * time.Minute), Condition: []Condition{Clear, Rain, Unknown, ""}[r.IntN(4)]}
	v := reflect.ValueOf(report).Elem()
	for i := range v.NumField() {
		if _, ok := v.Field(i).Interface().(*float64); ok && r.IntN(3) > 0 {
			v.Field(i).Set(reflect.ValueOf(new(r.Float64() * 360)))
		}
	}
	if r.IntN(4) == 0 {
		report.WindSpeed = new(0.0)
	}
	report.VisibilityCapped = r.IntN(3) == 0
	if r.IntN(2) == 0 {
		report.IsDay = new(r.IntN(2) == 0)
	}
	return report
}

func TestMergeProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		var reports []*Report
		for range 1 + random.IntN(4) {
			reports = append(reports, anyReport(random))
		}
		before := asJSON(t, reports)
		m := Merge(now, reports...)
		if after := asJSON(t, reports); after != before {
			t.Fatalf("the reports were changed: %s, before %s", after, before)
		}
		if again := Merge(now, reports...); !reflect.DeepEqual(again, m) {
			t.Fatalf("merged twice: %s, then %s", asJSON(t, m), asJSON(t, again))
		}
		checkMerged(t, m, reports)
	}
}

// checkMerged checks what every merged report must satisfy.
func checkMerged(t *testing.T, m *Merged, reports []*Report) {
	t.Helper()
	spread := reflect.ValueOf(m.Spread)
	for name, n := range numbers(&m.Report) {
		if n != nil && (math.IsNaN(*n) || math.IsInf(*n, 0)) {
			t.Fatalf("%s = %g", name, *n)
		}
		if name == "precipitation_next_hour" {
			continue
		}
		gave := 0
		for _, r := range reports {
			if numbers(r.At(now))[name] != nil {
				gave++
			}
		}
		// The fields of Spread have the names of those of Report.
		var in aggregate.Range
		for i := range spread.NumField() {
			if tag := spread.Type().Field(i).Tag.Get("json"); tag == name+",omitzero" {
				in = spread.Field(i).Interface().(aggregate.Range)
			}
		}
		if in.Sources == 1 || in.Sources > gave && name != "precipitation" {
			t.Fatalf("spread of %s = %+v, given by %d", name, in, gave)
		}
		switch {
		case gave == 0 || n != nil || name == "wind_direction":
		case (name == "wind_gust" || name == "dew_point") && in == (aggregate.Range{}): // left out because it contradicts another median
		default:
			t.Fatalf("%s is unknown, though %d gave it", name, gave)
		}
		if in.Sources > 0 && n != nil && name != "wind_direction" && (*n < in.Min || *n > in.Max) {
			t.Fatalf("%s = %g, not within %+v", name, *n, in)
		}
	}
	if greater(m.WindSpeed, m.WindGust) || greater(m.DewPoint, m.Temperature) {
		t.Fatalf("out of order: %s", asJSON(t, m.Report))
	}
	if len(m.Used) != len(reports) || !slices.Contains(m.Used, true) {
		t.Fatalf("used = %v of %d reports", m.Used, len(reports))
	}
	for i, r := range reports {
		if at := r.At(now).ObservedAt; m.Used[i] && at.Before(m.ObservedAt) {
			t.Fatalf("observed_at = %v, but a report of %v was used", m.ObservedAt, at)
		}
	}
}
