package sim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// metNorway simulates the compact product of
// https://docs.api.met.no/doc/locationforecast/HowTO.html and the terms of service
// that the API enforces.
type metNorway struct {
	now func() time.Time
}

func newMetNorway(now func() time.Time) provider {
	m := &metNorway{now}
	return readOnly(provider{
		name:        MetNorway,
		contentType: "application/json",
		answer:      m.answer,
		fail:        func(status int) answer { return metError(status, http.StatusText(status)) },
		overQuota:   func(Quota) answer { return metError(http.StatusTooManyRequests, "Request throttled") },
	})
}

// expiresAfter is the freshness lifetime of an answer.
const expiresAfter = 30 * time.Minute

func (m *metNorway) answer(r *http.Request) answer {
	if genericAgent(r.UserAgent()) {
		return metError(http.StatusForbidden, "Identify your application in the User-Agent, with a way to contact you; see the terms of service")
	}
	if r.URL.Path != "/weatherapi/locationforecast/2.0/compact" {
		return metError(http.StatusNotFound, "No such product")
	}
	q, refused := parseMetQuery(r)
	if refused != nil {
		return *refused
	}
	now := m.now().UTC()
	updated := now.Truncate(time.Hour)
	a := answer{status: http.StatusNotModified}.
		with("Expires", now.Add(expiresAfter).Format(http.TimeFormat)).
		with("Last-Modified", updated.Format(http.TimeFormat)).
		with("Vary", "Accept, Accept-Encoding").
		with("Age", "0").
		with("Access-Control-Allow-Origin", "*")
	if since, err := http.ParseTime(r.Header.Get("If-Modified-Since")); err == nil && !updated.After(since) {
		return a
	}
	a.status = http.StatusOK
	a.body = q.forecast(updated)
	return a.with("Content-Type", "application/json")
}

// genericAgent reports whether a User-Agent names only a tool and no contact.
func genericAgent(agent string) bool {
	if strings.Contains(agent, "@") || strings.Contains(agent, "://") {
		return false
	}
	product, _, _ := strings.Cut(strings.ToLower(agent), "/")
	switch strings.TrimSpace(product) {
	case "", "go-http-client", "curl", "wget", "python-requests", "python-urllib", "okhttp", "java", "axios", "node":
		return true
	}
	return false
}

// metQuery is the requested place, in degrees and metres.
type metQuery struct {
	lat, lon, altitude float64
}

func parseMetQuery(r *http.Request) (metQuery, *answer) {
	refuse := func(status int, format string, args ...any) (metQuery, *answer) {
		a := metError(status, fmt.Sprintf(format, args...))
		return metQuery{}, &a
	}
	v := r.URL.Query()
	lat, latOK := coordinate(v.Get("lat"), 90)
	lon, lonOK := coordinate(v.Get("lon"), 180)
	if !latOK || !lonOK {
		return refuse(http.StatusBadRequest, "Missing or invalid parameter lat or lon")
	}
	for _, name := range []string{"lat", "lon"} {
		if _, decimals, _ := strings.Cut(v.Get(name), "."); len(decimals) > 4 {
			return refuse(http.StatusForbidden, "Parameter %s has more than 4 decimals; see the terms of service", name)
		}
	}
	altitude := elevation(lat, lon)
	if v.Has("altitude") {
		metres, err := strconv.Atoi(v.Get("altitude"))
		if err != nil || metres < -500 || metres > 9000 {
			return refuse(http.StatusBadRequest, "Invalid parameter altitude: want whole metres")
		}
		altitude = float64(metres)
	}
	return metQuery{lat, lon, altitude}, nil
}

// metError is an HTML page. It contains nothing from the request, so nothing needs
// escaping.
func metError(status int, message string) answer {
	text := http.StatusText(status)
	return bytesAnswer(status, "text/html; charset=utf-8", fmt.Appendf(nil,
		"<html>\n<head><title>%d %s</title></head>\n<body>\n<h1>%d %s</h1>\n<p>%s.</p>\n</body>\n</html>\n",
		status, text, status, text, message))
}
