package weather

import (
	"testing"

	"tributary/upstream"
)

func BenchmarkMergeOfThree(b *testing.B) {
	openMeteo, metno, openWeather := openMeteoDelhi(), metnoDelhi(), openWeatherDelhi()
	b.ReportAllocs()
	for b.Loop() {
		Merge(now, &openMeteo, &metno, &openWeather)
	}
}

func BenchmarkPresent(b *testing.B) {
	m, place := delhi(), NewPlace(28.65, 77.23)
	b.ReportAllocs()
	for b.Loop() {
		Present(place, m, Imperial)
	}
}

func benchmarkDecode[Q, A any](b *testing.B, spec upstream.Spec[Q, A], file string) {
	r := respond(testdata(b, file), now)
	b.ReportAllocs()
	b.SetBytes(int64(len(r.Body)))
	for b.Loop() {
		if _, err := spec.Decode(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeOpenMeteo(b *testing.B)   { benchmarkDecode(b, OpenMeteo(), "openmeteo.json") }
func BenchmarkDecodeOpenWeather(b *testing.B) { benchmarkDecode(b, OpenWeather(), "openweather.json") }
func BenchmarkDecodeMETNorway(b *testing.B)   { benchmarkDecode(b, METNorway(), "metno.json") }
func BenchmarkDecodeGeocoding(b *testing.B)   { benchmarkDecode(b, Geocoding(), "geocoding.json") }

func BenchmarkGeocodingKey(b *testing.B) {
	key := Geocoding().Key
	for name, q := range map[string]PlaceQuery{"ascii": {Name: "Delhi", Count: 1}, "accents": {Name: "São Tomé", Country: "ST", Count: 1}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				key(q)
			}
		})
	}
}
