package worstday

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	upstreamsim "tributary/upstream/sim"
)

// Endpoints are declared ones that the days ask for.
const Endpoints = `version: 1
endpoints:
  /v1/visits/{id}:
    summary: A user, and the weather where he lives
    scope: users:read
    parameters:
      id: {type: integer, minimum: 1}
    parts:
      user: {ask: {id: id}, required: true}
      weather: {ask: {lat: user.address.latitude, lon: user.address.longitude}}
    data:
      name: user.name
      temperature: weather.temperature
`

// Result is what became of a day.
type Result struct {
	Violations []Violation
	Answers    int
	Calls      int
	Counts     Counts
	Told       []string // what clients were told up to the first violation, or a little longer
	Log        []string // the last lines of the gateways' logs
}

// dawn is when days begin: a bubble starts at the first instant of the year 2000, and no
// gateway believes in weather of the century before, of which a forecast has a day.
const dawn = 48 * time.Hour

// Run runs a day in a world of its own. It must be called in a bubble.
func Run(t testing.TB, s Schedule) Result {
	time.Sleep(dawn + s.Begin)
	env := map[string]string{"TRACE_PROPAGATE": strings.Join(providerNames, ",")}
	for name, value := range s.Env {
		env[name] = value
	}
	setup := Setup{Replicas: s.Replicas, Redis: s.Redis, Env: env, Seed: s.Seed, IgnoreKeys: s.IgnoresKeys}
	if slices.ContainsFunc(s.Requests, func(r Request) bool { return strings.HasPrefix(r.URL, "/v1/visits/") }) {
		setup.Endpoints = Endpoints
	}
	w := New(t, setup)
	r := Live(t, w, s, Options{})
	w.Close()
	return r
}

// day is a schedule that is being lived.
type day struct {
	t        testing.TB
	world    Stage
	schedule Schedule
	model    *Model
	load     *load
	settling time.Duration
}

// live lets everything happen at its time.
func (d *day) live() {
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, e := range d.schedule.Events {
			d.until(e.At)
			switch e.What {
			case "restart", "crash", "rename", "remove": // these take their time
				wg.Go(func() { d.happens(e) })
			default:
				d.happens(e)
			}
		}
	})
	for _, r := range d.schedule.Requests {
		wg.Go(func() {
			d.until(r.At)
			d.load.send(context.Background(), r, d.model.Begins, d.model.Answered)
		})
	}
	wg.Wait()
	d.until(d.schedule.Length)
}

func (d *day) until(at time.Duration) { time.Sleep(at - time.Since(d.model.start)) }

func (d *day) happens(e Event) {
	var err error
	switch e.What {
	case "fault":
		var f upstreamsim.Fault
		if err = json.Unmarshal([]byte(e.Args), &f); err == nil {
			err = d.world.Fault(e.Who, f)
		}
	case "heal":
		err = d.world.Heal(e.Who)
	case "redis":
		err = d.world.RedisEvent(e)
	case "restart", "crash":
		replica, _ := strconv.Atoi(e.Who)
		listens := d.model.Restarting(replica)
		if e.What == "crash" {
			d.world.Crash(replica)
		} else {
			d.world.Restart(replica)
		}
		listens()
	case "busy", "free":
		err = d.busy(e)
	case "rename":
		done := d.model.Changing(e.Who, e.Args)
		d.outside(http.MethodPatch, e.Who, fmt.Sprintf(`{"name":%q}`, e.Args))
		done()
	case "remove":
		done := d.model.Changing(e.Who, "")
		d.outside(http.MethodDelete, e.Who, "")
		done()
	default:
		err = fmt.Errorf("nothing is called %q", e.What)
	}
	if err != nil {
		d.t.Errorf("%s: %v", e, err)
	}
}

// busy lets the goroutines of a gateway wait for a processor, or no longer.
func (d *day) busy(e Event) (err error) {
	stage, ok := d.world.(interface {
		Busy(replica int, wait time.Duration)
	})
	if !ok {
		return errors.New("on this stage nobody says how long goroutines wait")
	}
	replica, err := strconv.Atoi(e.Who)
	wait := time.Duration(0)
	if e.What == "busy" && err == nil {
		wait, err = time.ParseDuration(e.Args)
	}
	if err == nil {
		stage.Busy(replica, wait)
	}
	return err
}

// outside is somebody who writes to the directory without a gateway. Faults are for him
// too, so he tries until he is told that it is done.
func (d *day) outside(method, id, body string) {
	for range 200 {
		if _, status := d.askDirectory(method, "/users/"+id, body); status == http.StatusOK || status == http.StatusNotFound {
			return
		}
		time.Sleep(time.Second)
	}
}

func (d *day) askDirectory(method, path, body string) ([]byte, int) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	r, _ := http.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	resp, err := d.world.Ask(ctx, upstreamsim.Directory, r)
	if err != nil {
		return nil, 0
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, 0
	}
	return b, resp.StatusCode
}
