package weather

import (
	"testing"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

// The buffer of a body is used again for the next answer.
func TestDecodersKeepNoPartOfTheBody(t *testing.T) {
	read := func(body string) upstream.Response { return respond(body, now) }
	upstreamtest.KeepsNoBody(t, OpenMeteo().Decode, read(testdata(t, "openmeteo.json")))
	upstreamtest.KeepsNoBody(t, METNorway().Decode, read(testdata(t, "metno.json")))
	upstreamtest.KeepsNoBody(t, OpenWeather().Decode, read(testdata(t, "openweather.json")))
	upstreamtest.KeepsNoBody(t, Geocoding().Decode, read(testdata(t, "geocoding.json")))
	upstreamtest.KeepsNoBody(t, OpenMeteoForecast().Decode, read(`{"utc_offset_seconds":0,"timezone":"Europe/Oslo","hourly_units":{"temperature_2m":"°C"},`+
		`"hourly":{"time":[1795500000,1795503600],"temperature_2m":[1,2]},"daily":{"sunrise":["2026-11-24T07:00"],"sunset":["2026-11-24T15:00"]}}`))
	upstreamtest.KeepsNoBody(t, OpenWeatherForecast().Decode, read(`{"list":[{"dt":1795500000,"main":{"temp":1},"weather":[{"id":500}]},{"dt":1795510800,"main":{"temp":1}}]}`))

	batch := OpenMeteoBatch()
	all := threePlaces()
	upstreamtest.KeepsNoBody(t, func(r upstream.Response) (map[string]upstream.Item[*PackedReport], error) {
		return batch.DecodeAll(all, r)
	},
		read(listOf(t, "24.1", "24.2", "24.3")))
}
