package weather

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
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
		{"halves away from zero in the decimal form", 1.005, -1.005, "1.01,-1.01"},
		{"halves whose binary form is a little more", 1.115, 8.345, "1.12,8.35"},
		{"a carry", 89.995, -179.995, "90,-180"},
		{"less than a half", 2.67499999, 0.00499999, "2.67,0"},
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

// Every half of a hundredth on Earth is rounded in decimal notation; binary arithmetic
// rounds hundreds of them wrong.
func TestRound2OfEveryHalf(t *testing.T) {
	for thousandths := int64(5); thousandths <= 180_000; thousandths += 10 {
		v, err := strconv.ParseFloat(fmt.Sprintf("%d.%03d", thousandths/1000, thousandths%1000), 64)
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("%d.%02d", (thousandths/10+1)/100, (thousandths/10+1)%100)
		if got := fmt.Sprintf("%.2f", Round2(v)); got != want {
			t.Fatalf("Round2(%v) = %s, want %s", v, got, want)
		}
		if Round2(-v) != -Round2(v) {
			t.Fatalf("Round2(%v) = %v, want -%s", -v, Round2(-v), want)
		}
	}
}

func TestRound2OutOfRange(t *testing.T) {
	for _, v := range []float64{0, 1e15 + 0.5, 1e300, math.Inf(1), 5e-324} {
		if got := Round2(v); math.Abs(got-v) > 0.01 && !math.IsInf(v, 1) || math.Signbit(got) {
			t.Errorf("Round2(%v) = %v", v, got)
		}
	}
	if got := Round2(math.Copysign(0, -1)); math.Signbit(got) {
		t.Errorf("Round2(-0) = %v, want 0", got)
	}
	if got := Round2(math.NaN()); !math.IsNaN(got) {
		t.Errorf("Round2(NaN) = %v", got)
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

func TestPlaceKeyIsComputedOnce(t *testing.T) {
	p := NewPlace(28.65, 77.23)
	if n := testing.AllocsPerRun(100, func() { _ = p.Key() }); n != 0 {
		t.Errorf("Key allocates %v times, want 0", n)
	}
}
