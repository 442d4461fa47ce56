package sim_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"tributary/upstream/sim"
)

// browse opens a page as a browser does.
func browse(t *testing.T, url string) (status int, contentType, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("User-Agent", "Mozilla/5.0")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Content-Type"), string(b)
}

const htmlUTF8 = "text/html; charset=utf-8"

func TestControlIsAPageToABrowser(t *testing.T) {
	s := start(t, sim.Config{})
	if err := s.SetFault(sim.MetNorway, sim.Fault{Mode: sim.ModeHang, LatencyMS: 20}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/_sim"} {
		status, contentType, body := browse(t, s.URL(sim.Control)+path)
		if status != http.StatusOK || contentType != htmlUTF8 {
			t.Errorf("%s: %d %s, want a page", path, status, contentType)
		}
		for _, want := range []string{">metno<", "hang, 20 ms late", s.URL(sim.OpenMeteo), "curl -X PUT " + s.URL(sim.Control) + "/_sim/openmeteo"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q:\n%s", path, want, body)
			}
		}
		if got := get(t, s.URL(sim.Control)+path); !strings.Contains(got.body, `"metno":{"latency_ms":20`) {
			t.Errorf("%s to a program: %s, want JSON", path, got.body)
		}
	}
}

// The example that a provider's page links to works in a browser.
func TestProvidersSayWhatTheyAre(t *testing.T) {
	s := start(t, sim.Config{})
	for _, l := range s.Listeners()[1:] {
		before := s.Calls(l.Name)
		_, contentType, body := browse(t, l.URL+"/")
		if contentType != htmlUTF8 || !strings.Contains(body, "simulation of the upstream <code>"+l.Name) {
			t.Errorf("%s: %s %s, want a page about it", l.Name, contentType, body)
		}
		if s.Calls(l.Name) != before {
			t.Errorf("%s: the page counts as a call", l.Name)
		}
		_, link, _ := strings.Cut(body, `href="/`)
		link, _, _ = strings.Cut(link, `"`)
		status, _, answer := browse(t, l.URL+"/"+strings.ReplaceAll(link, "&amp;", "&"))
		if status != http.StatusOK {
			t.Errorf("%s: its example /%s is a %d: %s", l.Name, link, status, answer)
		}
	}
}
