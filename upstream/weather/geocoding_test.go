package weather

import (
	"testing"

	"tributary/upstream"
)

func TestGeocodingRequest(t *testing.T) {
	for _, tt := range []struct {
		name string
		q    PlaceQuery
		want string
	}{
		{"a name", PlaceQuery{Name: "Delhi", Count: 1}, "/v1/search?name=Delhi&count=1&language=en&format=json"},
		{"a country", PlaceQuery{Name: "Delhi", Country: "in", Count: 5}, "/v1/search?name=Delhi&count=5&language=en&format=json&countryCode=IN"},
		{"white space and characters of URLs", PlaceQuery{Name: "  São\t Tomé & Co?#=", Count: 1},
			"/v1/search?name=S%C3%A3o+Tom%C3%A9+%26+Co%3F%23%3D&count=1&language=en&format=json"},
		{"accents that are characters of their own", PlaceQuery{Name: "Sa\u0303o", Count: 1}, "/v1/search?name=S%C3%A3o&count=1&language=en&format=json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := requested(t, Geocoding(), tt.q); got != tt.want {
				t.Errorf("request = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestGeocodingKeys(t *testing.T) {
	key := Geocoding().Key
	same := key(PlaceQuery{Name: "São Tomé", Country: "ST", Count: 1})
	for _, q := range []PlaceQuery{
		{Name: "SÃO TOMÉ", Country: "st", Count: 1},
		{Name: " são\u00a0 tomé\n", Country: "ST", Count: 1},
		{Name: "Sa\u0303o Tome\u0301", Country: "ST", Count: 1},
	} {
		if got := key(q); got != same {
			t.Errorf("key of %+v = %q, want %q", q, got, same)
		}
	}
	if a, b := key(PlaceQuery{Name: "ΣΑΜΟΣ", Count: 1}), key(PlaceQuery{Name: "Σάμος", Count: 1}); a == b {
		t.Errorf("accents do not count: %q", a)
	}
	if a, b := key(PlaceQuery{Name: "ΣΆΜΟΣ", Count: 1}), key(PlaceQuery{Name: "σάμος", Count: 1}); a != b {
		t.Errorf("the final sigma counts: %q and %q", a, b)
	}
	for _, q := range []PlaceQuery{
		{Name: "São Tomé", Count: 1},
		{Name: "São Tomé", Country: "BR", Count: 1},
		{Name: "São Tomé", Country: "ST", Count: 2},
		{Name: "ST:São Tomé", Count: 1},
		{Name: "Sao Tome", Country: "ST", Count: 1},
	} {
		if got := key(q); got == same {
			t.Errorf("key of %+v = %q, the same as that of another question", q, got)
		}
	}
}

func TestGeocodingReads(t *testing.T) {
	got, err := decodeGeocoding(respond(testdata(t, "geocoding.json"), now))
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"name":"Delhi","admin":"Delhi","country":"IN","latitude":28.65,"longitude":77.23,"timezone":"Asia/Kolkata","population":10927986},` +
		`{"name":"दिल्ली","latitude":0,"longitude":180,"timezone":"Asia/Kolkata"},` +
		`{"name":"Delhi","admin":"New York","country":"US","latitude":42.28,"longitude":-74.92,"timezone":"America/New_York","population":3087}]`
	if places := asJSON(t, got); places != want {
		t.Errorf("places = %s, want %s", places, want)
	}
	if key := got[1].Key(); key != "0,180" {
		t.Errorf("key = %q, want 0,180", key)
	}
}

func TestGeocodingFindsNothing(t *testing.T) {
	for _, body := range []string{`{"generationtime_ms":0.5}`, `{"results":[],"generationtime_ms":0.5}`, `{"results":null}`} {
		_, err := decodeGeocoding(respond(body, now))
		wantCode(t, err, upstream.CodeNotFound)
	}
}

func TestGeocodingRefuses(t *testing.T) {
	refusesGarbage(t, decodeGeocoding, testdata(t, "geocoding.json"))
	for _, tt := range []struct {
		name, body, want string
	}{
		{"an error in a 200", `{"error":true,"reason":"Parameter count must be between 1 and 100."}`, "error: true in a 200"},
		{"an object for the list", `{"results":{"name":"Delhi"}}`, "results: a JSON object that cannot be read"},
		{"a place without a name", `{"results":[{"latitude":1,"longitude":2}]}`, "results[0].name: missing"},
		{"a place without a latitude", `{"results":[{"name":"A","longitude":2}]}`, "results[0].latitude: missing or outside"},
		{"a second place without a longitude", `{"results":[{"name":"A","latitude":1,"longitude":2},{"name":"B","latitude":1,"longitude":null}]}`, "results[1].longitude: missing or outside"},
		{"a place beyond the pole", `{"results":[{"name":"A","latitude":90.1,"longitude":2}]}`, "latitude: missing or outside -90 to 90"},
		{"a place beyond the date line", `{"results":[{"name":"A","latitude":1,"longitude":-180.5}]}`, "longitude: missing or outside -180 to 180"},
		{"coordinates as text", `{"results":[{"name":"A","latitude":"1","longitude":2}]}`, "results.latitude: a JSON string that cannot be read"},
		{"a number out of range", `{"results":[{"name":"A","latitude":1e400,"longitude":2}]}`, "results.latitude: a JSON number that cannot be read"},
		{"fewer than no people", `{"results":[{"name":"A","latitude":1,"longitude":2,"population":-1}]}`, "population: -1 is outside"},
		{"more people than there are", `{"results":[{"name":"A","latitude":1,"longitude":2,"population":1e300}]}`, "population: 1e+300 is outside"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decodeGeocoding(respond(tt.body, now))
			wantError(t, err, tt.want)
		})
	}
}
