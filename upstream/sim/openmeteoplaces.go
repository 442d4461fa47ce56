package sim

import (
	"fmt"
	"net/url"
	"strings"
)

// maxOpenMeteoPlaces is how many places one call may be about.
const maxOpenMeteoPlaces = 1000

// perPlace returns the parameters of a call for each of its places: latitude and
// longitude are lists of one length, and so is timezone unless one serves all. reason
// is the provider's for rejecting the call.
func perPlace(v url.Values) (places []url.Values, reason string) {
	latitudes, longitudes, zones := elements(v, "latitude"), elements(v, "longitude"), elements(v, "timezone")
	n := max(1, len(latitudes))
	switch {
	case len(latitudes) != len(longitudes) && len(latitudes) > 0 && len(longitudes) > 0:
		return nil, "Parameter 'latitude' and 'longitude' must have the same number of elements"
	case len(zones) > 1 && len(zones) != n:
		return nil, "Parameter 'latitude' and 'timezone' must have the same number of elements"
	case n > maxOpenMeteoPlaces:
		return nil, fmt.Sprintf("Only up to %d locations can be requested at once", maxOpenMeteoPlaces)
	}
	for i := range n {
		one := url.Values{}
		for name, values := range v {
			one[name] = values
		}
		take := func(name string, list []string) {
			if len(list) > 1 {
				one[name] = []string{list[i]}
			}
		}
		take("latitude", latitudes)
		take("longitude", longitudes)
		take("timezone", zones)
		places = append(places, one)
	}
	return places, ""
}

// elements are a parameter's values, of which each may be a list with commas.
func elements(v url.Values, name string) []string {
	if !v.Has(name) {
		return nil
	}
	return strings.Split(strings.Join(v[name], ","), ",")
}
