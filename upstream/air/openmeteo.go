package air

import (
	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// openMeteo is the name of the source, the only one with a US index.
const openMeteo = "openmeteo_air"

// OpenMeteoAttribution is required by the licence wherever the data is shown.
const OpenMeteoAttribution = "Air quality data by Open-Meteo.com and CAMS (CC BY 4.0)"

// openMeteoVariables has all variables that Report has a field for. Open-Meteo's own
// European index is not requested, because ours is computed from all providers.
const openMeteoVariables = "pm2_5,pm10,ozone,nitrogen_dioxide,sulphur_dioxide,carbon_monoxide,ammonia,us_aqi," +
	"alder_pollen,birch_pollen,grass_pollen,mugwort_pollen,olive_pollen,ragweed_pollen"

const openMeteoQuery = "&current=" + openMeteoVariables + "&timeformat=unixtime"

// OpenMeteo gets the current hour from Open-Meteo's air quality API.
// https://open-meteo.com/en/docs/air-quality-api
func OpenMeteo() upstream.Spec[weather.Place, *Report] { return OpenMeteoBatch().Spec }

// OpenMeteoBatch is OpenMeteo for many places in one call.
func OpenMeteoBatch() upstream.BatchSpec[weather.Place, *Report] {
	return weather.OpenMeteoMany(upstream.Spec[weather.Place, *Report]{
		Name:      openMeteo,
		Route:     "/v1/air-quality",
		Key:       weather.Place.Key,
		Decode:    decodeOpenMeteo,
		Refusal:   weather.OpenMeteoRefusal,
		Weight:    weather.OpenMeteoWeight(openMeteoVariables),
		Forbidden: upstream.ThisSource, // a 403 is about our key or plan
		MinFresh:  weather.MinFresh,
	}, func([]weather.Place) string { return openMeteoQuery })
}

// The units that can be converted. The micro sign has two code points; Open-Meteo uses
// the Greek letter.
var (
	toMicrograms = map[aggregate.Text]aggregate.Scale{"\u03bcg/m³": aggregate.Same, "\u00b5g/m³": aggregate.Same}
	toGrains     = map[aggregate.Text]aggregate.Scale{"grains/m³": aggregate.Same}
	toUSAQI      = map[aggregate.Text]aggregate.Scale{"USAQI": aggregate.Same}
)

type openMeteoAnswer struct {
	weather.OpenMeteoClock
	CurrentUnits aggregate.Object[aggregate.Units]  `json:"current_units"`
	Current      aggregate.Object[openMeteoCurrent] `json:"current"`
}

type openMeteoCurrent struct {
	Time            jsontext.Value   `json:"time"`
	PM25            aggregate.Number `json:"pm2_5"`
	PM10            aggregate.Number `json:"pm10"`
	Ozone           aggregate.Number `json:"ozone"`
	NitrogenDioxide aggregate.Number `json:"nitrogen_dioxide"`
	SulphurDioxide  aggregate.Number `json:"sulphur_dioxide"`
	CarbonMonoxide  aggregate.Number `json:"carbon_monoxide"`
	Ammonia         aggregate.Number `json:"ammonia"`
	USAQI           aggregate.Number `json:"us_aqi"`
	AlderPollen     aggregate.Number `json:"alder_pollen"`
	BirchPollen     aggregate.Number `json:"birch_pollen"`
	GrassPollen     aggregate.Number `json:"grass_pollen"`
	MugwortPollen   aggregate.Number `json:"mugwort_pollen"`
	OlivePollen     aggregate.Number `json:"olive_pollen"`
	RagweedPollen   aggregate.Number `json:"ragweed_pollen"`
}

func decodeOpenMeteo(r upstream.Response) (*Report, error) {
	var a openMeteoAnswer
	if err := upstream.DecodeJSON(r.Body, '{', &a); err != nil {
		return nil, err
	}
	if a.Current.Kind != jsontext.KindBeginObject {
		return nil, aggregate.Unusable("current", a.Current.Kind)
	}
	c, u := &a.Current.Value, a.CurrentUnits.Value
	observedAt, err := a.Time(c.Time)
	if err != nil {
		return nil, err
	}
	pm25, unread := u.Require("pm2_5", c.PM25, toMicrograms)
	report := &Report{
		ObservedAt: observedAt,
		Pollutants: Pollutants{
			PM25:            pm25,
			PM10:            u.Read("pm10", c.PM10, toMicrograms),
			Ozone:           u.Read("ozone", c.Ozone, toMicrograms),
			NitrogenDioxide: u.Read("nitrogen_dioxide", c.NitrogenDioxide, toMicrograms),
			SulphurDioxide:  u.Read("sulphur_dioxide", c.SulphurDioxide, toMicrograms),
			CarbonMonoxide:  u.Read("carbon_monoxide", c.CarbonMonoxide, toMicrograms),
			Ammonia:         u.Read("ammonia", c.Ammonia, toMicrograms),
		},
		USAQI: u.Read("us_aqi", c.USAQI, toUSAQI),
		Pollen: Pollen{
			Alder:   u.Read("alder_pollen", c.AlderPollen, toGrains),
			Birch:   u.Read("birch_pollen", c.BirchPollen, toGrains),
			Grass:   u.Read("grass_pollen", c.GrassPollen, toGrains),
			Mugwort: u.Read("mugwort_pollen", c.MugwortPollen, toGrains),
			Olive:   u.Read("olive_pollen", c.OlivePollen, toGrains),
			Ragweed: u.Read("ragweed_pollen", c.RagweedPollen, toGrains),
		},
	}
	if err := report.validate(r.At, unread); err != nil {
		return nil, err
	}
	return report, nil
}
