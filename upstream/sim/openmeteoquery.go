package sim

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// openMeteoQuery is a parsed forecast request.
type openMeteoQuery struct {
	lat, lon  float64
	variables []string // of the current block, in the caller's order
	openMeteoSeries
	units    units
	unixTime bool
	zone     *time.Location
	zoneName string
	number   int // of the place among those of the call
}

// parse returns the provider's reason for rejecting a request, else "".
func (o *openMeteo) parse(v url.Values) (q openMeteoQuery, reason string) {
	if q.lat, reason = openMeteoCoordinate(v, "latitude", 90); reason != "" {
		return q, reason
	}
	if q.lon, reason = openMeteoCoordinate(v, "longitude", 180); reason != "" {
		return q, reason
	}
	if q.units, reason = parseUnits(v); reason != "" {
		return q, reason
	}
	switch format := v.Get("timeformat"); format {
	case "", "iso8601":
	case "unixtime":
		q.unixTime = true
	default:
		return q, unknownValue("Timeformat", "timeformat", format)
	}
	q.zoneName = v.Get("timezone")
	switch strings.ToLower(q.zoneName) {
	case "", "gmt", "utc":
		q.zoneName = "GMT"
	case "auto":
		q.zoneName = zoneNear(q.lat, q.lon)
	}
	known := false
	if q.zone, known = o.zones.load(q.zoneName); !known {
		return q, "Invalid timezone"
	}
	for _, list := range v["current"] {
		for name := range strings.SplitSeq(list, ",") {
			if !o.knows(name) {
				return q, unknownValue(o.variable, "current", name)
			}
			q.variables = append(q.variables, name)
		}
	}
	q.openMeteoSeries, reason = o.parseSeries(v)
	return q, reason
}

func openMeteoCoordinate(v url.Values, name string, limit float64) (_ float64, reason string) {
	if !v.Has(name) {
		return 0, fmt.Sprintf("Value required for key '%s'.", name)
	}
	text := v.Get(name)
	deg, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, unknownValue("Float", name, text)
	}
	if !(math.Abs(deg) <= limit) { // true for NaN too
		title := strings.ToUpper(name[:1]) + name[1:]
		return 0, fmt.Sprintf("%s must be in range of -%g to %g°. Given: %s.", title, limit, limit, text)
	}
	return deg, ""
}

func unknownValue(kind, key, value string) string {
	return fmt.Sprintf("Cannot initialize %s from invalid String value %s for key %s", kind, value, key)
}
