package weather

import (
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"tributary/upstream"
)

// zonelessFor is how long a region is asked for without a time zone after
// Open-Meteo has refused one.
const zonelessFor = 24 * time.Hour

// zonelessRegions remembers where Open-Meteo cannot name the time zone: it then
// answers 400 to timezone=auto, for whole countries when its zone data is older
// than a zone. It is safe for concurrent use. There are 65,000 regions on Earth,
// which bounds its memory.
type zonelessRegions struct {
	mu    sync.Mutex
	until map[region]time.Time
}

// region is a cell of one degree by one degree, by its south-west corner.
type region struct{ latitude, longitude int16 }

func newZonelessRegions() *zonelessRegions {
	return &zonelessRegions{until: make(map[region]time.Time)}
}

func regionOf(p Place) region {
	return region{int16(math.Floor(p.Latitude)), int16(math.Floor(p.Longitude))}
}

// has reports whether the region of p is to be asked for without a time zone.
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

// again is upstream.Spec.Again: it reports whether the time zone was refused, and
// remembers the region. It does not matter that the region may be remembered
// already: this request may have been sent before it was.
func (z *zonelessRegions) again(p Place, r upstream.Response) bool {
	if r.Status != http.StatusBadRequest || !strings.HasPrefix(strings.ToLower(openMeteoReason(r)), "invalid timezone") {
		return false
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.until[regionOf(p)] = time.Now().Add(zonelessFor)
	return true
}
