package sim

import "time"

const forecastEntries = 40 // one every three hours, five days

// openWeatherForecast is the body of /data/2.5/forecast.
type openWeatherForecast struct {
	Cod     string          `json:"cod"`
	Message int             `json:"message"`
	Cnt     int             `json:"cnt"`
	List    []owmThreeHours `json:"list"`
	City    owmCity         `json:"city"`
}

type (
	owmThreeHours struct {
		DT      int64          `json:"dt"`
		Main    owmMain        `json:"main"`
		Weather []owmCondition `json:"weather"`
		Clouds  owmClouds      `json:"clouds"`
		Wind    owmWind        `json:"wind"`
		Vis     int            `json:"visibility"`
		Pop     float64        `json:"pop"` // probability of precipitation, 0 to 1
		Rain    *owmSum        `json:"rain,omitempty"`
		Snow    *owmSum        `json:"snow,omitempty"`
		Sys     owmPartOfDay   `json:"sys"`
		Text    string         `json:"dt_txt"` // UTC
	}
	owmSum struct {
		ThreeHours float64 `json:"3h"` // mm
	}
	owmPartOfDay struct {
		Pod string `json:"pod"` // d or n
	}
	owmCity struct {
		ID         int      `json:"id"`
		Name       string   `json:"name"`
		Coord      owmCoord `json:"coord"`
		Country    string   `json:"country"`
		Population int      `json:"population"`
		Timezone   int      `json:"timezone"`
		Sunrise    int64    `json:"sunrise"`
		Sunset     int64    `json:"sunset"`
	}
)

func (q openWeatherQuery) forecast(count int) openWeatherForecast {
	sys := q.sys()
	f := openWeatherForecast{
		Cod: "200",
		Cnt: count,
		City: owmCity{
			Coord: q.coord(), Country: sys.Country, Timezone: q.offset, Sunrise: sys.Sunrise, Sunset: sys.Sunset,
		},
	}
	if q.town != nil {
		f.City.ID, f.City.Name, f.City.Population = q.town.id, q.town.name, q.town.population
	}
	at := q.now.Truncate(3 * time.Hour)
	for range count {
		at = at.Add(3 * time.Hour)
		f.List = append(f.List, q.threeHours(at))
	}
	return f
}

// threeHours is the entry of a time: the weather then, and the precipitation of the three
// hours before, with the condition of the wettest of these.
func (q openWeatherQuery) threeHours(at time.Time) owmThreeHours {
	w := openWeatherModel.at(q.lat, q.lon, at)
	told, sum, chance := openWeatherModel.at(q.lat, q.lon, at.Add(-time.Hour)), 0.0, 0.0
	for h := 1; h <= 3; h++ {
		hour := openWeatherModel.at(q.lat, q.lon, at.Add(-time.Duration(h)*time.Hour))
		if hour.precipitation > told.precipitation {
			told = hour
		}
		sum, chance = sum+hour.precipitation, max(chance, hour.chance)
	}
	e := owmThreeHours{
		DT:      at.Unix(),
		Main:    q.main(w),
		Weather: owmConditions(told),
		Clouds:  owmClouds{whole(w.cloud)},
		Wind:    q.wind(w),
		Vis:     owmVisibility(w),
		Pop:     round(chance/100, 2),
		Sys:     owmPartOfDay{"n"},
		Text:    at.Format(time.DateTime),
	}
	if w.sun.up() {
		e.Sys.Pod = "d"
	}
	switch fallen := (&owmSum{round(sum, 2)}); {
	case sum == 0:
	case told.condition.isSnow():
		e.Snow = fallen
	default:
		e.Rain = fallen
	}
	return e
}
