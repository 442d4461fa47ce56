package weather

import (
	"reflect"
	"testing"
)

// The conditions and their texts are part of the contract, so a change here is a
// change of the API.
func TestConditionTexts(t *testing.T) {
	for code, want := range map[Condition]string{
		"clear": "Clear", "mostly_clear": "Mostly clear", "partly_cloudy": "Partly cloudy", "cloudy": "Cloudy",
		"fog": "Fog", "haze": "Haze", "drizzle": "Drizzle", "freezing_drizzle": "Freezing drizzle", "rain": "Rain",
		"freezing_rain": "Freezing rain", "sleet": "Sleet", "snow": "Snow", "rain_showers": "Rain showers",
		"snow_showers": "Snow showers", "thunderstorm": "Thunderstorm", "hail": "Hail", "dust": "Dust",
		"unknown": "Unknown", "": "Unknown", "frogs": "Unknown",
	} {
		if got := code.Text(); got != want {
			t.Errorf("%q.Text() = %q, want %q", code, got, want)
		}
	}
}

func TestEveryConditionIsUsed(t *testing.T) {
	said := map[Condition]bool{}
	for _, words := range []map[Condition]bool{values(wmoCodes), values(openWeatherIDs), values(metnoSymbols)} {
		for c := range words {
			said[c] = true
		}
	}
	for _, c := range []Condition{Clear, MostlyClear, PartlyCloudy, Cloudy, Fog, Haze, Drizzle, FreezingDrizzle, Rain,
		FreezingRain, Sleet, Snow, RainShowers, SnowShowers, Thunderstorm, Hail, Dust} {
		if !said[c] {
			t.Errorf("no provider maps a code to %q", c)
		}
	}
}

func values[K comparable](m map[K]Condition) map[Condition]bool {
	all := map[Condition]bool{}
	for _, c := range m {
		all[c] = true
	}
	return all
}

var wmoCodes = map[float64]Condition{
	0: Clear, 1: MostlyClear, 2: PartlyCloudy, 3: Cloudy,
	45: Fog, 48: Fog,
	51: Drizzle, 53: Drizzle, 55: Drizzle, 56: FreezingDrizzle, 57: FreezingDrizzle,
	61: Rain, 63: Rain, 65: Rain, 66: FreezingRain, 67: FreezingRain,
	71: Snow, 73: Snow, 75: Snow, 77: Snow,
	80: RainShowers, 81: RainShowers, 82: RainShowers, 85: SnowShowers, 86: SnowShowers,
	95: Thunderstorm, 96: Hail, 99: Hail,
}

func TestWMOCodes(t *testing.T) {
	if len(wmoCodes) != 28 {
		t.Fatalf("%d codes listed, want all 28", len(wmoCodes))
	}
	for code := float64(-1); code <= 101; code++ {
		want, ok := wmoCodes[code]
		if !ok {
			want = Unknown
		}
		if got := wmoCondition(&code); got != want {
			t.Errorf("wmoCondition(%g) = %q, want %q", code, got, want)
		}
	}
	if got := wmoCondition(new(2.5)); got != Unknown {
		t.Errorf("wmoCondition(2.5) = %q, want unknown", got)
	}
	if got := wmoCondition(nil); got != Unknown {
		t.Errorf("wmoCondition(nil) = %q, want unknown", got)
	}
}

var openWeatherIDs = map[float64]Condition{
	200: Thunderstorm, 201: Thunderstorm, 202: Thunderstorm, 210: Thunderstorm, 211: Thunderstorm,
	212: Thunderstorm, 221: Thunderstorm, 230: Thunderstorm, 231: Thunderstorm, 232: Thunderstorm,
	300: Drizzle, 301: Drizzle, 302: Drizzle, 310: Drizzle, 311: Drizzle, 312: Drizzle,
	313: RainShowers, 314: RainShowers, 321: Drizzle,
	500: Rain, 501: Rain, 502: Rain, 503: Rain, 504: Rain, 511: FreezingRain,
	520: RainShowers, 521: RainShowers, 522: RainShowers, 531: RainShowers,
	600: Snow, 601: Snow, 602: Snow, 611: Sleet, 612: Sleet, 613: Sleet, 615: Sleet, 616: Sleet,
	620: SnowShowers, 621: SnowShowers, 622: SnowShowers,
	701: Fog, 711: Haze, 721: Haze, 731: Dust, 741: Fog, 751: Dust, 761: Dust, 762: Dust,
	771: Thunderstorm, 781: Thunderstorm,
	800: Clear, 801: MostlyClear, 802: PartlyCloudy, 803: Cloudy, 804: Cloudy,
}

