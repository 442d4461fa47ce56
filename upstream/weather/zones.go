package weather

import (
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"tributary/upstream"
)

// zonelessFor is how long time zones are not requested for a region after Open-Meteo
// has refused one.
const zonelessFor = 24 * time.Hour

// zonelessRegions records the regions for which Open-Meteo answers timezone=auto with
// 400 because it cannot name the time zone; this happens for whole countries when
// its zone data is older than a zone. It is safe for concurrent use. Earth has
// 65,000 regions, which limits its memory.
type zonelessRegions struct {
	mu    sync.Mutex
	until map[region]time.Time
}

// region is a cell of one degree by one degree, given by its south-west corner.
type region struct{ latitude, longitude int16 }

func newZonelessRegions() *zonelessRegions {
	return &zonelessRegions{until: make(map[region]time.Time)}
}

func regionOf(p Place) region {
	return region{int16(math.Floor(p.Latitude)), int16(math.Floor(p.Longitude))}
}

// has reports whether to omit the time zone in requests for p.
func (z *zonelessRegions) has(p Place) bool {
	z.mu.Lock()
	defer z.mu.Unlock()
	r := regionOf(p)
	until, found := z.until[r]
	if found && !time.Now().Before(until) {
		delete(z.until, r)
		return false
	}
	return found
}

// query returns the query of a request for some places: rest, and the time zone of each.
// Those for which it is omitted get GMT, the default.
func (z *zonelessRegions) query(rest string) func([]Place) string {
	return func(places []Place) string {
		zones, omitted := make([]string, len(places)), 0
		for i, p := range places {
			zones[i] = "auto"
			if z.has(p) {
				zones[i] = "GMT"
				omitted++
			}
		}
		switch omitted {
		case 0:
			return rest + "&timezone=auto" // one serves all
		case len(places):
			return rest
		}
		return rest + "&timezone=" + strings.Join(zones, ",")
	}
}

// again is upstream.Spec.Again: it records the region and reports whether the time
// zone was refused. It is true even if the region is recorded already, because this
// request may have been sent before.
func (z *zonelessRegions) again(p Place, r upstream.Response) bool {
	if r.Status != http.StatusBadRequest || !strings.HasPrefix(strings.ToLower(openMeteoReason(r)), "invalid timezone") {
		return false
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.until[regionOf(p)] = time.Now().Add(zonelessFor)
	return true
}
