package worstday

import (
	"fmt"
	"math/rand/v2"
	"time"

	upstreamsim "tributary/upstream/sim"
)

// busyReplica is the one whose goroutines wait for a processor in scenes: it has been asked
// most, so that it knows how long providers usually take.
const busyReplica = 0

// starve lets the goroutines of a replica wait for a processor, for a time.
func (d *draw) starve(replica int, at, long, wait time.Duration) {
	who := fmt.Sprint(replica)
	d.Events = append(d.Events, Event{at, "busy", who, wait.String()}, Event{at + long, "free", who, ""})
}

// busyTime makes one gateway busy on some days, when a provider breaks or is well again, and
// lets many ask it. It draws on its own: the rest of a day is the same with and without it.
func (d *draw) busyTime() {
	d.rng = rand.New(rand.NewPCG(d.Seed, 3))
	if len(d.edges) == 0 || !d.chance(30) {
		return
	}
	replica := d.rng.IntN(d.Replicas)
	at := max(0, pick(d.rng, d.edges...)+d.between(-3000, 1000)*time.Millisecond)
	d.starve(replica, at, d.between(3, 10)*time.Second, d.between(5, 50)*time.Millisecond)
	for range 60 {
		shape := pick(d.rng, cold, anyRead)
		d.ask(at+d.between(300, 4000)*time.Millisecond, func(rng *rand.Rand, r *Request) {
			shape(rng, r)
			r.Replica = replica
		})
	}
}

var weatherProviders = []string{upstreamsim.OpenMeteo, upstreamsim.MetNorway, upstreamsim.OpenWeather}

// crowdWhileBusy: more requests come than a gateway admits whose goroutines wait for a
// processor: reads of what it does not know, of what it knows from a moment ago and from
// half a minute ago, and writes. A second after the wait all requests are served.
func (d *draw) crowdWhileBusy(at time.Duration) time.Duration {
	known := func(rng *rand.Rand, r *Request) {
		p := pick(rng, places[:6]...)
		r.URL = "/v1/weather?lat=" + p.lat + "&lon=" + p.lon
	}
	for _, p := range places[:4] { // old at the time of the crowd; the two others are not known
		d.at(at+d.between(0, 2000)*time.Millisecond, busyReplica, read("/v1/weather?lat="+p.lat+"&lon="+p.lon))
	}
	d.at(at+3*time.Second, busyReplica, read("/v1/users?per_page=100"))
	for id := 1; id <= 3; id++ {
		d.at(at+3*time.Second, busyReplica, read(fmt.Sprintf("/v1/users/%d", id)))
	}
	at += 32 * time.Second
	d.starve(busyReplica, at, 5*time.Second, d.between(5, 50)*time.Millisecond)
	for _, p := range weatherProviders {
		d.slow(p, at+950*time.Millisecond, 2500*time.Millisecond, 700*time.Millisecond)
	}
	for i := range time.Duration(7) {
		d.at(at+50*time.Millisecond+i*130*time.Millisecond, busyReplica, cold)
	}
	crowd := func(n int, shape func(*rand.Rand, *Request)) {
		for range n {
			d.at(at+d.between(1000, 2500)*time.Millisecond, busyReplica, shape)
		}
	}
	crowd(90, cold)
	crowd(20, known)
	crowd(6, read("/v1/users?per_page=100"))
	for range 8 {
		crowd(1, read(fmt.Sprintf("/v1/users/%d", 1+d.rng.IntN(6))))
		crowd(1, d.creation(false))
		crowd(1, d.creation(true))
	}
	after := at + 6200*time.Millisecond
	for _, p := range weatherProviders {
		d.slow(p, after-100*time.Millisecond, 2*time.Second, 400*time.Millisecond)
	}
	for range 10 {
		d.at(after+d.between(0, 100)*time.Millisecond, busyReplica, cold)
	}
	return 42 * time.Second
}

// slowWhileBusy: a provider takes longer than its time-out while goroutines wait for a
// processor. It may be our fault, so that its circuit stays closed.
func (d *draw) slowWhileBusy(at time.Duration) time.Duration {
	d.starve(busyReplica, at, 9*time.Second, d.between(5, 50)*time.Millisecond)
	d.slow(upstreamsim.MetNorway, at+1200*time.Millisecond, 7500*time.Millisecond, 2600*time.Millisecond)
	for i := range time.Duration(32) {
		d.at(at+100*time.Millisecond+i*200*time.Millisecond, busyReplica, cold)
	}
	return 10 * time.Second
}

// crowdWhileAlmostBusy: goroutines wait, but not too long, and nothing is refused.
func (d *draw) crowdWhileAlmostBusy(at time.Duration) time.Duration {
	d.starve(busyReplica, at, 4*time.Second, d.between(600, 900)*time.Microsecond)
	for _, p := range weatherProviders {
		d.slow(p, at+900*time.Millisecond, 2*time.Second, 400*time.Millisecond)
	}
	for i := range time.Duration(7) {
		d.at(at+50*time.Millisecond+i*130*time.Millisecond, busyReplica, cold)
	}
	for range 30 {
		d.at(at+d.between(1000, 1300)*time.Millisecond, busyReplica, cold)
	}
	return 5 * time.Second
}