func TestOpenWeatherIDs(t *testing.T) {
	if len(openWeatherIDs) != 55 {
		t.Fatalf("%d ids listed, want all 55", len(openWeatherIDs))
	}
	for id := float64(0); id < 1000; id++ {
		want, ok := openWeatherIDs[id]
		if !ok {
			want = Unknown
		}
		if got := openWeatherCondition(&id); got != want {
			t.Errorf("openWeatherCondition(%g) = %q, want %q", id, got, want)
		}
	}
	if got := openWeatherCondition(nil); got != Unknown {
		t.Errorf("openWeatherCondition(nil) = %q, want unknown", got)
	}
}

// metnoSymbols has every base symbol of the official list in its official spelling;
// two have a double s.
var metnoSymbols = map[string]Condition{
	"clearsky": Clear, "fair": MostlyClear, "partlycloudy": PartlyCloudy, "cloudy": Cloudy, "fog": Fog,
	"lightrain": Rain, "rain": Rain, "heavyrain": Rain,
	"lightsleet": Sleet, "sleet": Sleet, "heavysleet": Sleet,
	"lightsnow": Snow, "snow": Snow, "heavysnow": Snow,
	"lightrainshowers": RainShowers, "rainshowers": RainShowers, "heavyrainshowers": RainShowers,
	"lightsleetshowers": Sleet, "sleetshowers": Sleet, "heavysleetshowers": Sleet,
	"lightsnowshowers": SnowShowers, "snowshowers": SnowShowers, "heavysnowshowers": SnowShowers,
	"lightrainandthunder": Thunderstorm, "rainandthunder": Thunderstorm, "heavyrainandthunder": Thunderstorm,
	"lightsleetandthunder": Thunderstorm, "sleetandthunder": Thunderstorm, "heavysleetandthunder": Thunderstorm,
	"lightsnowandthunder": Thunderstorm, "snowandthunder": Thunderstorm, "heavysnowandthunder": Thunderstorm,
	"lightrainshowersandthunder": Thunderstorm, "rainshowersandthunder": Thunderstorm, "heavyrainshowersandthunder": Thunderstorm,
	"lightssleetshowersandthunder": Thunderstorm, "sleetshowersandthunder": Thunderstorm, "heavysleetshowersandthunder": Thunderstorm,
	"lightssnowshowersandthunder": Thunderstorm, "snowshowersandthunder": Thunderstorm, "heavysnowshowersandthunder": Thunderstorm,
}

func TestMETNorwaySymbols(t *testing.T) {
	if len(metnoSymbols) != 41 {
		t.Fatalf("%d symbols listed, want all 41", len(metnoSymbols))
	}
	for base, want := range metnoSymbols {
		for suffix, isDay := range map[string]*bool{"": nil, "_day": new(true), "_night": new(false), "_polartwilight": nil} {
			got, day := metnoCondition(base + suffix)
			if got != want || !reflect.DeepEqual(day, isDay) {
				t.Errorf("metnoCondition(%q) = %q, %s, want %q, %s", base+suffix, got, asJSON(t, day), want, asJSON(t, isDay))
			}
		}
	}
	for symbol, want := range map[string]Condition{
		"lightsleetshowersandthunder_day": Thunderstorm, // the official misspellings, in case they are corrected
		"lightsnowshowersandthunder_day":  Thunderstorm,
		"":                                Unknown,
		"_day":                            Unknown,
		"rain_noon":                       Unknown,
		"lightfog":                        Unknown,
		"Rain":                            Unknown,
		"rain_day_day":                    Unknown,
		"fogandthunder":                   Unknown,
	} {
		if got, _ := metnoCondition(symbol); got != want {
			t.Errorf("metnoCondition(%q) = %q, want %q", symbol, got, want)
		}
	}
}
