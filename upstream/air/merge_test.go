package air

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"tributary/upstream/weather"
)

// clean is air in which every concentration of the European index is in the
// first band.
func clean(change func(*Pollutants)) *Pollutants {
	p := &Pollutants{PM25: new(1.0), PM10: new(2.0), Ozone: new(3.0), NitrogenDioxide: new(1.0), SulphurDioxide: new(1.0)}
	change(p)
	return p
}

func TestEuropeanIndexOfEachBand(t *testing.T) {
	for pollutant, tt := range map[string]struct {
		set    func(*Pollutants, float64)
		limits []float64
	}{
		"pm2_5":            {func(p *Pollutants, v float64) { p.PM25 = &v }, []float64{5, 15, 50, 90, 140, 190}},
		"pm10":             {func(p *Pollutants, v float64) { p.PM10 = &v }, []float64{15, 45, 120, 195, 270, 345}},
		"nitrogen_dioxide": {func(p *Pollutants, v float64) { p.NitrogenDioxide = &v }, []float64{10, 25, 60, 100, 150, 200}},
		"ozone":            {func(p *Pollutants, v float64) { p.Ozone = &v }, []float64{60, 100, 120, 160, 180, 200}},
		"sulphur_dioxide":  {func(p *Pollutants, v float64) { p.SulphurDioxide = &v }, []float64{20, 40, 125, 190, 275, 360}},
	} {
		lower := 0.0
		for i, upper := range tt.limits {
			category := categories[i]
			for at, want := range map[float64]int{upper: 20 * (i + 1), (lower + upper) / 2: 20*i + 10} {
				t.Run(fmt.Sprintf("it has %s at %g of %s", category, at, pollutant), func(t *testing.T) {
					got := clean(func(p *Pollutants) { tt.set(p, at) }).index()
					if got.European == nil || *got.European != want || got.Category != category || got.Dominant != pollutant {
						t.Errorf("index = %s, want %d %s by %s", asJSON(t, got), want, category, pollutant)
					}
				})
			}
			lower = upper
		}
	}
}

func TestEuropeanIndex(t *testing.T) {
	for name, tt := range map[string]struct {
		of   *Pollutants
		want string
	}{
		"is rounded":                         {clean(func(p *Pollutants) { p.NitrogenDioxide = new(28.7) }), `{"european_aqi":42,"dominant_pollutant":"nitrogen_dioxide","category":"moderate"}`},
		"is poor where OpenWeather has 4":    {clean(func(p *Pollutants) { p.PM25 = new(52.0) }), `{"european_aqi":61,"dominant_pollutant":"pm2_5","category":"poor"}`},
		"is moderate at 116 of ozone":        {clean(func(p *Pollutants) { p.Ozone = new(116.0) }), `{"european_aqi":56,"dominant_pollutant":"ozone","category":"moderate"}`},
		"goes on above 100":                  {clean(func(p *Pollutants) { p.PM25 = new(640.0) }), `{"european_aqi":300,"dominant_pollutant":"pm2_5","category":"extremely_poor"}`},
		"is good at 0":                       {&Pollutants{PM25: new(0.0), NitrogenDioxide: new(0.0), Ozone: new(0.0)}, `{"european_aqi":0,"dominant_pollutant":"pm2_5","category":"good"}`},
		"names the first of equals":          {clean(func(p *Pollutants) { p.PM10, p.SulphurDioxide = new(45.0), new(40.0) }), `{"european_aqi":40,"dominant_pollutant":"pm10","category":"fair"}`},
		"does without fine particles":        {clean(func(p *Pollutants) { p.PM25 = nil }), `{"european_aqi":3,"dominant_pollutant":"pm10","category":"good"}`},
		"does without coarse particles":      {clean(func(p *Pollutants) { p.PM10 = nil }), `{"european_aqi":4,"dominant_pollutant":"pm2_5","category":"good"}`},
		"does without sulphur dioxide":       {clean(func(p *Pollutants) { p.SulphurDioxide = nil }), `{"european_aqi":4,"dominant_pollutant":"pm2_5","category":"good"}`},
		"is unknown without particles":       {clean(func(p *Pollutants) { p.PM25, p.PM10 = nil, nil }), `{}`},
		"is unknown without NO2":             {clean(func(p *Pollutants) { p.NitrogenDioxide = nil }), `{}`},
		"is unknown without ozone":           {clean(func(p *Pollutants) { p.Ozone = nil }), `{}`},
		"does not read carbon monoxide":      {clean(func(p *Pollutants) { p.CarbonMonoxide = new(9e4) }), `{"european_aqi":4,"dominant_pollutant":"pm2_5","category":"good"}`},
		"has a word that goes by its number": {clean(func(p *Pollutants) { p.PM25 = new(5.1) }), `{"european_aqi":20,"dominant_pollutant":"pm2_5","category":"good"}`},
	} {
		t.Run("it "+name, func(t *testing.T) { wantJSON(t, tt.of.index(), tt.want) })
	}
}

