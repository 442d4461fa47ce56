package sim

import "time"

// openWeatherCurrent is the body of /data/2.5/weather.
type openWeatherCurrent struct {
	Coord    owmCoord       `json:"coord"`
	Weather  []owmCondition `json:"weather"`
	Base     string         `json:"base"`
	Main     owmMain        `json:"main"`
	Vis      int            `json:"visibility"` // m, at most 10000
	Wind     owmWind        `json:"wind"`
	Rain     *owmHour       `json:"rain,omitempty"`
	Snow     *owmHour       `json:"snow,omitempty"`
	Clouds   owmClouds      `json:"clouds"`
	DT       int64          `json:"dt"`
	Sys      owmSys         `json:"sys"`
	Timezone int            `json:"timezone"` // seconds
	ID       int            `json:"id"`
	Name     string         `json:"name"`
	Cod      int            `json:"cod"`
}

type (
	owmCoord struct {
		Lon float64 `json:"lon"`
		Lat float64 `json:"lat"`
	}
	owmCondition struct {
		ID          int    `json:"id"`
		Main        string `json:"main"`
		Description string `json:"description"`
		Icon        string `json:"icon"`
	}
	owmMain struct {
		Temp      float64 `json:"temp"`
		FeelsLike float64 `json:"feels_like"`
		TempMin   float64 `json:"temp_min"`
		TempMax   float64 `json:"temp_max"`
		Pressure  int     `json:"pressure"` // hPa, sea level
		Humidity  int     `json:"humidity"`
		SeaLevel  int     `json:"sea_level"`
		GrndLevel int     `json:"grnd_level"`
	}
	owmWind struct {
		Speed float64  `json:"speed"`
		Deg   int      `json:"deg"`
		Gust  *float64 `json:"gust,omitempty"`
	}
	owmHour struct {
		OneHour float64 `json:"1h"` // mm
	}
	owmClouds struct {
		All int `json:"all"`
	}
	owmSys struct {
		Type    int    `json:"type,omitempty"`
		ID      int    `json:"id,omitempty"`
		Country string `json:"country,omitempty"`
		Sunrise int64  `json:"sunrise"`
		Sunset  int64  `json:"sunset"`
	}
)

func (q openWeatherQuery) current() openWeatherCurrent {
	w := openWeatherModel.at(q.lat, q.lon, q.now)
	c := openWeatherCurrent{
		Coord:    q.coord(),
		Weather:  owmConditions(w),
		Base:     "stations",
		Main:     q.main(w),
		Vis:      owmVisibility(w),
		Wind:     q.wind(w),
		Clouds:   owmClouds{whole(w.cloud)},
		DT:       q.now.Truncate(10 * time.Minute).Unix(),
		Sys:      q.sys(),
		Timezone: q.offset,
		Cod:      200,
	}
	if q.town != nil {
		c.ID, c.Name, c.Sys.Type, c.Sys.ID = q.town.id, q.town.name, 2, 2000000+q.town.id%100000
	}
	if fallen := (&owmHour{round(w.precipitation, 2)}); w.precipitation > 0 && w.condition.isSnow() {
		c.Snow = fallen
	} else if w.precipitation > 0 {
		c.Rain = fallen
	}
	return c
}

func (q openWeatherQuery) coord() owmCoord {
	return owmCoord{round(q.lon, 4), round(q.lat, 4)}
}

func (q openWeatherQuery) main(w weather) owmMain {
	return owmMain{
		Temp:      q.units.temperature(w.temperature),
		FeelsLike: q.units.temperature(w.feelsLike),
		TempMin:   q.units.temperature(w.temperature - 0.8),
		TempMax:   q.units.temperature(w.temperature + 0.9),
		Pressure:  whole(w.pressure),
		Humidity:  whole(w.humidity),
		SeaLevel:  whole(w.pressure),
		GrndLevel: whole(w.surfacePressure(elevation(q.lat, q.lon))),
	}
}

// wind omits the gust in light wind, as stations do.
func (q openWeatherQuery) wind(w weather) owmWind {
	wind := owmWind{Speed: q.units.speed(w.windSpeed), Deg: whole(w.windFrom)}
	if w.windSpeed >= 3 {
		gust := q.units.speed(w.windGust)
		wind.Gust = &gust
	}
	return wind
}

// sys has 0 for a sunrise or sunset that does not happen.
func (q openWeatherQuery) sys() owmSys {
	var s owmSys
	if q.town != nil {
		s.Country = q.town.code
	}
	if rise, set := riseAndSet(q.lat, q.lon, q.now); !rise.IsZero() {
		s.Sunrise, s.Sunset = rise.Unix(), set.Unix()
	}
	return s
}

func owmConditions(w weather) []owmCondition {
	c := w.condition
	return []owmCondition{{c.owm, c.group, c.text, c.openWeatherIcon(w.sun)}}
}

func owmVisibility(w weather) int { return whole(min(w.visibility, 10000)) }

func whole(v float64) int { return int(round(v, 0)) }

// openWeatherAir is the body of /data/2.5/air_pollution.
type openWeatherAir struct {
	Coord owmCoord `json:"coord"`
	List  []owmAir `json:"list"`
}

type (
	owmAir struct {
		Main       owmAirIndex   `json:"main"`
		Components owmComponents `json:"components"`
		DT         int64         `json:"dt"` // the time of asking, not a full hour
	}
	owmAirIndex struct {
		AQI int `json:"aqi"`
	}
	owmComponents struct { // µg/m³
		CO   float64 `json:"co"`
		NO   float64 `json:"no"`
		NO2  float64 `json:"no2"`
		O3   float64 `json:"o3"`
		SO2  float64 `json:"so2"`
		PM25 float64 `json:"pm2_5"`
		PM10 float64 `json:"pm10"`
		NH3  float64 `json:"nh3"`
	}
)

func (q openWeatherQuery) air() openWeatherAir {
	a := openWeatherModel.airAt(q.lat, q.lon, q.now)
	return openWeatherAir{q.coord(), []owmAir{{
		Main: owmAirIndex{a.openWeatherIndex()},
		Components: owmComponents{
			CO: round(a.co, 2), NO: round(a.no, 2), NO2: round(a.no2, 2), O3: round(a.ozone, 2),
			SO2: round(a.so2, 2), PM25: round(a.pm25, 2), PM10: round(a.pm10, 2), NH3: round(a.ammonia, 2),
		},
		DT: q.now.Unix(),
	}}}
}
