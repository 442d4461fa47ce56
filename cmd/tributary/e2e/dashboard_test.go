package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"tributary/cache/redistest"
)

// panel is a panel of the dashboard.
type panel struct {
	Title   string
	GridPos struct{ X, Y, W, H int }
	Targets []struct{ Expr string }
}

// panels are all panels of the dashboard.
func panels(t *testing.T) []panel {
	t.Helper()
	b, err := os.ReadFile("../../../deploy/grafana/tributary.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct{ Panels []panel }
	if err := json.Unmarshal(b, &dashboard); err != nil {
		t.Fatal(err)
	}
	return dashboard.Panels
}

// Every query of every panel has a value in a real Prometheus that scrapes a gateway
// with Redis, declared endpoints and a memory limit.
func TestDashboard(t *testing.T) {
	limit := debug.SetMemoryLimit(1 << 40)
	t.Cleanup(func() { debug.SetMemoryLimit(limit) })
	d := startDemo(t, map[string]string{
		"ADMISSION":         "adaptive",
		"REDIS_URL":         redistest.NewProxy(t, redistest.Start(t)).PatientURL(),
		"ENDPOINTS_FILE":    "../../../examples/orders/orders.yaml",
		"CLIENT_RATE_LIMIT": "20/1h", "OPENMETEO_RATE_LIMIT": "600/1h",
	})
	d.writeTwice()
	d.fault("openweather", `{"error_rate": 0.5}`)
	p := startPrometheus(t, d)
	here := strings.NewReplacer("$job", "tributary", "$instance", ".+", "$__rate_interval", "1m")
	without := shown(t)
	if len(without) < 30 {
		t.Fatalf("the dashboard has %d queries, want those of all panels", len(without))
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("without a value:\n%s", strings.Join(without, "\n"))
		}
	})
	place := 0
	eventually(t, "every query has a value", func() bool {
		place++ // another place is another call of each source; then requests are limited
		d.get(fmt.Sprintf("/v1/weather?lat=%d&lon=10", place%60))
		without = slices.DeleteFunc(without, func(query string) bool {
			return slices.ContainsFunc(p.values(here.Replace(query)), func(v string) bool { return v != "NaN" })
		})
		return len(without) == 0
	})
}

func TestPanelsDoNotOverlap(t *testing.T) {
	all := panels(t)
	for i, a := range all {
		if a.GridPos.X+a.GridPos.W > 24 {
			t.Errorf("%s is wider than the dashboard", a.Title)
		}
		for _, b := range all[:i] {
			pa, pb := a.GridPos, b.GridPos
			if pa.X < pb.X+pb.W && pb.X < pa.X+pa.W && pa.Y < pb.Y+pb.H && pb.Y < pa.Y+pa.H {
				t.Errorf("%s and %s overlap", a.Title, b.Title)
			}
		}
	}
}
