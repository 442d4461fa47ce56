package api_test

import (
	"net/http"
	"testing"
)

func TestAccept(t *testing.T) {
	g := newGateway(t)
	for _, c := range []struct {
		name   string
		header []string // values, one for each header line
		want   int
	}{
		{"none", nil, 200},
		{"an empty one", []string{""}, 200},
		{"JSON", []string{"application/json"}, 200},
		{"JSON in capitals", []string{"Application/JSON"}, 200},
		{"JSON with a charset", []string{"application/json; charset=utf-8"}, 200},
		{"anything", []string{"*/*"}, 200},
		{"anything of that kind", []string{"application/*"}, 200},
		{"a browser's", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, 200},
		{"JSON at the least", []string{"text/html, application/json;q=0.001"}, 200},
		{"JSON on another line", []string{"text/html", "application/json"}, 200},
		{"JSON and nothing else at all", []string{"application/json, */*;q=0"}, 200},
		{"anything but another application type", []string{"application/xml;q=0, */*"}, 200},
		{"a range that is malformed, beside JSON", []string{"text/html;q, application/json"}, 200},
		{"lists of nothing", []string{"", " , ,"}, 200},
		{"JSON with a comma in a parameter", []string{`text/html, application/json;profile="a,\",b"`}, 200},
		{"JSON after a parameter with a comma", []string{`text/html;profile="a,b", application/json`}, 200},
		{"HTML", []string{"text/html"}, 406},
		{"HTML with JSON in a parameter", []string{`text/html;profile="a, application/json"`}, 406},
		{"text of any kind", []string{"text/*"}, 406},
		{"problems only", []string{"application/problem+json"}, 406},
		{"no JSON", []string{"application/json;q=0"}, 406},
		{"no JSON, in more digits", []string{"application/json;q=0.000, */*"}, 406},
		{"anything but JSON", []string{"*/*, application/json;q=0"}, 406},
		{"nothing of that kind, the rest", []string{"application/*;q=0, */*;q=1"}, 406},
		{"nothing", []string{"*/*;q=0"}, 406},
	} {
		t.Run(c.name, func(t *testing.T) {
			var header []string
			for _, v := range c.header {
				header = append(header, "Accept", v)
			}
			for _, path := range []string{here, forecastHere, airHere, "/v1/places?q=Delhi", "/v1/status"} {
				a := g.get(path, header...)
				a.wantStatus(c.want)
				a.wantHeader("Vary", "Accept")
				if c.want == http.StatusNotAcceptable {
					a.problem(c.want, "not_acceptable")
					a.wantHeader("Cache-Control", "no-store")
				}
			}
		})
	}
}

func TestAcceptIsIgnoredElsewhere(t *testing.T) {
	g := newGateway(t)
	for _, path := range []string{"/livez", "/readyz", "/openapi.yaml"} {
		a := g.get(path, "Accept", "text/html")
		a.wantStatus(http.StatusOK)
		a.wantHeader("Vary", "")
	}
}

func TestNotAcceptableBeforeInvalid(t *testing.T) {
	g := newGateway(t)
	g.get("/v1/weather", "Accept", "text/html").wantStatus(http.StatusNotAcceptable)
	if n := g.asked(); n != 0 {
		t.Errorf("%d requests sent for an answer that the caller does not accept", n)
	}
}
