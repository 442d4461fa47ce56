// Package air merges the air quality of a place from several providers: what one
// provider reports ([Report]), what several report together ([Merge]) and how
// that is shown ([Present]). The European index is computed from the merged
// concentrations, so that it means the same whichever providers have answered.
//
// Places are those of package weather, as are the rules by which Open-Meteo's and
// OpenWeather's answers are read.
package air
