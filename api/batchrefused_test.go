package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestBatchesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		want  []string // parameters with a mistake
	}{
		"it refuses a city beside":            {"place=1,2&city=Delhi", []string{"city"}},
		"it refuses coordinates beside":       {"place=1,2&lat=1&lon=2", []string{"lat", "lon"}},
		"it refuses a page beside":            {"place=1,2&page=1&per_page=2&q=x&include=github&country=IN", []string{"country", "page", "per_page", "q", "include"}},
		"it names each entry that is none":    {"place=1,2&place=1&place=x,2&place=1,2,3&place=91,0&place=0,-181&place=&place=1e1,2", []string{"place[1]", "place[2]", "place[3]", "place[4]", "place[5]", "place[6]", "place[7]"}},
		"it names both numbers of an entry":   {"place=x,y", []string{"place[0]", "place[0]"}},
		"it refuses 51":                       {strings.Repeat("place=1,2&", 51), []string{"place"}},
		"it refuses other mistakes as always": {"place=1,2&units=kelvin", []string{"units"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			p := g.get("/v1/weather?"+strings.TrimSuffix(c.query, "&")).problem(http.StatusBadRequest, "invalid_parameters")
			var got []string
			for _, e := range p.Errors {
				got = append(got, e.Parameter)
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("mistakes in %q, want %q", got, c.want)
			}
			if g.asked() != 0 {
				t.Errorf("%d requests sent, want none", g.asked())
			}
		})
	}
	g := populated(t)
	p := g.get("/v1/users?id=1&id=0&id=x&id=9007199254740992&page=2").problem(http.StatusBadRequest, "invalid_parameters")
	if len(p.Errors) != 4 || p.Errors[0].Parameter != "page" || p.Errors[3].Parameter != "id[3]" {
		t.Errorf("errors = %+v, want page and id[1] to id[3]", p.Errors)
	}
}
