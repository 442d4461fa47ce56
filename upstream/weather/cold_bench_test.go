package weather_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"syscall"
	"testing"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/sim"
	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

// replay answers every request with one answer, and keeps nothing of either.
type replay struct {
	header http.Header
	body   []byte
}

func (a replay) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), Request: r,
		ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(a.body)),
	}, nil
}

// benchPlaces is the number of places of one round.
const benchPlaces = 2000

// places are different places, and equal ones for every call.
func places() []weather.Place {
	all := make([]weather.Place, benchPlaces)
	for i := range all {
		all[i] = weather.NewPlace(float64(i%100)/2, float64(i/100))
	}
	return all
}

// cold returns functions that make a new service with an empty cache, whose three
// providers replay what the simulated ones have answered, in this process.
func cold(b *testing.B) (newService func() *weather.Service) {
	s, err := sim.Start(b.Context(), sim.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	const at = "lat=59.91&lon=10.75&latitude=59.91&longitude=10.75&"
	recorded := func(name, path string) replay {
		r, _ := http.NewRequestWithContext(b.Context(), http.MethodGet, s.URL(name)+path, nil)
		r.Header.Set("User-Agent", "tributary/test ops@example.com")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Fatal(resp.Status, string(body), err)
		}
		return replay{resp.Header, body}
	}
	request, _ := weather.OpenMeteo().Request(b.Context(), weather.NewPlace(59.91, 10.75))
	openMeteo := recorded(sim.OpenMeteo, request.URL.String())
	metno := recorded(sim.MetNorway, "/weatherapi/locationforecast/2.0/compact?lat=59.91&lon=10.75")
	openWeather := recorded(sim.OpenWeather, "/data/2.5/weather?"+at+"units=metric&appid=key")

	return func() *weather.Service {
		store := cache.NewStore(100_000)
		open := func(name string, a replay) *upstream.Upstream {
			return upstreamtest.Open(b, name, "http://upstream.example", upstream.Config{Store: store, Transport: a})
		}
		return weather.NewService(store, nil, time.Second,
			weather.Provider{Source: upstream.NewSource(open(sim.OpenMeteo, openMeteo), weather.OpenMeteo())},
			weather.Provider{Source: upstream.NewSource(open(sim.MetNorway, metno), weather.METNorway())},
			weather.Provider{Source: upstream.NewSource(open(sim.OpenWeather, openWeather), weather.OpenWeather())})
	}
}

func ask(b *testing.B, s *weather.Service, p weather.Place) {
	_, sources, err := s.Current(context.Background(), weather.Query{At: p, Units: weather.Metric})
	if err != nil {
		b.Fatal(err)
	}
	for _, o := range sources {
		if o.State != upstream.Live {
			b.Fatal(o.Name, o.State, o.Err)
		}
	}
}

// BenchmarkColdMerge asks about places that are in no cache. cpu-µs/op is what the
// process used, which other processes disturb less than the time that has passed.
func BenchmarkColdMerge(b *testing.B) {
	newService, all := cold(b), places()
	var s *weather.Service
	next := len(all)
	b.ReportAllocs()
	before := cpuTime()
	for b.Loop() {
		if next == len(all) {
			s, next = newService(), 0
		}
		ask(b, s, all[next])
		next++
	}
	b.ReportMetric(float64((cpuTime()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkMemoryOfAPlace fills the cache with places of three sources each, and
// reports what one of them takes of the heap.
func BenchmarkMemoryOfAPlace(b *testing.B) {
	newService, all := cold(b), places()
	for b.Loop() {
		s := newService()
		before := heap()
		for _, p := range all {
			ask(b, s, p)
		}
		b.ReportMetric(float64(heap()-before)/float64(len(all)), "heap-B/place")
		runtime.KeepAlive(s)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools keep ends with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(fmt.Sprint("getrusage: ", err))
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
