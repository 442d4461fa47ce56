package worstday

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// settle ends all faults, waits, and looks what is left.
func (d *day) settle() {
	for _, p := range providerNames {
		_ = d.world.Heal(p) // as those before
	}
	time.Sleep(d.settling)
	d.settledDirectory()
	for i := range d.schedule.Replicas {
		d.settledGateway(i)
	}
}

func (d *day) settledDirectory() {
	b, status := d.askDirectory(http.MethodGet, "/users?_limit=100000", "")
	var list []struct {
		ID   int
		Name string
	}
	if err := json.Unmarshal(b, &list); err != nil {
		d.t.Fatalf("the directory at the end: %d %v", status, err)
	}
	names := map[string]string{}
	for _, u := range list {
		names[fmt.Sprint(u.ID)] = u.Name
	}
	d.model.Settled(names)
}

// settledGateway: nothing is in flight when nobody asks, and no more is remembered than
// was asked for.
func (d *day) settledGateway(replica int) {
	r, _ := http.NewRequest(http.MethodGet, "/v1/status", nil)
	resp, err := d.world.Do(context.Background(), replica, "10.1.0.99", r)
	if err != nil {
		d.model.gateway(replica, err.Error())
		return
	}
	defer resp.Body.Close()
	var status struct {
		Upstreams []struct {
			Name     string
			InFlight int `json:"in_flight"`
		}
		Cache     struct{ Entries int }
		Admission struct {
			InFlight int `json:"in_flight"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&status); err != nil {
		d.model.gateway(replica, err.Error())
	}
	for _, u := range status.Upstreams {
		if u.InFlight != 0 {
			d.model.gateway(replica, fmt.Sprintf("%d calls to %s are in flight", u.InFlight, u.Name))
		}
	}
	if n := status.Admission.InFlight; n != 0 {
		d.model.gateway(replica, fmt.Sprintf("%d requests hold a permit to ask upstreams", n))
	}
	if most := 4*len(places)*len(providerNames) + 8*len(d.schedule.Requests); status.Cache.Entries > most {
		d.model.gateway(replica, fmt.Sprintf("%d entries", status.Cache.Entries))
	}
}

func (m *Model) gateway(replica int, what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.violate("nothing is left behind", "replica %d: %s", replica, what)
}
