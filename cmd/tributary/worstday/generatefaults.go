package worstday

import (
	"encoding/json"
	"fmt"
	"time"

	upstreamsim "tributary/upstream/sim"
)

var providerNames = []string{
	upstreamsim.OpenMeteo, upstreamsim.MetNorway, upstreamsim.OpenWeather, upstreamsim.Geocoding,
	upstreamsim.Directory, upstreamsim.GitHub, upstreamsim.OpenMeteoAir,
}

// outages draws times of trouble, with quiet ones between in which everything must become
// complete again.
func (d *draw) outages() {
	for at := d.between(15, 40) * time.Second; at < d.Length-90*time.Second; {
		long := d.between(4, 60) * time.Second
		d.trouble(at, long)
		if d.Redis && d.chance(50) {
			d.redisTrouble(at+d.between(-3, 3)*time.Second, d.between(3, 40)*time.Second)
		}
		if d.chance(12) {
			d.restarts(at + d.between(0, 20)*time.Second)
		}
		d.edge(at)
		d.edge(at + long)
		at += long + d.between(15, 50)*time.Second
	}
}

// edge is a time around which bursts are drawn.
func (d *draw) edge(at time.Duration) { d.edges = append(d.edges, at) }

// trouble breaks some providers for about a time.
func (d *draw) trouble(at, long time.Duration) {
	several := 1 + d.rng.IntN(3)
	if d.chance(15) {
		several = len(providerNames)
	}
	for _, i := range d.rng.Perm(len(providerNames))[:several] {
		p := providerNames[i]
		if at < d.busy[p] {
			continue
		}
		switch d.rng.IntN(8) {
		case 0:
			d.flapping(p, at, long)
		case 1:
			d.slowRecovery(p, at, long)
		default:
			d.fault(p, at+d.between(0, 900)*time.Millisecond, long, d.anyFault())
		}
	}
}

// fault breaks a provider for a time, which must be free.
func (d *draw) fault(provider string, at, long time.Duration, f upstreamsim.Fault) {
	text, _ := json.Marshal(f) // a Fault has a JSON form
	d.Events = append(d.Events, Event{at, "fault", provider, string(text)}, Event{at + long, "heal", provider, ""})
	d.busy[provider] = max(d.busy[provider], at+long+time.Second)
}

func (d *draw) anyFault() upstreamsim.Fault {
	some := pick(d.rng, 1, 1, 0.5, 0.2)
	switch d.rng.IntN(12) {
	case 0:
		return upstreamsim.Fault{Mode: upstreamsim.ModeHang}
	case 1:
		return upstreamsim.Fault{Mode: upstreamsim.ModeReset}
	case 2:
		return upstreamsim.Fault{Mode: upstreamsim.ModeTruncate}
	case 3:
		return upstreamsim.Fault{Mode: upstreamsim.ModeGarbage}
	case 4:
		return upstreamsim.Fault{Mode: upstreamsim.ModeDrip}
	case 5:
		return upstreamsim.Fault{Mode: upstreamsim.ModeDown}
	case 6:
		return upstreamsim.Fault{LatencyMS: int(d.between(200, 3000)), JitterMS: int(d.between(0, 500))}
	case 7: // a quota is used up
		return upstreamsim.Fault{ErrorRate: 1, Status: 429, RetryAfterS: pick(d.rng, 0, 3, 20)}
	case 8:
		return upstreamsim.Fault{ErrorRate: 1, Status: 503, RetryAfterS: pick(d.rng, 2, 10)}
	case 9:
		return upstreamsim.Fault{ErrorRate: some, Status: 500, LatencyMS: int(d.between(0, 300))}
	case 10:
		if d.chance(30) {
			return upstreamsim.Fault{ErrorRate: 1, Status: pick(d.rng, 401, 403)}
		}
	}
	return upstreamsim.Fault{ErrorRate: some, Status: pick(d.rng, 500, 502, 503, 504)}
}

func (d *draw) flapping(provider string, at, long time.Duration) {
	f := d.anyFault()
	if f.RetryAfterS > 0 || f.Status == 401 || f.Status == 403 || f.Status == 429 {
		f = upstreamsim.Fault{ErrorRate: 1, Status: 503}
	}
	for end := at + long; at < end; at += d.between(2000, 6000) * time.Millisecond {
		short := d.between(500, 1000) * time.Millisecond
		d.fault(provider, at, short, f)
		at += short
	}
}

// slowRecovery is an outage after which the provider is slow at first.
func (d *draw) slowRecovery(provider string, at, long time.Duration) {
	d.fault(provider, at, long/2, upstreamsim.Fault{Mode: pick(d.rng, upstreamsim.ModeDown, upstreamsim.ModeReset)})
	for i, ms := range []int{2500, 900, 250} {
		d.fault(provider, at+long/2+time.Millisecond+time.Duration(i)*long/6, long/6-2*time.Millisecond, upstreamsim.Fault{LatencyMS: ms})
	}
}

func (d *draw) redisTrouble(at, long time.Duration) {
	if at = max(at, time.Second); at < d.busy["redis"] {
		return
	}
	d.busy["redis"] = at + long + 8*time.Second // time to be well again in between
	event := func(at time.Duration, who, args string) {
		d.Events = append(d.Events, Event{at, "redis", who, args})
	}
	replica := fmt.Sprint(d.rng.IntN(d.Replicas))
	d.edge(at)
	d.edge(at + long)
	switch d.rng.IntN(8) {
	case 0:
		event(at, "gone", "")
	case 1:
		event(at, "hang", "")
	case 2:
		event(at, "slow", fmt.Sprint(d.between(20, 200)*time.Millisecond))
	case 3, 4:
		event(at, "readonly", "")
	case 5:
		event(at, "full", "")
	case 6:
		event(at, "flush", "")
		return
	case 7:
		event(at, "partition", replica)
		event(at+long, "rejoin", replica)
		return
	}
	event(at+long, "back", "")
}

// restarts is a rolling restart.
func (d *draw) restarts(at time.Duration) {
	if at < d.busy["restarts"] {
		return
	}
	for i := range d.Replicas {
		d.Events = append(d.Events, Event{at, "restart", fmt.Sprint(i), ""})
		d.edge(at)
		at += d.between(3, 12) * time.Second
	}
	d.busy["restarts"] = at + 5*time.Second
}

// outsiders change and remove users at the directory itself. The gateways write to others.
func (d *draw) outsiders() {
	for i := range 2 {
		at := time.Duration(1+4*i)*time.Minute + d.between(0, 90)*time.Second
		d.Events = append(d.Events, Event{at, "rename", "9", fmt.Sprintf("Outsider %d", i)})
	}
	d.Events = append(d.Events, Event{d.between(60, 300) * time.Second, "remove", "10", ""})
}
