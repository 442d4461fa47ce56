package app

import (
	"cmp"
	"strings"

	"tributary/telemetry"
)

// running describes in one log line what has been started: pairs of a key and a value.
func (g *gateway) running(cfg config, at listening, getenv func(string) string) []any {
	var on, off []string
	for _, u := range cfg.Upstreams {
		if u.Enabled {
			on = append(on, u.provider.name)
		} else {
			off = append(off, u.provider.name)
		}
	}
	admin := "off"
	if at.admin != nil {
		admin = urlOf(at.admin)
	}
	line := []any{"version", thisBuild().version, "api", urlOf(at.api), "admin", admin, "upstreams", strings.Join(on, " ")}
	if len(off) > 0 {
		line = append(line, "upstreams_off", strings.Join(off, " "))
	}
	exported := cmp.Or(strings.Join(telemetry.Exported(getenv), " "), "off") // never an endpoint, which may hold a secret
	gogc, memoryLimit := collector()
	return append(line, "redis", g.sharing, "telemetry", exported, "gogc", gogc, "gomemlimit", memoryLimit)
}
