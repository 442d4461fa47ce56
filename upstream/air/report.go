package air

import (
	"cmp"
	"errors"
	"time"

	"tributary/upstream/aggregate"
)

// Report is one provider's report about the air at a place and time. A nil number was
// not reported. A Report does not change after decoding, so it may be shared. It can be
// stored as JSON.
type Report struct {
	ObservedAt time.Time `json:"observed_at"` // UTC
	Pollutants
	USAQI  *float64 `json:"us_aqi,omitempty"` // the provider's own, from means over 8 and 24 hours
	Pollen Pollen   `json:"pollen,omitzero"`
}

// Pollutants are concentrations in an hour, in µg/m³.
type Pollutants struct {
	PM25            *float64 `json:"pm2_5,omitempty"`
	PM10            *float64 `json:"pm10,omitempty"`
	Ozone           *float64 `json:"ozone,omitempty"`
	NitrogenDioxide *float64 `json:"nitrogen_dioxide,omitempty"`
	SulphurDioxide  *float64 `json:"sulphur_dioxide,omitempty"`
	CarbonMonoxide  *float64 `json:"carbon_monoxide,omitempty"`
	Ammonia         *float64 `json:"ammonia,omitempty"`
}

// Pollen has counts in grains/m³.
type Pollen struct {
	Alder   *float64 `json:"alder,omitempty"`
	Birch   *float64 `json:"birch,omitempty"`
	Grass   *float64 `json:"grass,omitempty"`
	Mugwort *float64 `json:"mugwort,omitempty"`
	Olive   *float64 `json:"olive,omitempty"`
	Ragweed *float64 `json:"ragweed,omitempty"`
}

// validate removes impossible numbers from a report that was read at the given time. It
// returns an error if the report cannot be used. If no number is left, the error is
// unread, the error of the report's first number, unless that is nil.
func (r *Report) validate(at time.Time, unread error) error {
	if err := aggregate.CheckObserved(r.ObservedAt, at); err != nil {
		return err
	}
	r.dropImpossible()
	if *r == (Report{ObservedAt: r.ObservedAt}) {
		return cmp.Or(unread, errors.New("pm2_5: not possible, and there is no other number"))
	}
	return nil
}

// dropImpossible makes numbers unknown that are far beyond the greatest ever measured, in
// dust storms, fires, eruptions and smog.
func (r *Report) dropImpossible() {
	aggregate.DropOutside(&r.PM25, 0, 20_000, 0)
	aggregate.DropOutside(&r.PM10, 0, 50_000, 0)
	aggregate.DropOutside(&r.Ozone, 0, 2_000, 0)
	aggregate.DropOutside(&r.NitrogenDioxide, 0, 5_000, 0)
	aggregate.DropOutside(&r.SulphurDioxide, 0, 50_000, 0)
	aggregate.DropOutside(&r.CarbonMonoxide, 0, 200_000, 0)
	aggregate.DropOutside(&r.Ammonia, 0, 5_000, 0)
	aggregate.DropOutside(&r.USAQI, 0, 5_000, 0) // the scale ends at 500, computed values do not
	for _, count := range [...]**float64{&r.Pollen.Alder, &r.Pollen.Birch, &r.Pollen.Grass, &r.Pollen.Mugwort, &r.Pollen.Olive, &r.Pollen.Ragweed} {
		aggregate.DropOutside(count, 0, 100_000, 0)
	}
}
