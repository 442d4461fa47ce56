package air

import "math"

// Category is the meaning of a European index.
type Category string

// categories are those of the European Environment Agency, each for 20 points of
// the index and the last for all above 100.
var categories = [...]Category{"good", "fair", "moderate", "poor", "very_poor", "extremely_poor"}

// Index is the European air quality index. It is zero if too little is known.
type Index struct {
	European *int     `json:"european_aqi,omitempty"`
	Dominant string   `json:"dominant_pollutant,omitempty"` // the pollutant with the greatest index, the first one of several
	Category Category `json:"category,omitempty"`
}

// band is the upper limits of a pollutant's first five bands in µg/m³.
type band struct {
	pollutant string
	of        func(*Pollutants) *float64
	limits    [5]float64
}

// europeanBands are those that the European Environment Agency has used since
// 2024 (ETC HE Report 2024/17).
var europeanBands = [...]band{
	{"pm2_5", func(p *Pollutants) *float64 { return p.PM25 }, [5]float64{5, 15, 50, 90, 140}},
	{"pm10", func(p *Pollutants) *float64 { return p.PM10 }, [5]float64{15, 45, 120, 195, 270}},
	{"ozone", func(p *Pollutants) *float64 { return p.Ozone }, [5]float64{60, 100, 120, 160, 180}},
	{"nitrogen_dioxide", func(p *Pollutants) *float64 { return p.NitrogenDioxide }, [5]float64{10, 25, 60, 100, 150}},
	{"sulphur_dioxide", func(p *Pollutants) *float64 { return p.SulphurDioxide }, [5]float64{20, 40, 125, 190, 275}},
}

// index computes the European index of hourly concentrations: the greatest index of a
// pollutant. It needs particles of either size, nitrogen dioxide and ozone.
func (p *Pollutants) index() Index {
	if p.PM25 == nil && p.PM10 == nil || p.NitrogenDioxide == nil || p.Ozone == nil {
		return Index{}
	}
	worst, dominant := -1.0, ""
	for _, b := range europeanBands {
		if v := b.of(p); v != nil && b.index(*v) > worst {
			worst, dominant = b.index(*v), b.pollutant
		}
	}
	european := int(math.Round(worst))
	return Index{European: &european, Dominant: dominant, Category: categoryOf(european)}
}

// index interpolates linearly between the limits of a band, which has 20 points. Above
// the last limit it continues the last band.
func (b *band) index(v float64) float64 {
	i := 0
	for i < len(b.limits)-1 && v > b.limits[i] {
		i++
	}
	lower := 0.0
	if i > 0 {
		lower = b.limits[i-1]
	}
	return 20 * (float64(i) + (v-lower)/(b.limits[i]-lower))
}

// categoryOf returns the category of an index. A band includes its upper limit: 20 is
// good.
func categoryOf(index int) Category {
	return categories[min(max(index-1, 0)/20, len(categories)-1)]
}
