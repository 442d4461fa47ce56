package sim

import (
	"math"
	"time"
)

// airQuality is what is in the air at one place in one full hour.
type airQuality struct {
	pm25, pm10, ozone, no2, no, so2, co, ammonia float64 // µg/m³
	pollen                                       [6]float64
}

// airAt is the air of the full hour that t is in: particles and nitrogen dioxide
// gather where there is little wind, ozone where there is sun.
func (m model) airAt(lat, lon float64, t time.Time) airQuality {
	lat, lon = round(lat, 2), round(lon, 2)
	t = t.UTC().Truncate(time.Hour)
	w := m.at(lat, lon, t)
	point := spacetime{lat, lon, float64(t.Unix() / 3600)}
	stagnant := point.wave(61, 7, 23, 0.45)    // days
	local := point.wave(13, 71, 2.9, 0.8)      // hours
	drift := point.wave(19, 17, 9, float64(m)) // what the providers disagree about
	emitted := math.Exp(0.9*stagnant+0.3*local-0.04*w.windSpeed) * (1 + 0.12*drift)

	a := airQuality{
		pm25:    14 * emitted,
		no2:     16 * emitted,
		so2:     3 * emitted,
		co:      180 + 90*emitted,
		ammonia: 2 + 2*emitted,
		ozone:   (55 + 25*math.Cos(2*math.Pi*(w.sun.hour-15)/24) + 15*stagnant) * (1 + 0.08*drift),
	}
	a.pm10 = 1.5*a.pm25 + 3
	a.no = a.no2 / 20
	for i, p := range pollenSeasons {
		a.pollen[i] = p.most * p.share(t) * (0.6 + 0.4*local)
	}
	return a
}

// pollenSeason is when a plant flowers in Europe, by the day of the year.
type pollenSeason struct {
	plant      string
	begin, end float64
	most       float64 // grains/m³
}

var pollenSeasons = [6]pollenSeason{
	{"alder", 15, 110, 120},
	{"birch", 75, 150, 300},
	{"grass", 120, 250, 80},
	{"mugwort", 190, 270, 30},
	{"olive", 100, 180, 150},
	{"ragweed", 215, 285, 40},
}

// share is how much of its most a plant gives on a day, 0 out of its season.
func (p pollenSeason) share(t time.Time) float64 {
	day := float64(t.YearDay())
	if day <= p.begin || day >= p.end {
		return 0
	}
	return math.Sin(math.Pi * (day - p.begin) / (p.end - p.begin))
}

// scaleOf reads an index off a scale: each value of limits is one of points, and
// between two the index is linear. Beyond the last it goes on.
func scaleOf(v float64, limits, points []float64) float64 {
	i := 1
	for i < len(limits)-1 && v > limits[i] {
		i++
	}
	return points[i-1] + (points[i]-points[i-1])*(v-limits[i-1])/(limits[i]-limits[i-1])
}

var (
	usPoints       = []float64{0, 50, 100, 150, 200, 300, 400, 500}
	usPM25         = []float64{0, 9, 35.5, 55.5, 125.5, 225.5, 325.5, 500}
	europeanPoints = []float64{0, 20, 40, 60, 80, 100}
)

// usAQI is that of fine particles, which is mostly the greatest, by their mean
// over a day.
func (m model) usAQI(lat, lon float64, t time.Time) float64 {
	sum := 0.0
	for h := range 24 {
		sum += m.airAt(lat, lon, t.Add(-time.Duration(h)*time.Hour)).pm25
	}
	return scaleOf(sum/24, usPM25, usPoints)
}

// europeanAQI is by the bands of 2024.
func (a airQuality) europeanAQI() float64 {
	return max(
		scaleOf(a.pm25, []float64{0, 5, 15, 50, 90, 140}, europeanPoints),
		scaleOf(a.pm10, []float64{0, 15, 45, 120, 195, 270}, europeanPoints),
		scaleOf(a.no2, []float64{0, 10, 25, 60, 100, 150}, europeanPoints),
		scaleOf(a.ozone, []float64{0, 60, 100, 120, 160, 180}, europeanPoints),
		scaleOf(a.so2, []float64{0, 20, 40, 125, 190, 275}, europeanPoints),
	)
}

// openWeatherIndex is OpenWeather's own, 1 to 5. A band includes its lower limit.
func (a airQuality) openWeatherIndex() int {
	worst := 1
	for _, p := range []struct {
		value  float64
		limits [4]float64
	}{
		{a.so2, [4]float64{20, 80, 250, 350}},
		{a.no2, [4]float64{40, 70, 150, 200}},
		{a.pm10, [4]float64{20, 50, 100, 200}},
		{a.pm25, [4]float64{10, 25, 50, 75}},
		{a.ozone, [4]float64{60, 100, 140, 180}},
		{a.co, [4]float64{4400, 9400, 12400, 15400}},
	} {
		for i, limit := range p.limits {
			if p.value >= limit {
				worst = max(worst, i+2)
			}
		}
	}
	return worst
}
