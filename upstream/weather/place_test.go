package weather

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestPlaceKey(t *testing.T) {
	for _, tt := range []struct {
		name                string
		latitude, longitude float64
		want                string
	}{
		{"two decimals", 28.65195, 77.23149, "28.65,77.23"},
		{"halves away from zero", -15.775, 0.125, "-15.78,0.13"},
		{"no more decimals than needed", 51.5, -0.1, "51.5,-0.1"},
		{"whole degrees", 90, -180, "90,-180"},
		{"no negative zero", -0.001, -0.004999, "0,0"},
		{"no exponent", 0.00000001, 1e-30, "0,0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := NewPlace(tt.latitude, tt.longitude)
			if got := p.Key(); got != tt.want {
				t.Errorf("NewPlace(%v, %v).Key() = %q, want %q", tt.latitude, tt.longitude, got, tt.want)
			}
			if again := NewPlace(p.Latitude, p.Longitude); again != p {
				t.Errorf("rounding twice gives %+v, then %+v", p, again)
			}
			literal := Place{Latitude: tt.latitude, Longitude: tt.longitude}
			if got := literal.Key(); got != tt.want {
				t.Errorf("key of a literal = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPlaceSurvivesJSON(t *testing.T) {
	p := NewPlace(28.65, 77.23)
	p.Name, p.Admin, p.Country, p.Timezone, p.Population = "Delhi", "Delhi", "IN", "Asia/Kolkata", new(int64(10927986))
	const want = `{"name":"Delhi","admin":"Delhi","country":"IN","latitude":28.65,"longitude":77.23,"timezone":"Asia/Kolkata","population":10927986}`
	stored := asJSON(t, p)
	if stored != want {
		t.Errorf("JSON = %s, want %s", stored, want)
	}
	var got Place
	if err := json.Unmarshal([]byte(stored), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, p) {
		t.Errorf("came back as %+v, want %+v", got, p)
	}
	if err := json.Unmarshal([]byte(`{"latitude":"28"}`), &got); err == nil {
		t.Error("text for a latitude came back as a place")
	}
}

func TestPlaceKeyIsMadeOnce(t *testing.T) {
	p := NewPlace(28.65, 77.23)
	if n := testing.AllocsPerRun(100, func() { _ = p.Key() }); n != 0 {
		t.Errorf("Key allocates %v times, want 0", n)
	}
}
