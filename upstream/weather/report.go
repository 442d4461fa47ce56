package weather

import "time"

// Report is what one provider says of the weather at one place and time, in the
// units named beside each field. A nil number was not reported, which is not 0.
// A Report is never changed once it was decoded, so it may be shared; it
// survives a trip through JSON.
type Report struct {
	ObservedAt time.Time `json:"observed_at"` // UTC

	Temperature   *float64 `json:"temperature,omitempty"`    // °C, air, 2 m above ground
	FeelsLike     *float64 `json:"feels_like,omitempty"`     // °C
	DewPoint      *float64 `json:"dew_point,omitempty"`      // °C
	Humidity      *float64 `json:"humidity,omitempty"`       // %, relative
	Pressure      *float64 `json:"pressure,omitempty"`       // hPa, at sea level
	WindSpeed     *float64 `json:"wind_speed,omitempty"`     // m/s, 10 m above ground
	WindGust      *float64 `json:"wind_gust,omitempty"`      // m/s
	WindDirection *float64 `json:"wind_direction,omitempty"` // degrees clockwise from north, where it comes from
	CloudCover    *float64 `json:"cloud_cover,omitempty"`    // % of the sky
	Precipitation *float64 `json:"precipitation,omitempty"`  // mm/h, a rate
	Visibility    *float64 `json:"visibility,omitempty"`     // m

	// VisibilityCapped says that Visibility is the most that the provider ever
	// tells, and so means "at least".
	VisibilityCapped bool `json:"visibility_capped,omitempty"`

	// PrecipitationNextHour, mm/h, is forecast for the hour that begins at
	// ObservedAt. It is used where no report has Precipitation.
	PrecipitationNextHour *float64 `json:"precipitation_next_hour,omitempty"`

	Condition Condition `json:"condition"`
	IsDay     *bool     `json:"is_day,omitempty"`
	Timezone  string    `json:"timezone,omitempty"` // IANA name of the place's, if told

	// Next replaces this report from its ObservedAt on. With some hours of a
	// forecast kept, an answer from the cache, or one that a 304 has confirmed,
	// is still about now.
	Next *Report `json:"next,omitempty"`
}

// At returns the entry for now of the series that begins with r: the latest
// whose time is not after now, or r itself if all are later.
func (r *Report) At(now time.Time) *Report {
	for r.Next != nil && !r.Next.ObservedAt.After(now) {
		r = r.Next
	}
	return r
}

// calm reports whether there is no wind, and so no direction that it comes from.
func (r *Report) calm() bool { return r.WindSpeed != nil && *r.WindSpeed == 0 }
