package app

import (
	"net/http"
	"testing"
)

func TestProvidersAreDistinct(t *testing.T) {
	names, ranks := map[string]bool{}, map[int]bool{}
	for _, p := range providers {
		if names[p.name] {
			t.Errorf("two providers have the name %s", p.name)
		}
		names[p.name] = true
		if own := p.credential.variable; p.needs != "" && p.needs != own && !(p.contact && p.needs == p.variable("CONTACT")) {
			t.Errorf("%s needs %s, which is no variable of its own", p.name, p.needs)
		}
		if p.forecast != nil && (p.weather == nil || p.forecast.rank != p.weather.rank || p.forecast.attribution != p.weather.attribution) {
			t.Errorf("%s: its forecast has another rank or attribution than its current weather", p.name)
		}
		if p.weather == nil {
			continue
		}
		if ranks[p.weather.rank] {
			t.Errorf("%s: another provider of weather has the rank %d", p.name, p.weather.rank)
		}
		ranks[p.weather.rank] = true
	}
}

func TestCredentialsAreSent(t *testing.T) {
	secrets := environment{"OPENMETEO_API_KEY": "one", "OPENWEATHER_API_KEY": "two", "DIRECTORY_TOKEN": "three", "GITHUB_TOKEN": "four"}
	sent := func(u *upstreamConfig, cfg *config) (query, authorization string) {
		r, err := http.NewRequest(http.MethodGet, "https://upstream.example/path?a=b", nil)
		if err != nil {
			t.Fatal(err)
		}
		if send := u.provider.credential.sender(cfg.key(u)); send != nil {
			send(r)
		}
		return r.URL.RawQuery, r.Header.Get("Authorization")
	}
	with, without := mustRead(t, secrets), mustRead(t, nil)
	for name, want := range map[string]struct{ query, authorization string }{
		"openmeteo":   {"a=b&apikey=one", ""},
		"geocoding":   {"a=b&apikey=one", ""},
		"openweather": {"a=b&appid=two", ""},
		"metno":       {"a=b", ""},
		"directory":   {"a=b", "Bearer three"},
		"github":      {"a=b", "Bearer four"},
	} {
		if query, authorization := sent(with.upstream(name), &with); query != want.query || authorization != want.authorization {
			t.Errorf("%s is sent %q and %q, want %q and %q", name, query, authorization, want.query, want.authorization)
		}
		if query, authorization := sent(without.upstream(name), &without); query != "a=b" || authorization != "" {
			t.Errorf("%s is sent %q and %q without a credential, want nothing added", name, query, authorization)
		}
	}
}
