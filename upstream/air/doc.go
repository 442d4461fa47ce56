// Package air merges the air quality of a place from several providers: [Report] is
// what one provider reports, [Merge] combines several reports, and [Present] converts
// the result for the API. The European index is computed from the merged
// concentrations, so that it does not depend on which providers have answered.
//
// It uses the places of package weather, and its rules for reading answers of Open-Meteo
// and OpenWeather.
package air
