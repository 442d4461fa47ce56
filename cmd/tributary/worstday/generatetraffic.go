package worstday

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"
)

// place is a town that the simulated geocoding knows.
type place struct {
	name     string
	lat, lon string // two decimals, as the gateway asks providers
}

// places are far from each other, so that a value of another is seen.
var places = []place{
	{"Delhi", "28.65", "77.23"}, {"Oslo", "59.91", "10.75"}, {"Cairo", "30.06", "31.25"}, {"Lima", "-12.04", "-77.03"},
	{"Tokyo", "35.69", "139.69"}, {"Yakutsk", "62.03", "129.73"}, {"Nairobi", "-1.28", "36.82"}, {"Ushuaia", "-54.8", "-68.3"},
}

const writer = "Authorization: Bearer " + Key

// ask adds a request; how it asks is drawn from the seed and its number alone.
func (d *draw) ask(at time.Duration, shape func(rng *rand.Rand, r *Request)) {
	if at < 0 || at >= d.Length {
		return
	}
	rng := rand.New(rand.NewPCG(d.Seed, uint64(1000+d.n)))
	r := Request{Number: d.n, At: at, Replica: rng.IntN(d.Replicas), Client: fmt.Sprintf("10.1.0.%d", 1+rng.IntN(4)), Method: "GET"}
	d.n++
	if rng.IntN(100) < 5 {
		r.Leave = time.Duration(1+rng.IntN(400)) * time.Millisecond
	}
	shape(rng, &r)
	d.Requests = append(d.Requests, r)
}

// quiet is traffic at a rate, over the whole day.
func (d *draw) quiet(rate float64) {
	for at := time.Duration(0); at < d.Length; at += time.Duration(d.rng.ExpFloat64() / rate * float64(time.Second)) {
		d.ask(at, anyRead)
	}
}

// anyRead asks for anything, under any condition.
func anyRead(rng *rand.Rand, r *Request) {
	p := pick(rng, places...)
	at := "lat=" + p.lat + "&lon=" + p.lon
	switch n := rng.IntN(100); {
	case n < 34:
		r.URL = "/v1/weather?" + at
	case n < 42:
		r.URL = "/v1/weather?city=" + url.QueryEscape(p.name)
	case n < 49:
		r.URL = "/v1/weather/forecast?" + at + "&hourly=true"
	case n < 55:
		r.URL = "/v1/air-quality?" + at
	case n < 60:
		r.URL = "/v1/weather?" + placesQuery(rng)
	case n < 63:
		r.URL = "/v1/users?id=1&id=5&id=9"
	case n < 76:
		r.URL = fmt.Sprintf("/v1/users/%d", 1+rng.IntN(10))
	case n < 84:
		r.URL = fmt.Sprintf("/v1/users/%d?include=%s", 1+rng.IntN(9), pick(rng, "github", "activity", "weather", "github,activity,weather"))
	case n < 88:
		r.URL = "/v1/users?per_page=100"
	case n < 91:
		r.URL = "/v1/places?q=" + url.QueryEscape(p.name[:4])
	case n < 96:
		r.URL = fmt.Sprintf("/v1/visits/%d", 1+rng.IntN(9))
	default:
		r.URL = pick(rng, "/v1/weather/stream?"+at, fmt.Sprintf("/v1/users/%d/stream", 1+rng.IntN(9)))
		r.Header, r.Leave = []string{"Accept: text/event-stream"}, time.Duration(5+rng.IntN(30))*time.Second
		return
	}
	switch n := rng.IntN(100); {
	case n < 12 && strings.Contains(r.URL, "weather?lat"):
		r.URL += "&units=imperial"
	case n < 26:
		r.Header = []string{pick(rng, "If-None-Match: last", "If-None-Match: last", "Cache-Control: no-cache", "Cache-Control: only-if-cached")}
	}
}

func placesQuery(rng *rand.Rand) string {
	q := url.Values{}
	for _, i := range rng.Perm(len(places))[:2+rng.IntN(4)] {
		q.Add("place", places[i].lat+","+places[i].lon)
	}
	return q.Encode()
}

// cold asks about a place that nobody else asks about.
func cold(rng *rand.Rand, r *Request) {
	r.URL = fmt.Sprintf("/v1/weather?lat=%.2f&lon=%.2f", -55+110*rng.Float64(), -179+358*rng.Float64())
}

// bursts are drawn around the edges of faults, where things break.
func (d *draw) bursts() {
	for _, edge := range d.edges {
		at := edge + d.between(-1500, 3000)*time.Millisecond
		switch d.rng.IntN(6) {
		case 0:
			d.burst(at, 14, cold)
		case 1:
			p := pick(d.rng, places...)
			d.burst(at, 14, func(rng *rand.Rand, r *Request) { r.URL = "/v1/weather?lat=" + p.lat + "&lon=" + p.lon })
		case 2:
			d.burst(at, 10, anyRead)
		case 3:
			d.create(at)
		default:
			d.rename(at)
		}
	}
}

// burst is some requests within a second.
func (d *draw) burst(at time.Duration, n int, shape func(*rand.Rand, *Request)) {
	for range n {
		d.ask(at+d.between(0, 1_000_000)*time.Microsecond, shape)
	}
}
