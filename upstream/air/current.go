package air

import (
	"math"
	"time"

	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// Current is the current air quality in the form of the API: the data of
// /v1/air-quality. Unknown numbers are absent.
type Current struct {
	Place      weather.Place `json:"place"`
	ObservedAt time.Time     `json:"observed_at"`
	Pollutants
	Index
	USAQI     *int      `json:"us_aqi,omitempty"`
	IndexFrom IndexFrom `json:"index_from,omitzero"`
	Pollen    Pollen    `json:"pollen,omitzero"`
	Units     UnitNames `json:"units"`

	// Spread is absent if no number comes from two sources. The zero Spread leaves it
	// out.
	Spread Spread `json:"spread,omitzero"`
}

// IndexFrom names the sources of indices that we do not compute.
type IndexFrom struct {
	USAQI string `json:"us_aqi,omitempty"`
}

// UnitNames has the units of the numbers in a Current.
type UnitNames struct {
	PM25            string `json:"pm2_5"`
	PM10            string `json:"pm10"`
	Ozone           string `json:"ozone"`
	NitrogenDioxide string `json:"nitrogen_dioxide"`
	SulphurDioxide  string `json:"sulphur_dioxide"`
	CarbonMonoxide  string `json:"carbon_monoxide"`
	Ammonia         string `json:"ammonia"`
	Pollen          string `json:"pollen"`
}

const micrograms = "µg/m³"

var unitNames = UnitNames{micrograms, micrograms, micrograms, micrograms, micrograms, micrograms, micrograms, "grains/m³"}

// Present converts merged reports to the form of the API.
func Present(place weather.Place, m *Merged) Current {
	c := Current{
		Place:      place.Shown(),
		ObservedAt: m.ObservedAt.UTC().Truncate(time.Second),
		Pollutants: m.Pollutants.rounded(),
		Index:      m.Index,
		Pollen:     m.Pollen.rounded(),
		Units:      unitNames,
		Spread:     m.Spread.rounded(),
	}
	if m.USAQI != nil {
		c.USAQI = new(int(math.Round(*m.USAQI)))
		c.IndexFrom.USAQI = openMeteo
	}
	return c
}

func (p Pollutants) rounded() Pollutants {
	return Pollutants{
		PM25:            rounded(p.PM25),
		PM10:            rounded(p.PM10),
		Ozone:           rounded(p.Ozone),
		NitrogenDioxide: rounded(p.NitrogenDioxide),
		SulphurDioxide:  rounded(p.SulphurDioxide),
		CarbonMonoxide:  rounded(p.CarbonMonoxide),
		Ammonia:         rounded(p.Ammonia),
	}
}

func (p Pollen) rounded() Pollen {
	return Pollen{
		Alder:   rounded(p.Alder),
		Birch:   rounded(p.Birch),
		Grass:   rounded(p.Grass),
		Mugwort: rounded(p.Mugwort),
		Olive:   rounded(p.Olive),
		Ragweed: rounded(p.Ragweed),
	}
}

func (s Spread) rounded() Spread {
	for _, r := range [...]*aggregate.Range{&s.PM25, &s.PM10, &s.Ozone, &s.NitrogenDioxide, &s.SulphurDioxide, &s.CarbonMonoxide, &s.Ammonia} {
		*r = r.In(weather.OneDecimal)
	}
	return s
}

func rounded(v *float64) *float64 {
	if v == nil {
		return nil
	}
	return new(weather.OneDecimal(*v))
}

// OmitSpread removes the spread, which the air quality of a user does not have.
func (c *Current) OmitSpread() { c.Spread = Spread{} }
