package sim_test

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"tributary/upstream/sim"
)

func TestZeroConfigListensOnFreePorts(t *testing.T) {
	s := start(t, sim.Config{})
	ports := map[string]bool{}
	var names []string
	for _, l := range s.Listeners() {
		u, err := url.Parse(l.URL)
		if err != nil || u.Hostname() != "127.0.0.1" || u.Path != "" {
			t.Errorf("URL of %s = %q, want http://127.0.0.1:PORT", l.Name, l.URL)
		}
		if s.URL(l.Name) != l.URL {
			t.Errorf("URL(%q) = %q, want %q", l.Name, s.URL(l.Name), l.URL)
		}
		ports[u.Port()] = true
		names = append(names, l.Name)
	}
	if got, want := strings.Join(names, " "), "sim openmeteo geocoding openweather metno directory github openmeteo_air"; got != want {
		t.Errorf("listeners = %q, want %q", got, want)
	}
	if len(ports) != 8 {
		t.Errorf("%d different ports, want 8", len(ports))
	}
	if got := s.URL("nobody"); got != "" {
		t.Errorf("URL of an unknown provider = %q", got)
	}
}

func TestAddrGivesTheNextSevenPorts(t *testing.T) {
	base := freeRange(t)
	s := start(t, sim.Config{Addr: fmt.Sprintf("127.0.0.1:%d", base)})
	for i, l := range s.Listeners() {
		if want := fmt.Sprintf("http://127.0.0.1:%d", base+i); l.URL != want {
			t.Errorf("URL of %s = %q, want %q", l.Name, l.URL, want)
		}
	}
	if got := get(t, s.URL(sim.OpenMeteoAir)+goodPaths[sim.OpenMeteoAir]).status; got != http.StatusOK {
		t.Errorf("the last of the ports answers %d, want 200", got)
	}
}

func TestTakenPortNamesTheListenerAndLeavesNothingOpen(t *testing.T) {
	base := freeRange(t)
	const metno = 4 // sim, openmeteo, geocoding, openweather, metno
	taken := listen(t, base+metno)

	s, err := sim.Start(t.Context(), sim.Config{Addr: fmt.Sprintf("127.0.0.1:%d", base)})
	if err == nil {
		_ = s.Close()
		t.Fatal("Start succeeded on a taken port")
	}
	if !strings.Contains(err.Error(), "metno") || !strings.Contains(err.Error(), strconv.Itoa(base+metno)) {
		t.Errorf("error %q does not name listener and port", err)
	}
	_ = taken.Close()
	for i := range 8 {
		_ = listen(t, base+i).Close()
	}
}

func TestStartRefuses(t *testing.T) {
	quotas := func(name string, q sim.Quota) sim.Config {
		return sim.Config{Quotas: map[string]sim.Quota{name: q}}
	}
	for name, cfg := range map[string]sim.Config{
		"an address without a port":      {Addr: "127.0.0.1"},
		"a port that is no number":       {Addr: "127.0.0.1:http"},
		"a port without seven after it":  {Addr: "127.0.0.1:65529"},
		"a quota of an unknown provider": quotas("nobody", sim.Quota{Calls: 1, Per: time.Second}),
		"a quota of no calls":            quotas(sim.MetNorway, sim.Quota{Per: time.Second}),
		"a quota without any window":     quotas(sim.MetNorway, sim.Quota{Calls: 1}),
		"a host that is not this host":   {Addr: "192.0.2.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sim.Start(t.Context(), cfg)
			if err == nil {
				_ = s.Close()
				t.Fatalf("Start(%+v) succeeded", cfg)
			}
		})
	}
}

func TestCloseTwiceAndFaultAfterwards(t *testing.T) {
	s := start(t, sim.Config{})
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if err := s.SetFault(sim.GitHub, sim.Fault{Mode: sim.ModeHang}); err == nil {
		t.Error("SetFault on a closed simulator succeeded")
	}
}

func TestEveryProviderAnswers(t *testing.T) {
	s := start(t, sim.Config{})
	for _, p := range providers {
		t.Run(p, func(t *testing.T) {
			first := get(t, s.URL(p)+goodPaths[p])
			if first.status != http.StatusOK {
				t.Fatalf("GET %s: status = %d, want 200: %s", goodPaths[p], first.status, first.body)
			}
			compact(t, first.body)
			if again := get(t, s.URL(p)+goodPaths[p]); again.body != first.body {
				t.Errorf("the same question has two answers:\n%s\n%s", first.body, again.body)
			}
			if got := get(t, s.URL(p)+"/no/such/path").status; got != http.StatusNotFound {
				t.Errorf("an unknown path: status = %d, want 404", got)
			}
			if got := s.Calls(p); got != 3 {
				t.Errorf("Calls = %d, want 3", got)
			}
		})
	}
}

func TestWeatherChangesWithTheHourOnly(t *testing.T) {
	now := noon
	s := start(t, sim.Config{Now: func() time.Time { return now }})
	question := s.URL(sim.OpenMeteo) + "/v1/forecast?latitude=60&longitude=10&current=temperature_2m,wind_speed_10m"
	at := func(moment time.Time) string {
		now = moment
		body := get(t, question).body
		return body[strings.Index(body, `"interval":900`):]
	}
	first := at(noon)
	if got := at(noon.Add(20 * time.Minute)); got != first {
		t.Errorf("within the hour: %s, want %s", got, first)
	}
	if got := at(noon.Add(time.Hour)); got == first {
		t.Errorf("an hour later still: %s", got)
	}
	if got := at(noon); got != first {
		t.Errorf("back in the hour: %s, want %s", got, first)
	}
}

// freeRange finds eight free ports in a row.
func freeRange(t *testing.T) int {
	t.Helper()
next:
	for base := 15100; base < 19000; base += 10 {
		for i := range 8 {
			ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+i))
			if err != nil {
				continue next
			}
			_ = ln.Close()
		}
		return base
	}
	t.Skip("no eight free ports in a row")
	return 0
}

func listen(t *testing.T, port int) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatalf("port %d: %v", port, err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

func TestWrap(t *testing.T) {
	seen := make(chan string, 10)
	s := start(t, sim.Config{Wrap: func(provider string, h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen <- provider + " " + r.URL.Path
			h.ServeHTTP(w, r)
		})
	}})
	url := s.URL(sim.Directory) + "/users/1"
	get(t, url)
	for _, mode := range []sim.Mode{sim.ModeDown, sim.ModeOK} { // its listener is another one then
		if err := s.SetFault(sim.Directory, sim.Fault{Mode: mode}); err != nil {
			t.Fatal(err)
		}
	}
	get(t, url)
	for range 2 {
		if got := <-seen; got != "directory /users/1" {
			t.Errorf("wrapped request = %q, want directory /users/1", got)
		}
	}
}
