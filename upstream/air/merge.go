package air

import (
	"time"

	"tributary/upstream/aggregate"
)

// lateAfter is how much older than the newest observation one may be and still be
// used for every field.
const lateAfter = 90 * time.Minute

// Merged is several reports merged into one.
type Merged struct {
	Report        // ObservedAt is the oldest of the reports used
	Index  Index  // computed from the merged concentrations
	Spread Spread // how far the reports differ
	Used   []bool // for each report given to Merge, whether it was used for any field
}

// Spread has the range of each concentration that at least two reports gave.
type Spread struct {
	PM25            aggregate.Range `json:"pm2_5,omitzero"`
	PM10            aggregate.Range `json:"pm10,omitzero"`
	Ozone           aggregate.Range `json:"ozone,omitzero"`
	NitrogenDioxide aggregate.Range `json:"nitrogen_dioxide,omitzero"`
	SulphurDioxide  aggregate.Range `json:"sulphur_dioxide,omitzero"`
	CarbonMonoxide  aggregate.Range `json:"carbon_monoxide,omitzero"`
	Ammonia         aggregate.Range `json:"ammonia,omitzero"`
}

// Merge combines several reports into one; each number is the median of the reports'
// values. A report more than 90 minutes older than the newest is used only for numbers
// that no newer one has. A nil report stands for a source without one; if all are nil,
// the result is nil. The reports are not changed.
func Merge(reports ...*Report) *Merged {
	const results = 14
	p := aggregate.NewPanel(reports, func(r *Report) time.Time { return r.ObservedAt }, lateAfter, results)
	if p == nil {
		return nil
	}
	var m Merged
	m.PM25, m.Spread.PM25 = p.Median(func(r *Report) *float64 { return r.PM25 })
	m.PM10, m.Spread.PM10 = p.Median(func(r *Report) *float64 { return r.PM10 })
	m.Ozone, m.Spread.Ozone = p.Median(func(r *Report) *float64 { return r.Ozone })
	m.NitrogenDioxide, m.Spread.NitrogenDioxide = p.Median(func(r *Report) *float64 { return r.NitrogenDioxide })
	m.SulphurDioxide, m.Spread.SulphurDioxide = p.Median(func(r *Report) *float64 { return r.SulphurDioxide })
	m.CarbonMonoxide, m.Spread.CarbonMonoxide = p.Median(func(r *Report) *float64 { return r.CarbonMonoxide })
	m.Ammonia, m.Spread.Ammonia = p.Median(func(r *Report) *float64 { return r.Ammonia })
	m.Index = m.index()

	// These have no spread, because only one provider gives them.
	m.USAQI, _ = p.Median(func(r *Report) *float64 { return r.USAQI })
	m.Pollen.Alder, _ = p.Median(func(r *Report) *float64 { return r.Pollen.Alder })
	m.Pollen.Birch, _ = p.Median(func(r *Report) *float64 { return r.Pollen.Birch })
	m.Pollen.Grass, _ = p.Median(func(r *Report) *float64 { return r.Pollen.Grass })
	m.Pollen.Mugwort, _ = p.Median(func(r *Report) *float64 { return r.Pollen.Mugwort })
	m.Pollen.Olive, _ = p.Median(func(r *Report) *float64 { return r.Pollen.Olive })
	m.Pollen.Ragweed, _ = p.Median(func(r *Report) *float64 { return r.Pollen.Ragweed })
	m.ObservedAt, m.Used = p.Used()
	return &m
}
