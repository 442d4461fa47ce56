package api

// Resource is a group of built-in endpoints that can be switched off, so that declared
// ones can take their paths.
type Resource string

// The built-in resources.
const (
	Weather    Resource = "weather"
	Places     Resource = "places"
	AirQuality Resource = "air_quality"
	Users      Resource = "users"
)

// Resources are all built-in resources, in the order of openapi.yaml.
var Resources = []Resource{Weather, Places, AirQuality, Users}

// paths are the paths of each resource below its own.
var paths = map[Resource][]string{
	Weather:    {"/v1/weather", "/v1/weather/forecast", "/v1/weather/stream"},
	Places:     {"/v1/places"},
	AirQuality: {"/v1/air-quality", "/v1/air-quality/stream"},
	Users:      {"/v1/users", "/v1/users/{id}", "/v1/users/{id}/stream"},
}

// BuiltInPaths are the paths below /v1 that the gateway serves itself, with these
// resources.
func BuiltInPaths(served []Resource) []string {
	all := []string{"/v1/status"}
	for _, r := range served {
		all = append(all, paths[r]...)
	}
	return all
}

// PathsOf are the paths of a built-in resource.
func PathsOf(r Resource) []string { return paths[r] }