func TestMerge(t *testing.T) {
	at := func(minute int, r Report) *Report {
		r.ObservedAt = now.Add(time.Duration(minute-20) * time.Minute)
		return &r
	}
	for _, tt := range []struct {
		name    string
		reports []*Report
		used    []bool
		want    string // without place and units
	}{
		{"nothing without reports", []*Report{nil, nil}, nil, ``},
		{"one report as it is", []*Report{nil, at(0, Report{Pollutants: Pollutants{PM25: new(3.25)}})}, []bool{false, true},
			`{"observed_at":"2026-11-24T06:00:00Z","pm2_5":3.3}`},
		{"medians with their spread, and the index of the medians", []*Report{
			at(0, Report{Pollutants: Pollutants{PM25: new(10.0), Ozone: new(50.0), NitrogenDioxide: new(20.0)}, USAQI: new(165.4), Pollen: Pollen{Grass: new(2.04)}}),
			at(18, Report{Pollutants: Pollutants{PM25: new(30.0), Ozone: new(70.0), Ammonia: new(1.0)}}),
		}, []bool{true, true},
			`{"observed_at":"2026-11-24T06:00:00Z","pm2_5":20,"ozone":60,"nitrogen_dioxide":20,"ammonia":1,` +
				`"european_aqi":43,"dominant_pollutant":"pm2_5","category":"moderate","us_aqi":165,"index_from":{"us_aqi":"openmeteo_air"},"pollen":{"grass":2},` +
				`"spread":{"pm2_5":{"min":10,"max":30,"sources":2},"ozone":{"min":50,"max":70,"sources":2}}}`},
		{"a late report only where it is alone", []*Report{
			at(-100, Report{Pollutants: Pollutants{PM25: new(9.0), PM10: new(9.0)}}),
			at(0, Report{Pollutants: Pollutants{PM25: new(1.0)}}),
		}, []bool{true, true}, `{"observed_at":"2026-11-24T04:20:00Z","pm2_5":1,"pm10":9}`},
		{"no late report that has nothing of its own", []*Report{
			at(-100, Report{Pollutants: Pollutants{PM25: new(9.0)}}),
			at(0, Report{Pollutants: Pollutants{PM25: new(1.0)}}),
		}, []bool{false, true}, `{"observed_at":"2026-11-24T06:00:00Z","pm2_5":1}`},
	} {
		t.Run("it gives "+tt.name, func(t *testing.T) {
			m := Merge(tt.reports...)
			if tt.want == "" {
				if m != nil {
					t.Errorf("merged = %s", asJSON(t, m))
				}
				return
			}
			if !slices.Equal(m.Used, tt.used) {
				t.Errorf("used = %v, want %v", m.Used, tt.used)
			}
			got := asJSON(t, Present(weather.NewPlace(1, 2), m))
			want := `{"place":{"latitude":1,"longitude":2},` + tt.want[1:len(tt.want)-1]
			wantParts(t, got, want)
		})
	}
}

// wantParts compares two answers, of which the second has no units.
func wantParts(t *testing.T, got, want string) {
	t.Helper()
	const units = `"units":{"pm2_5":"µg/m³","pm10":"µg/m³","ozone":"µg/m³","nitrogen_dioxide":"µg/m³","sulphur_dioxide":"µg/m³","carbon_monoxide":"µg/m³","ammonia":"µg/m³","pollen":"grains/m³"}`
	a, b := parsed(t, got), parsed(t, want+","+units+"}")
	if !reflect.DeepEqual(a, b) {
		t.Errorf("got\n%s, want\n%s and units", got, want)
	}
}

func TestMergeChangesNoReport(t *testing.T) {
	r := &Report{ObservedAt: now, Pollutants: *clean(func(*Pollutants) {})}
	before := asJSON(t, r)
	m := Merge(r, r)
	*m.PM25 = 7
	if after := asJSON(t, r); after != before {
		t.Errorf("the report was %s, and is %s", before, after)
	}
}

func TestPresentShowsThePlaceAsWeatherDoes(t *testing.T) {
	p := weather.NewPlace(28.65195, 77.23149)
	p.Name, p.Admin, p.Country, p.Timezone, p.Population = "Delhi", "Delhi", "IN", "Asia/Kolkata", new(int64(10_927_986))
	got := Present(p, Merge(&Report{ObservedAt: now, Pollutants: Pollutants{PM10: new(1.0)}})).Place
	wantJSON(t, got, `{"name":"Delhi","country":"IN","latitude":28.65,"longitude":77.23,"timezone":"Asia/Kolkata"}`)
}
