package weather

import "time"

// Report is the weather that one provider gives for a place and time, in the units
// named at each field. nil means not reported, which differs from 0. A Report does
// not change after decoding, so it may be shared. It can be stored as JSON.
type Report struct {
	ObservedAt time.Time `json:"observed_at"` // UTC

	Temperature   *float64 `json:"temperature,omitempty"`    // °C, air, 2 m above ground
	FeelsLike     *float64 `json:"feels_like,omitempty"`     // °C
	DewPoint      *float64 `json:"dew_point,omitempty"`      // °C
	Humidity      *float64 `json:"humidity,omitempty"`       // %, relative
	Pressure      *float64 `json:"pressure,omitempty"`       // hPa, at sea level
	WindSpeed     *float64 `json:"wind_speed,omitempty"`     // m/s, 10 m above ground
	WindGust      *float64 `json:"wind_gust,omitempty"`      // m/s
	WindDirection *float64 `json:"wind_direction,omitempty"` // degrees clockwise from north, where the wind comes from
	CloudCover    *float64 `json:"cloud_cover,omitempty"`    // % of the sky
	Precipitation *float64 `json:"precipitation,omitempty"`  // mm/h
	Visibility    *float64 `json:"visibility,omitempty"`     // m

	// VisibilityCapped is true if Visibility is the greatest value that the provider
	// reports, so that it means "at least".
	VisibilityCapped bool `json:"visibility_capped,omitempty"`

	// PrecipitationNextHour, in mm/h, is the forecast for the hour from ObservedAt. It is
	// used only if no report has Precipitation.
	PrecipitationNextHour *float64 `json:"precipitation_next_hour,omitempty"`

	Condition Condition `json:"condition"`
	IsDay     *bool     `json:"is_day,omitempty"`
	Timezone  string    `json:"timezone,omitempty"` // IANA name, if the provider gives it

	// Next replaces this report from Next.ObservedAt on. Keeping some hours of the
	// forecast lets a cached answer, or one confirmed by a 304, still describe the
	// current hour.
	Next *Report `json:"next,omitempty"`

	// Forecast is the forecast that came with the current weather, if the provider sends
	// both in one answer.
	Forecast *PackedSeries `json:"forecast,omitempty"`
}

// At returns the report for now from the series that starts with r: the latest one
// whose time is not after now, or r if all are later.
func (r *Report) At(now time.Time) *Report {
	for r.Next != nil && !r.Next.ObservedAt.After(now) {
		r = r.Next
	}
	return r
}

// calm reports whether there is no wind, so that its direction has no meaning.
func (r *Report) calm() bool { return r.WindSpeed != nil && *r.WindSpeed == 0 }
