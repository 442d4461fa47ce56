package worstday

import (
	"fmt"
	"math/rand/v2"
	"time"

	upstreamsim "tributary/upstream/sim"
)

// writeTime is how long one write with its repetitions and readers takes; a user has one
// at a time.
const writeTime = 25 * time.Second

// repetitions are when a client sends a write with a key again: while the first may run,
// and after it.
var repetitions = []time.Duration{70 * time.Millisecond, 2500 * time.Millisecond, 9 * time.Second}

// rename changes a user's name, while others read it, before and after.
func (d *draw) rename(at time.Duration) {
	id := 1 + d.rng.IntN(8)
	if at < d.wrote[id] {
		return
	}
	d.wrote[id] = at + writeTime
	path := fmt.Sprintf("/v1/users/%d", id)
	if d.busy[upstreamsim.Directory] < at-time.Second && d.chance(40) {
		// Answers overtake each other: what was read before the write comes after it.
		d.fault(upstreamsim.Directory, at-200*time.Millisecond, 3*time.Second, upstreamsim.Fault{LatencyMS: 40, JitterMS: 500})
	}
	if d.busy["crash"] < at && d.chance(15) { // perhaps of the gateway that writes
		d.busy["crash"] = at + 30*time.Second
		d.Events = append(d.Events, Event{at + d.between(30, 900)*time.Millisecond, "crash", fmt.Sprint(d.rng.IntN(d.Replicas)), ""})
	}
	for range 6 { // some of these are in the air while the write is
		d.ask(at+d.between(-60_000, 90_000)*time.Microsecond, read(path))
	}
	d.write(at, "PATCH", path, fmt.Sprintf(`{"name":"Name %d"}`, d.n))
	for range 5 {
		d.ask(at+d.between(150_000, 6_000_000)*time.Microsecond, read(path))
	}
	d.ask(at+d.between(200, 6000)*time.Millisecond, read("/v1/users?per_page=100"))
}

func read(path string) func(*rand.Rand, *Request) {
	return func(_ *rand.Rand, r *Request) { r.URL = path }
}

// create adds a user, reads it everywhere, and often removes it.
func (d *draw) create(at time.Duration) {
	first := d.n
	d.write(at, "POST", "/v1/users", fmt.Sprintf(`{"name":"New %d"}`, first))
	path := fmt.Sprintf("/v1/users/{%d}", first)
	for range 3 {
		d.ask(at+d.between(500_000, 8_000_000)*time.Microsecond, read(path))
	}
	switch d.rng.IntN(3) {
	case 0:
		d.write(at+d.between(13, 16)*time.Second, "PUT", path, fmt.Sprintf(`{"name":"Name %d"}`, d.n))
	case 1:
		d.write(at+d.between(13, 16)*time.Second, "DELETE", path, "")
	}
	for range 2 {
		d.ask(at+d.between(20, 30)*time.Second, read(path))
	}
}

// write sends a write, mostly with a key that is repeated at any replica, sometimes on a
// condition.
func (d *draw) write(at time.Duration, method, path, body string) {
	headers := []string{writer}
	keyed := (method == "POST" || method == "PATCH") && d.chance(80)
	if keyed {
		headers = append(headers, fmt.Sprintf(`Idempotency-Key: "k%d"`, d.n))
	}
	if method != "POST" && d.chance(15) {
		headers = append(headers, "If-Match: "+pick(d.rng, "*", "last"))
		keyed = false // its repetitions would have another tag
	}
	shape := func(_ *rand.Rand, r *Request) {
		r.Method, r.URL, r.Header, r.Body = method, path, headers, body
	}
	d.ask(at, shape)
	if !keyed {
		return
	}
	for _, later := range repetitions {
		if d.chance(60) {
			d.ask(at+later+d.between(0, 50_000)*time.Microsecond, shape)
		}
	}
}
