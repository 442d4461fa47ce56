package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// prometheus is a Prometheus that scrapes one gateway.
type prometheus struct {
	t    *testing.T
	url  string
	http *http.Client
}

// startPrometheus runs a Prometheus by the configuration that is deployed, except that
// it scrapes d, five times a second, and waits until it has done so once.
func startPrometheus(t *testing.T, d *running) *prometheus {
	t.Helper()
	binary := prometheusTool(t, "prometheus")
	dir := t.TempDir()
	for _, name := range []string{"prometheus.yml", "rules.yml"} {
		content, err := os.ReadFile(filepath.Join(deployed, name))
		if err != nil {
			t.Fatal(err)
		}
		here := string(content)
		if name == "prometheus.yml" {
			here = strings.NewReplacer(`"gateway-1:8081", "gateway-2:8081"`, strings.TrimPrefix(d.urls["admin"], "http://"), "15s", "200ms").Replace(here)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(here), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	address := freeAddress(t)
	startProcess(t, exec.Command(binary, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address,
		"--enable-feature=exemplar-storage", "--log.level=warn"))
	p := &prometheus{t: t, url: "http://" + address, http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}}
	t.Cleanup(p.http.CloseIdleConnections)
	eventually(t, "the gateway is up", func() bool { return p.query(`up{job="tributary"}`) == "1" })
	return p
}

// query is the only value of a query, "" for none.
func (p *prometheus) query(q string) string {
	p.t.Helper()
	if values := p.values(q); len(values) == 1 {
		return values[0]
	}
	return ""
}

// values are all values of a query.
func (p *prometheus) values(q string) (values []string) {
	p.t.Helper()
	resp, err := p.http.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(q))
	if err != nil {
		return nil // it does not listen yet
	}
	defer resp.Body.Close()
	var body struct {
		Status, Error string
		Data          struct{ Result []struct{ Value [2]any } }
	}
	if json.NewDecoder(resp.Body).Decode(&body) != nil {
		return nil // it is starting
	}
	if body.Status == "error" {
		p.t.Fatalf("%s: %s", q, body.Error)
	}
	for _, r := range body.Data.Result {
		value, _ := r.Value[1].(string)
		values = append(values, value)
	}
	return values
}
