package weather

import (
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
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
			if got := upstreamtest.Requested(t, Geocoding(), tt.q); got != tt.want {
				t.Errorf("request = %s, want %s", got, tt.want)
			}
		})
	}
}

// Names share an answer if and only if the geocoder treats them as equal.
func TestGeocodingKeys(t *testing.T) {
	key := Geocoding().Key
	for _, tt := range []struct {
		name      string
		of        string
		same      []string
		different []string
	}{
		{"case and white space", "São Tomé", []string{"SÃO TOMÉ", " são\u00a0 tomé\n", "são\ttomé"}, []string{"São-Tomé", "SãoTomé", "São Tomé 2"}},
		{"the encoding of accents", "São Tomé", []string{"Sa\u0303o Tome\u0301"}, nil},
		{"diacritics of Latin letters", "Zürich", []string{"Zurich", "ZÜRICH", "zu\u0308rich"}, []string{"Zuerich"}},
		{"several diacritics on one letter", "Huế", []string{"Hue", "HUẾ"}, nil},
		{"the ring of Åland", "Åland", []string{"Aland", "\u212bland"}, []string{"Aaland"}},
		{"letters with a stroke", "Ørsta", []string{"ørsta"}, []string{"Orsta", "Oersta"}},
		{"the Polish stroke", "Łódź", []string{"łódź", "Łodz"}, []string{"Lodz"}},
		{"ligatures", "Ærø", []string{"ærø"}, []string{"Aero", "Aerø"}},
		{"thorn and eth", "Þorlákshöfn", []string{"þorlakshofn"}, []string{"Thorlakshofn"}},
		{"the sharp s", "Aßling", []string{"aßling", "AẞLING"}, []string{"Assling", "ASSLING", "Asling"}},
		{"the double s", "Weissenau", []string{"WEISSENAU"}, []string{"Weißenau", "Weiſſenau"}},
		{"the Turkish dotted I", "İzmir", []string{"izmir", "Izmir", "IZMIR"}, []string{"ızmir"}},
		{"the Turkish dotless ı", "Iğdır", []string{"IĞDıR", "iğdır", "Igdır"}, []string{"Igdir", "ığdır"}},
		{"Greek accents", "Σάμη", []string{"ΣΑΜΗ", "σαμη"}, nil},
		{"the Greek sigma at the end of a word", "Σάμος", []string{"Σαμος"}, []string{"ΣΑΜΟΣ"}}, // lowered to σ, not ς
		{"Cyrillic letters", "Ёлкино", []string{"ЕЛКИНО", "елкино"}, []string{"Олкино"}},
		{"vowel signs of Hindi", "दिल्ली", []string{"दिल्ली"}, []string{"दल्ली", "दलल", "दिल्ल"}},
		{"voicing marks of Japanese", "がま", []string{"か\u3099ま"}, []string{"かま"}},
		{"points of Hebrew", "חֵיפָה", []string{"חֵיפָה"}, []string{"חיפה"}},
		{"Korean syllables", "서울", []string{"\u1109\u1165\u110b\u116e\u11af"}, []string{"서우"}},
		{"width", "Tokyo", []string{"TOKYO"}, []string{"Ｔｏｋｙｏ"}},
		{"ligatures of print", "Flint", nil, []string{"\ufb02int"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := key(PlaceQuery{Name: tt.of, Count: 1})
			for _, name := range tt.same {
				if got := key(PlaceQuery{Name: name, Count: 1}); got != want {
					t.Errorf("key of %q = %q, want %q as of %q", name, got, want, tt.of)
				}
			}
			for _, name := range tt.different {
				if got := key(PlaceQuery{Name: name, Count: 1}); got == want {
					t.Errorf("key of %q = %q, the same as of %q", name, got, tt.of)
				}
			}
		})
	}
	same := key(PlaceQuery{Name: "Delhi", Country: "IN", Count: 1})
	if got := key(PlaceQuery{Name: "Delhi", Country: "in", Count: 1}); got != same {
		t.Errorf("key for a country in lower case = %q, want %q", got, same)
	}
	for _, q := range []PlaceQuery{
		{Name: "Delhi", Count: 1},
		{Name: "Delhi", Country: "US", Count: 1},
		{Name: "Delhi", Country: "IN", Count: 2},
		{Name: "IN:Delhi", Count: 1},
	} {
		if got := key(q); got == same {
			t.Errorf("key of %+v = %q, the same as that of another question", q, got)
		}
	}
}

func TestGeocodingDeclares(t *testing.T) {
	if spec := Geocoding(); spec.Weight > 1 || spec.Forbidden != upstream.ThisSource || spec.MinFresh != 30*time.Second {
		t.Errorf("weight = %g, a 403 is about %v, requests at least %s apart; want 1, the source, 30 s", spec.Weight, spec.Forbidden, spec.MinFresh)
	}
}

