package worstday

import (
	"fmt"
	"math/rand/v2"
	"time"

	upstreamsim "tributary/upstream/sim"
)

// Scenes draws a day of a fleet on which nothing breaks but what its scenes break. Each
// scene is the load that shows whether one promise is kept, which a day of Generate has
// only by chance. Their order is drawn.
func Scenes(seed uint64) Schedule {
	d := newDraw(seed, true, time.Hour)
	d.Env["DIRECTORY_IDEMPOTENCY"] = "off"
	for _, u := range []string{"OPENMETEO", "OPENWEATHER"} {
		d.Env[u+"_FRESH_FOR"], d.Env[u+"_REVALIDATE_FOR"] = "15s", "10s" // answers are old after half a minute
	}
	d.Env["METNO_BREAKER_MIN_CALLS"], d.Env["OPENMETEO_BREAKER_MIN_CALLS"] = "3", "3"
	d.Env["OPENWEATHER_RATE_LIMIT"] = "20/1m"
	scenes := []func(at time.Duration) (long time.Duration){
		d.slowTogether, d.outage, d.quotaUsedUp, d.lostOutcome, d.overtaken, d.crowdWhileBusy, d.slowWhileBusy, d.crowdWhileAlmostBusy,
	}
	at := 40 * time.Second
	d.burst(10*time.Second, 30, cold) // the gateways learn how long providers usually take
	for _, i := range d.rng.Perm(len(scenes)) {
		at += scenes[i](at) + 25*time.Second // answers of one scene are old in the next
	}
	at += d.redisOnlyRefuses(at) + 10*time.Second
	at += d.redisSlow(at) // the last: the model does not trust connections to Redis after it
	d.Length = at + 10*time.Second
	return d.done()
}

// at adds a request to one replica, whose client waits for its answer.
func (d *draw) at(at time.Duration, replica int, shape func(*rand.Rand, *Request)) {
	d.ask(at, func(rng *rand.Rand, r *Request) {
		shape(rng, r)
		r.Replica, r.Leave = replica, 0
	})
}

func (d *draw) slow(provider string, at, long, latency time.Duration) {
	d.fault(provider, at, long, upstreamsim.Fault{LatencyMS: int(latency.Milliseconds())})
}

// slowTogether: cold places are asked for at all replicas at once, while a call takes long
// enough to be seen by another. One replica asks, the others wait for its answer.
func (d *draw) slowTogether(at time.Duration) time.Duration {
	d.slow(upstreamsim.MetNorway, at, 4*time.Second, 300*time.Millisecond)
	for i := range time.Duration(3) {
		p := Request{}
		cold(d.rng, &p)
		for n := range 9 {
			d.at(at+(i+1)*time.Second+d.between(0, 6000)*time.Microsecond, n%d.Replicas, read(p.URL))
		}
	}
	return 5 * time.Second
}

// outage: one replica goes on to be asked for what a provider fails to answer.
func (d *draw) outage(at time.Duration) time.Duration {
	d.fault(upstreamsim.OpenMeteo, at, 12*time.Second, upstreamsim.Fault{ErrorRate: 1, Status: 500})
	for i := range time.Duration(36) {
		d.at(at+i*300*time.Millisecond, 0, cold)
	}
	return 12 * time.Second
}

// quotaUsedUp: one replica is asked for more than its own quota of a minute.
func (d *draw) quotaUsedUp(at time.Duration) time.Duration {
	for range 50 {
		d.at(at+d.between(0, 8000)*time.Millisecond, 0, cold)
	}
	return 8 * time.Second
}

// lostOutcome: a replica crashes when it has sent a write with a key, and the key comes
// again when its lease has lapsed.
func (d *draw) lostOutcome(at time.Duration) time.Duration {
	replica := d.rng.IntN(d.Replicas)
	d.slow(upstreamsim.Directory, at, 3*time.Second, 600*time.Millisecond)
	for range 3 {
		shape := d.creation(true)
		d.at(at+d.between(500, 600)*time.Millisecond, replica, shape)
		for i := 1; i < d.Replicas; i++ {
			d.at(at+d.between(14_000, 20_000)*time.Millisecond, (replica+i)%d.Replicas, shape)
		}
	}
	d.Events = append(d.Events, Event{at + d.between(800, 950)*time.Millisecond, "crash", fmt.Sprint(replica), ""})
	return 22 * time.Second
}

