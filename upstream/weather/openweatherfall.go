package weather

import "github.com/go-json-experiment/json/jsontext"

type openWeatherFall struct {
	OneHour    number `json:"1h"`
	ThreeHours number `json:"3h"` // in older answers
}

// precipitation is the sum of rain and snow in mm/h.
func (a *openWeatherAnswer) precipitation() *float64 {
	return openWeatherSum(a.Weather, openWeatherRate(a.Rain), openWeatherRate(a.Snow))
}

// openWeatherSum is the sum of rain and snow. Absent blocks mean 0 only if every
// condition in weather is dry, because OpenWeather sometimes omits them in rain. If one
// amount is unreadable, the sum is unknown.
func openWeatherSum(skies []object[openWeatherSky], rain, snow number) *float64 {
	var sum float64
	told := false
	for _, fall := range [...]number{rain, snow} {
		switch {
		case fall.Known && fall.Value >= 0:
			sum, told = sum+fall.Value, true
		case fall.Kind != jsontext.KindInvalid:
			return nil
		}
	}
	if told {
		return &sum
	}
	for _, sky := range skies {
		if !openWeatherCondition(sky.Value.ID.Pointer()).dry() {
			return nil
		}
	}
	if len(skies) == 0 {
		return nil
	}
	return new(0.0)
}

// openWeatherRate returns the amount per hour. If the block has no amount, the number
// counts as omitted.
func openWeatherRate(fall object[openWeatherFall]) number {
	switch {
	case fall.Kind == jsontext.KindNull:
		return number{}
	case fall.Kind != jsontext.KindBeginObject:
		return number{Kind: fall.Kind}
	}
	if hour := fall.Value.OneHour; hour.Given() {
		return hour
	}
	rate := fall.Value.ThreeHours
	if !rate.Given() {
		return number{}
	}
	rate.Value /= 3
	return rate
}