func TestGeocodingReads(t *testing.T) {
	got, err := decodeGeocoding(respond(testdata(t, "geocoding.json"), now))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"places":[{"name":"Delhi","admin":"Delhi","country":"IN","latitude":28.65,"longitude":77.23,"timezone":"Asia/Kolkata","population":10927986},` +
		`{"name":"दिल्ली","latitude":0,"longitude":180,"timezone":"Asia/Kolkata"},` +
		`{"name":"Delhi","admin":"New York","country":"US","latitude":42.28,"longitude":-74.92,"timezone":"America/New_York","population":3087}]}`
	if found := asJSON(t, got); found != want {
		t.Errorf("found = %s, want %s", found, want)
	}
	if key := got.Places[1].Key(); key != "0,180" {
		t.Errorf("key = %q, want 0,180", key)
	}
}

func TestGeocodingReadsOneResult(t *testing.T) {
	for _, tt := range []struct{ name, result, want string }{
		{"on the meridian", `{"name":"Somersham","latitude":52.38333,"country_code":"GB"}`, `{"name":"Somersham","country":"GB","latitude":52.38,"longitude":0}`},
		{"on the equator", `{"name":"Macapá","longitude":-51.06639}`, `{"name":"Macapá","latitude":0,"longitude":-51.07}`},
		{"at an explicit 0", `{"name":"A","latitude":0,"longitude":0}`, `{"name":"A","latitude":0,"longitude":0}`},
		{"with an odd population", `{"name":"A","latitude":1,"longitude":2,"population":-1}`, `{"name":"A","latitude":1,"longitude":2}`},
		{"with more people than there are", `{"name":"A","latitude":1,"longitude":2,"population":1e300}`, `{"name":"A","latitude":1,"longitude":2}`},
		{"with text for a population", `{"name":"A","latitude":1,"longitude":2,"population":"many"}`, `{"name":"A","latitude":1,"longitude":2}`},
		{"with odd optional members", `{"name":"A","latitude":1,"longitude":2,"admin1":7,"country_code":null,"timezone":[],"population":{}}`, `{"name":"A","latitude":1,"longitude":2}`},
		{"with names in another case", `{"name":"A","latitude":1,"longitude":2,"NAME":"B","Latitude":9,"Admin1":"C"}`, `{"name":"A","latitude":1,"longitude":2}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decodeGeocoding(respond(`{"results":[`+tt.result+`]}`, now))
			if err != nil {
				t.Fatal(err)
			}
			if found, want := asJSON(t, got), `{"places":[`+tt.want+`]}`; found != want {
				t.Errorf("found = %s, want %s", found, want)
			}
		})
	}
}

// An unreadable result is left out; if it is the only one, the answer is an error.
func TestGeocodingLeavesOutAResult(t *testing.T) {
	const good = `{"name":"A","latitude":1,"longitude":2}`
	for _, tt := range []struct{ name, result, why string }{
		{"without a name", `{"latitude":1,"longitude":2}`, ".name: missing"},
		{"with a number for a name", `{"name":7,"latitude":1,"longitude":2}`, ".name: missing"},
		{"without coordinates", `{"name":"B"}`, ".latitude: missing"},
		{"with null for a latitude", `{"name":"B","latitude":null,"longitude":2}`, ".latitude: a JSON null that cannot be read"},
		{"with null for a longitude", `{"name":"B","latitude":1,"longitude":null}`, ".longitude: a JSON null that cannot be read"},
		{"with null beside nothing", `{"name":"B","longitude":null}`, ".latitude: missing"},
		{"with text for a latitude", `{"name":"B","latitude":"1","longitude":2}`, ".latitude: a JSON string that cannot be read"},
		{"with a latitude out of the range of a float", `{"name":"B","latitude":1e400,"longitude":2}`, ".latitude: a JSON number that cannot be read"},
		{"beyond the pole", `{"name":"B","latitude":90.1,"longitude":2}`, ".latitude: outside -90 to 90"},
		{"beyond the date line", `{"name":"B","latitude":1,"longitude":-180.5}`, ".longitude: outside -180 to 180"},
		{"that is null", `null`, ": a JSON null that cannot be read"},
		{"that is text", `"B"`, ": a JSON string that cannot be read"},
		{"that is an array", `[]`, ": a JSON array that cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decodeGeocoding(respond(`{"results":[`+good+`,`+tt.result+`,`+good+`]}`, now))
			if err != nil {
				t.Fatal(err)
			}
			if want := "1 of 3 left out: results[1]" + tt.why; len(got.Places) != 2 || got.LeftOut != want {
				t.Errorf("%d places, left out: %q; want 2, %q", len(got.Places), got.LeftOut, want)
			}
			_, err = decodeGeocoding(respond(`{"results":[`+tt.result+`]}`, now))
			wantError(t, err, "1 of 1 left out: results[0]"+tt.why)
		})
	}
	t.Run("and counts all of them", func(t *testing.T) {
		got, err := decodeGeocoding(respond(`{"results":[`+good+`,{},`+good+`,7,{"name":"C"}]}`, now))
		if err != nil || len(got.Places) != 2 || got.LeftOut != "3 of 5 left out: results[1].name: missing" {
			t.Errorf("found = %+v, %v; want two places, three left out", got, err)
		}
	})
}

func TestGeocodingFindsNothing(t *testing.T) {
	for _, body := range []string{`{"generationtime_ms":0.5}`, `{"results":[],"generationtime_ms":0.5}`, `{"results":null}`} {
		_, err := decodeGeocoding(respond(body, now))
		wantCode(t, err, upstream.CodeNotFound)
	}
}

func TestGeocodingRefuses(t *testing.T) {
	upstreamtest.RefusesGarbage(t, decodeGeocoding, respond(testdata(t, "geocoding.json"), now), "[]")
	checkRefusals(t, decodeGeocoding, []refusal{
		{"an error in a 200", `{"error":true,"reason":"Parameter count must be between 1 and 100."}`, "error: true in an answer with status 200", false},
		{"an object for the list", `{"results":{"name":"Delhi"}}`, "results: a JSON object that cannot be read", false},
		{"results none of which can be read", `{"results":[{"name":"A"},{"name":""}]}`, "2 of 2 left out: results[0].latitude: missing", false},
	})
}