// creation is the request for a new user.
func (d *draw) creation(keyed bool) func(*rand.Rand, *Request) {
	headers := []string{writer}
	if keyed {
		headers = append(headers, fmt.Sprintf(`Idempotency-Key: "k%d"`, d.n))
	}
	body := fmt.Sprintf(`{"name":"New %d"}`, d.n)
	return func(_ *rand.Rand, r *Request) { r.Method, r.URL, r.Header, r.Body = "POST", "/v1/users", headers, body }
}

// change is the request for a new name of a user.
func (d *draw) change(id int) func(*rand.Rand, *Request) {
	body := fmt.Sprintf(`{"name":"Name %d"}`, d.n)
	return func(_ *rand.Rand, r *Request) {
		r.Method, r.URL, r.Header, r.Body = "PUT", fmt.Sprintf("/v1/users/%d", id), []string{writer}, body
	}
}

// overtaken: a user is changed while all replicas read it, and what was read before the
// write often comes after it.
func (d *draw) overtaken(at time.Duration) time.Duration {
	d.fault(upstreamsim.Directory, at+4*time.Second, 20*time.Second, upstreamsim.Fault{LatencyMS: 20, JitterMS: 600})
	for id := 1; id <= 8; id++ {
		path, by := fmt.Sprintf("/v1/users/%d", id), d.rng.IntN(d.Replicas)
		d.at(at+d.between(0, 3000)*time.Millisecond, by, d.change(id)) // nobody has it any more
		when := at + time.Duration(3+2*id)*time.Second
		for i := range d.Replicas {
			d.at(when+d.between(0, 8000)*time.Microsecond, i, read(path))
		}
		d.at(when+d.between(70, 90)*time.Millisecond, by, d.change(id))
		for i := range 2 * d.Replicas {
			d.at(when+d.between(1600, 2500)*time.Millisecond, i%d.Replicas, read(path))
		}
	}
	return 24 * time.Second
}

// redisOnlyRefuses: users whom all replicas know are changed while Redis refuses writes,
// but passes messages on. All replicas read them right after the write.
func (d *draw) redisOnlyRefuses(at time.Duration) time.Duration {
	const long = 15 * time.Second
	d.Events = append(d.Events, Event{at, "redis", pick(d.rng, "readonly", "full"), ""}, Event{at + long, "redis", "back", ""})
	for id := 1; id <= 6; id++ {
		path := fmt.Sprintf("/v1/users/%d", id)
		when := at + time.Duration(1+2*id)*time.Second
		for i := range d.Replicas {
			d.at(when-d.between(800, 1200)*time.Millisecond, i, read(path))
		}
		d.at(when, d.rng.IntN(d.Replicas), d.change(id))
		for i := range 3 * d.Replicas {
			d.at(when+d.between(150, 700)*time.Millisecond, i%d.Replicas, read(path))
		}
	}
	return long
}

// redisSlow: a replica reads a user while another changes it, and everything takes so long
// to and from Redis that the first may store what it has read before it hears of the write.
func (d *draw) redisSlow(at time.Duration) time.Duration {
	const long = 25 * time.Second
	d.Events = append(d.Events, Event{at, "redis", "slow", "15ms"}, Event{at + long, "redis", "back", ""})
	for i := range time.Duration(16) {
		id := 1 + int(i)%8
		when := at + (i+3)*1200*time.Millisecond
		by := d.rng.IntN(d.Replicas)
		d.at(when-4*time.Second+d.between(0, 900)*time.Millisecond, by, d.change(id)) // nobody has it any more
		for i := 1; i < d.Replicas; i++ {
			d.at(when+d.between(0, 8000)*time.Microsecond, (by+i)%d.Replicas, read(fmt.Sprintf("/v1/users/%d", id)))
		}
		d.at(when+d.between(88_000, 118_000)*time.Microsecond, by, d.change(id))
		for i := range 4 {
			d.at(when+d.between(300, 900)*time.Millisecond, (by+i)%d.Replicas, read(fmt.Sprintf("/v1/users/%d", id)))
		}
	}
	return long
}
