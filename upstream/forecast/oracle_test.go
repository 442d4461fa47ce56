package forecast

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// oracle computes days from the JSON of an answer without the code under test: it looks
// at every hour, and asks on which date it is.
type oracle struct {
	temperatures map[time.Time]float64
	sums         map[time.Time]map[int]float64 // mm by begin and number of hours
}

func newOracle(t *testing.T, name, body string) *oracle {
	t.Helper()
	var a struct {
		UTCOffsetSeconds int `json:"utc_offset_seconds"`
		Hourly           struct {
			Time          []string   `json:"time"`
			Temperature   []*float64 `json:"temperature_2m"`
			Precipitation []*float64 `json:"precipitation"`
		}
		List []struct {
			DT         int64
			Main       struct{ Temp float64 }
			Weather    []struct{ ID int }
			Rain, Snow map[string]float64
		}
		Properties struct {
			Timeseries []struct {
				Time time.Time
				Data struct {
					Instant struct {
						Details struct {
							Temperature float64 `json:"air_temperature"`
						}
					}
					Next1 *period `json:"next_1_hours"`
					Next6 *period `json:"next_6_hours"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatal(err)
	}
	o := &oracle{map[time.Time]float64{}, map[time.Time]map[int]float64{}}
	for i, label := range a.Hourly.Time {
		local, err := time.Parse("2006-01-02T15:04", label)
		if err != nil {
			t.Fatal(err)
		}
		at := local.Add(-time.Duration(a.UTCOffsetSeconds) * time.Second)
		if i < len(a.Hourly.Temperature) && a.Hourly.Temperature[i] != nil {
			o.temperatures[at] = *a.Hourly.Temperature[i]
		}
		if i < len(a.Hourly.Precipitation) && a.Hourly.Precipitation[i] != nil {
			o.sum(at.Add(-time.Hour), 1, *a.Hourly.Precipitation[i])
		}
	}
	for _, e := range a.List {
		at := time.Unix(e.DT, 0).UTC()
		o.temperatures[at] = e.Main.Temp
		rain, rained := e.Rain["3h"]
		snow, snowed := e.Snow["3h"]
		dry := e.Weather[0].ID >= 700 && e.Weather[0].ID != 771 && e.Weather[0].ID != 781
		if rained || snowed || dry {
			o.sum(at.Add(-3*time.Hour), 3, rain+snow)
		}
	}
	for _, e := range a.Properties.Timeseries {
		o.temperatures[e.Time] = e.Data.Instant.Details.Temperature
		if p := e.Data.Next1; p != nil {
			o.sum(e.Time, 1, p.Details.Amount)
		} else if p := e.Data.Next6; p != nil {
			o.sum(e.Time, 6, p.Details.Amount)
		}
	}
	if strings.HasPrefix(name, "openmeteo-berlin") != (len(o.temperatures) == 0) {
		t.Fatalf("%s has %d temperatures", name, len(o.temperatures))
	}
	return o
}

type period struct {
	Details struct {
		Amount float64 `json:"precipitation_amount"`
	}
}

func (o *oracle) sum(from time.Time, hours int, mm float64) {
	if o.sums[from] == nil {
		o.sums[from] = map[int]float64{}
	}
	o.sums[from][hours] = mm
}

// day is the least and greatest temperature and the sum of a date; NaN for none.
func (o *oracle) day(date string, zone *time.Location) (least, greatest, sum float64) {
	noon, err := time.ParseInLocation(time.DateOnly, date, zone)
	if err != nil {
		panic(err)
	}
	least, greatest, sum = math.NaN(), math.NaN(), math.NaN()
	var hours []time.Time
	for h := -30; h < 60; h++ {
		t := noon.UTC().Truncate(time.Hour).Add(time.Duration(h) * time.Hour)
		if t.In(zone).Format(time.DateOnly) == date {
			hours = append(hours, t)
		}
	}
	var all []float64
	threes := map[int]bool{}
	for i, t := range hours {
		if v, ok := o.temperatures[t]; ok {
			all = append(all, v)
			threes[i/3] = true
		}
	}
	if len(threes) >= 7 {
		least, greatest = slices.Min(all), slices.Max(all)
	}
	told := map[time.Time]bool{}
	total := 0.0
	for _, length := range []int{1, 3, 6} {
		for i, t := range hours {
			mm, ok := o.sums[t][length]
			if !ok || i+length > len(hours) || told[t] {
				continue
			}
			total += mm
			for _, h := range hours[i : i+length] {
				told[h] = true
			}
		}
	}
	if len(told) == len(hours) {
		sum = total
	}
	return least, greatest, sum
}

func TestDaysAreThoseOfANaiveComputation(t *testing.T) {
	compared, known := 0, 0
	same := func(what string, got *float64, want float64) {
		t.Helper()
		compared++
		switch {
		case got == nil && math.IsNaN(want):
		case got == nil || math.IsNaN(want) || math.Abs(*got-want) > 1e-9:
			shown := math.NaN()
			if got != nil {
				shown = *got
			}
			t.Errorf("%s = %v, want %v", what, shown, want)
		default:
			known++
		}
	}
	for name, now := range recorded {
		o := newOracle(t, name, body(t, name))
		series := read(t, name)
		for _, zoneName := range []string{
			"UTC", "Europe/Oslo", "Europe/Lisbon", "Africa/Nairobi", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Melbourne",
			"Australia/Lord_Howe", "America/Denver", "America/St_Johns", "America/Sao_Paulo", "Pacific/Kiritimati",
		} {
			zone, err := time.LoadLocation(zoneName)
			if err != nil {
				t.Fatal(err)
			}
			m := Merge(at(0, 0, zoneName), now, series)
			if m.Days[0].Date != now.In(zone).Format(time.DateOnly) || m.Timezone != zoneName {
				t.Errorf("%s in %s: the first day is %s in %s", name, zoneName, m.Days[0].Date, m.Timezone)
			}
			for _, d := range m.Days {
				least, greatest, sum := o.day(d.Date, zone)
				where := name + " on " + d.Date + " in " + zoneName
				same(where+": temperature_min", d.TemperatureMin, least)
				same(where+": temperature_max", d.TemperatureMax, greatest)
				same(where+": precipitation_sum", d.PrecipitationSum, sum)
			}
		}
	}
	t.Logf("%d values compared, %d of them known", compared, known)
	if known < 1000 {
		t.Errorf("only %d of %d values are known", known, compared)
	}
}
