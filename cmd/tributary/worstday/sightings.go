package worstday

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// sighting is a call as the invariants on calls look at it. Times count from the start of
// the day.
type sighting struct {
	Call
	at, over time.Duration
	trace    string   // of the fetch that it belongs to
	keys     []string // what it asks about: a call of a batch asks about many things
}

// callLine is the order of the calls of one replica to one provider.
type callLine struct {
	replica  int
	provider string
}

// sight prepares the calls of the gateways, by replica and provider.
func (m *Model) sight(all []Call) map[callLine][]sighting {
	lines := map[callLine][]sighting{}
	for _, c := range all {
		if c.Replica < 0 {
			continue
		}
		s := sighting{Call: c, at: c.At.Sub(m.start), keys: askedAbout(c)}
		s.over = s.at + c.Took
		if f := strings.Split(c.TraceParent, "-"); len(f) == 4 {
			s.trace = f[1]
		}
		line := callLine{c.Replica, c.Provider}
		lines[line] = append(lines[line], s)
	}
	return lines
}

// askedAbout are the questions of a call: its path and query for each of its places.
func askedAbout(c Call) (keys []string) {
	u, err := url.Parse(c.URL)
	if err != nil || c.Method != http.MethodGet {
		return nil
	}
	q := u.Query()
	lats, lons := strings.Split(q.Get("latitude")+q.Get("lat"), ","), strings.Split(q.Get("longitude")+q.Get("lon"), ",")
	for _, name := range []string{"latitude", "longitude", "lat", "lon", "appid", "timezone"} {
		q.Del(name) // Open-Meteo is asked again without a zone for some places
	}
	rest := c.Provider + " " + u.Path + "?" + q.Encode()
	if len(lats) != len(lons) {
		return nil
	}
	for i := range lats {
		keys = append(keys, rest+" "+placeKey(lats[i], lons[i]))
	}
	return keys
}

// listed shows the calls of a time, for a violation.
func listed(calls []sighting, at span) string {
	var b strings.Builder
	for _, c := range calls {
		if at.from <= c.at && c.at <= at.to {
			fmt.Fprintf(&b, "\n  %s to %s %d %s, trace %.6s, %s %.100s", c.at, c.over, c.Status, c.Ended, c.trace, c.Method, c.URL)
		}
	}
	return b.String()
}

// placeKey is equal for equal coordinates, however they are written.
func placeKey(lat, lon string) string {
	plain := func(text string) string {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return ""
		}
		return strconv.FormatFloat(v+0, 'f', -1, 64) // -0 is 0
	}
	return plain(lat) + "," + plain(lon)
}

// places are the places that a call asks about.
func (s sighting) places() (list []string) {
	for _, key := range s.keys {
		list = append(list, key[strings.LastIndex(key, " ")+1:])
	}
	return list
}

// succeeded reports whether the gateway got the whole of a good answer.
func (s sighting) succeeded() bool {
	return (s.Status == http.StatusOK || s.Status == http.StatusNotModified) && s.Ended == "answered"
}

// failed reports whether the provider answered that it is not well.
func (s sighting) failed() bool { return s.Status >= 500 && s.Ended == "answered" }

// hungUp reports whether the provider ended the connection without an answer. If it was a
// reused one, net/http sends the request once more on another: that is none of our calls,
// and nothing counts it.
func (s sighting) hungUp() bool { return s.Ended == "hung up" }
