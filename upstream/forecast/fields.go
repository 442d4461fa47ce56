package forecast

// field is a value of an answer by which its sources are told. Days and hours share some.
type field int

const (
	temperatureMin field = iota
	temperatureMax
	precipitationSum
	precipitationProbability
	windSpeedMax
	windGustMax
	windDirection
	condition
	uvIndexMax
	sunrise
	sunset
	temperature
	feelsLike
	humidity
	precipitation
	windSpeed
	windGust
	cloudCover
	pressure
	fields
)

// fieldNames are the names in JSON.
var fieldNames = [fields]string{
	temperatureMin:           "temperature_min",
	temperatureMax:           "temperature_max",
	precipitationSum:         "precipitation_sum",
	precipitationProbability: "precipitation_probability",
	windSpeedMax:             "wind_speed_max",
	windGustMax:              "wind_gust_max",
	windDirection:            "wind_direction",
	condition:                "condition",
	uvIndexMax:               "uv_index_max",
	sunrise:                  "sunrise",
	sunset:                   "sunset",
	temperature:              "temperature",
	feelsLike:                "feels_like",
	humidity:                 "humidity",
	precipitation:            "precipitation",
	windSpeed:                "wind_speed",
	windGust:                 "wind_gust",
	cloudCover:               "cloud_cover",
	pressure:                 "pressure",
}
