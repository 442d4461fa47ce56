// Package forecast merges the forecasts of several providers for a place: [Merge] makes
// days and hours of their [weather.Series], and [Present] converts these for the API.
//
// Days are made from hours in the place's time zone, never taken from a provider: those
// of a provider can begin at another hour, and have 24 hours where the clocks change.
package forecast
