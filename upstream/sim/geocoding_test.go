package sim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tributary/upstream/sim"
)

type geocodingBody struct {
	Results []struct {
		ID          int
		Name        string
		Latitude    float64
		Longitude   float64
		CountryCode string `json:"country_code"`
		Country     string
		Admin1      string
		FeatureCode string `json:"feature_code"`
		Timezone    string
		Population  int
	}
}

func (b geocodingBody) names() string {
	var names []string
	for _, r := range b.Results {
		names = append(names, strings.TrimSpace(r.Name+" "+r.CountryCode))
	}
	return strings.Join(names, ", ")
}

func search(t *testing.T, s *sim.Simulator, query url.Values) geocodingBody {
	t.Helper()
	got := get(t, s.URL(sim.Geocoding)+"/v1/search?"+query.Encode())
	if got.status != http.StatusOK {
		t.Fatalf("%v: status = %d: %s", query, got.status, got.body)
	}
	return decode[geocodingBody](t, got)
}

func TestGeocodingFinds(t *testing.T) {
	s := start(t, sim.Config{})
	for _, tt := range []struct{ name, country, count, want string }{
		{"Delhi", "", "", "Delhi IN"},
		{"dElHi", "", "", "Delhi IN"},
		{"London", "", "", "London GB, London CA"},
		{"London", "CA", "", "London CA"},
		{"London", "ca", "", "London CA"},
		{"London", "", "1", "London GB"},
		{"Hyderabad", "", "", "Hyderabad IN, Hyderabad PK"},
		{"Paris", "", "", "Paris FR, Paris US"},
		{"Springfield", "", "2", "Springfield US, Springfield US"},
		{"Ber", "", "", "Berlin DE, Bergen NO"},
		{"Москва", "", "", "Moscow RU"},
		{"МОСКВА", "", "", "Moscow RU"},
		{"São Paulo", "", "", "São Paulo BR"},
		{"sao p", "", "", "São Paulo BR"},
		{"東京", "", "", "Tokyo JP"},
		{"De", "", "", ""},
		{"D", "", "", ""},
		{"", "", "", ""},
		{"(unknown)", "", "", ""},
		{"Place-1", "", "", "Place-1"},
		{"pLACE-10000000", "", "", "Place-10000000"},
		{"Place-10000001", "", "", ""},
		{"Place-0", "", "", ""},
		{"Place-01", "", "", ""},
		{"Place-1", "IN", "", ""},
	} {
		query := url.Values{"name": {tt.name}, "language": {"en"}, "format": {"json"}}
		if tt.country != "" {
			query.Set("countryCode", tt.country)
		}
		if tt.count != "" {
			query.Set("count", tt.count)
		}
		if got := search(t, s, query).names(); got != tt.want {
			t.Errorf("%v: %q, want %q", query, got, tt.want)
		}
	}
}

func TestGeocodingResult(t *testing.T) {
	s := start(t, sim.Config{})
	got := search(t, s, url.Values{"name": {"Delhi"}}).Results[0]
	if got.ID != 1273294 || got.Latitude != 28.65195 || got.Longitude != 77.23149 || got.Timezone != "Asia/Kolkata" ||
		got.Population != 10927986 || got.Country != "India" || got.Admin1 != "Delhi" || got.FeatureCode == "" {
		t.Errorf("Delhi = %+v", got)
	}
}

func TestGeocodingWithoutAHitHasNoResults(t *testing.T) {
	s := start(t, sim.Config{})
	got := get(t, s.URL(sim.Geocoding)+"/v1/search?name=(unknown)")
	if got.status != http.StatusOK || strings.Contains(got.body, "results") || !strings.Contains(got.body, "generationtime_ms") {
		t.Errorf("no hit: %d %s", got.status, got.body)
	}
}

func TestSyntheticPlacesAreApart(t *testing.T) {
	s := start(t, sim.Config{})
	seen := map[string]string{}
	for n := 1; n <= 10_000_000; n = n*3 + 1 {
		name := fmt.Sprintf("Place-%d", n)
		got := search(t, s, url.Values{"name": {name}}).Results[0]
		point := fmt.Sprintf("%.2f,%.2f", got.Latitude, got.Longitude)
		if other, taken := seen[point]; taken {
			t.Errorf("%s and %s are both at %s", name, other, point)
		}
		seen[point] = name
		if got.Latitude < -60 || got.Latitude > 70 || got.Longitude < -180 || got.Longitude > 180 {
			t.Errorf("%s is at %s", name, point)
		}
		if again := search(t, s, url.Values{"name": {name}}).Results[0]; again != got {
			t.Errorf("%s = %+v, then %+v", name, got, again)
		}
	}
}

func TestGeocodingRefuses(t *testing.T) {
	s := start(t, sim.Config{})
	for query, reason := range map[string]string{
		"":                     "Value required for key 'name'.",
		"name=Delhi&count=0":   "Parameter count must be between 1 and 100.",
		"name=Delhi&count=101": "Parameter count must be between 1 and 100.",
		"name=Delhi&count=all": "Parameter count must be between 1 and 100.",
	} {
		got := get(t, s.URL(sim.Geocoding)+"/v1/search?"+query)
		if want := fmt.Sprintf(`{"error":true,"reason":"%s"}`, reason); got.status != http.StatusBadRequest || got.body != want {
			t.Errorf("%s: %d %s, want 400 %s", query, got.status, got.body, want)
		}
	}
}
