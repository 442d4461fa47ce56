package sim

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// openWeather is https://openweathermap.org/current and
// https://openweathermap.org/forecast5, by coordinates or by q, and the air now
// of https://openweathermap.org/api/air-pollution, by coordinates.
type openWeather struct {
	now    func() time.Time
	key    string
	places *gazetteer
	zones  *zones
}

func newOpenWeather(now func() time.Time, key string, places *gazetteer, z *zones) provider {
	o := &openWeather{now, key, places, z}
	return readOnly(provider{
		name:        OpenWeather,
		contentType: jsonUTF8,
		answer:      o.answer,
		fail:        openWeatherFailure,
		overQuota:   func(Quota) answer { return openWeatherFailure(http.StatusTooManyRequests) },
	})
}

func (o *openWeather) answer(r *http.Request) answer {
	q := r.URL.Query()
	return o.route(r.URL.Path, q).
		with("X-Cache-Key", cacheKey(r.URL.Path, q)).
		with("Access-Control-Allow-Origin", "*").
		with("Access-Control-Allow-Credentials", "true").
		with("Access-Control-Allow-Methods", "GET, POST")
}

func (o *openWeather) route(path string, v url.Values) answer {
	switch path {
	case "/data/2.5/weather", "/data/2.5/forecast":
	case "/data/2.5/air_pollution":
		v.Del("q") // it knows no names
	default:
		return openWeatherError(http.StatusNotFound, "Internal error") // its words for a path it does not know
	}
	if key := v.Get("appid"); key == "" || o.key != "" && key != o.key {
		return openWeatherFailure(http.StatusUnauthorized)
	}
	q, refused := o.locate(v)
	if refused != nil {
		return *refused
	}
	q.units = openWeatherUnits(v.Get("units"))
	q.now = o.now().UTC()
	q.offset = o.zones.offsetSeconds(q.zone, q.now)
	switch path {
	case "/data/2.5/air_pollution":
		return jsonAnswer(http.StatusOK, q.air())
	case "/data/2.5/forecast":
		count, err := strconv.Atoi(v.Get("cnt"))
		if err != nil || count < 1 || count > forecastEntries {
			count = forecastEntries
		}
		return jsonAnswer(http.StatusOK, q.forecast(count))
	}
	return jsonAnswer(http.StatusOK, q.current())
}

// openWeatherQuery is a place with the language and units of the answer.
type openWeatherQuery struct {
	lat, lon float64 // degrees
	town     *place  // nil if no town is near
	zone     string  // IANA
	units    openWeatherScale
	now      time.Time // UTC
	offset   int       // offset of local time from UTC, in seconds
}

// locate parses lat and lon, or q as "city" or "city,country"; a state between the two
// is ignored.
func (o *openWeather) locate(v url.Values) (openWeatherQuery, *answer) {
	refuse := func(status int, message string) (openWeatherQuery, *answer) {
		a := openWeatherError(status, message)
		return openWeatherQuery{}, &a
	}
	switch {
	case v.Has("lat") || v.Has("lon"):
		lat, ok := coordinate(v.Get("lat"), 90)
		if !ok {
			return refuse(http.StatusBadRequest, "wrong latitude")
		}
		lon, ok := coordinate(v.Get("lon"), 180)
		if !ok {
			return refuse(http.StatusBadRequest, "wrong longitude")
		}
		q := openWeatherQuery{lat: lat, lon: lon, zone: zoneNear(lat, lon)}
		if near := nearestPlace(lat, lon); near.distance < 0.3 {
			q.town = near.place
		}
		return q, nil
	case v.Get("q") != "":
		parts := strings.Split(v.Get("q"), ",")
		country := ""
		if len(parts) > 1 {
			country = strings.TrimSpace(parts[len(parts)-1])
		}
		found := o.places.search(parts[0], country)
		if len(found) == 0 {
			return refuse(http.StatusNotFound, "city not found")
		}
		return openWeatherQuery{lat: found[0].lat, lon: found[0].lon, town: found[0], zone: found[0].zone}, nil
	default:
		return refuse(http.StatusBadRequest, "Nothing to geocode")
	}
}

// openWeatherScale converts our units to those of a request.
type openWeatherScale struct {
	factor, offset float64 // for °C
	wind           float64 // for m/s
}

func openWeatherUnits(name string) openWeatherScale {
	switch name {
	case "metric":
		return openWeatherScale{1, 0, 1}
	case "imperial":
		return openWeatherScale{1.8, 32, 2.236936}
	default:
		return openWeatherScale{1, 273.15, 1}
	}
}

func (s openWeatherScale) temperature(celsius float64) float64 {
	return round(celsius*s.factor+s.offset, 2)
}

func (s openWeatherScale) speed(metresPerSecond float64) float64 {
	return round(metresPerSecond*s.wind, 2)
}

// cacheKey returns the query in lower case without the API key.
func cacheKey(path string, v url.Values) string {
	v.Del("appid")
	return path + "?" + strings.ToLower(v.Encode())
}

// openWeatherFailure is an error that is not caused by the request.
func openWeatherFailure(status int) answer {
	switch status {
	case http.StatusUnauthorized: // the original text, with its odd spacing
		return bytesAnswer(status, jsonUTF8, []byte(`{"cod":401, "message": "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."}`))
	case http.StatusTooManyRequests:
		return openWeatherError(status, "Your account is temporary blocked due to exceeding of requests limitation of your subscription type. Please choose the proper subscription https://openweathermap.org/price")
	default:
		return openWeatherError(status, http.StatusText(status))
	}
}

// openWeatherError has cod as a string for 400 and 404, as the original does.
func openWeatherError(status int, message string) answer {
	var cod any = status
	if status == http.StatusBadRequest || status == http.StatusNotFound {
		cod = strconv.Itoa(status)
	}
	return jsonAnswer(status, struct {
		Cod     any    `json:"cod"`
		Message string `json:"message"`
	}{cod, message})
}
