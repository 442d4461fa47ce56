package worstday

import (
	"maps"
	"strings"
)

// Key is an API key that may do everything that is built in.
const Key = "worst-day-key"

// environment is that of a gateway at a host.
func (w *World) environment(host string) map[string]string {
	env := map[string]string{
		"LISTEN_ADDR":         host + ":80",
		"ADMIN_ADDR":          host + ":81",
		"CONSOLE":             "off",
		"CLIENT_RATE_LIMIT":   "off",
		"METNO_CONTACT":       "ops@example.org",
		"OPENWEATHER_API_KEY": "key",
		"USERS_GITHUB_LINK":   "username",
		"API_KEYS":            "all:weather:read+users:read+users:write:" + Key,
		"ANONYMOUS_SCOPES":    "weather:read+users:read",
	}
	for _, provider := range w.Providers() {
		name := strings.ToUpper(provider)
		env[name+"_URL"], env[name+"_RATE_LIMIT"] = w.sim.URL(provider), "off"
	}
	if w.file != "" {
		env["ENDPOINTS_FILE"] = w.file
	}
	for _, p := range w.declared { // the variable of its credentials, if it has any
		name := strings.ToUpper(p.Name)
		env[name+"_TOKEN"], env[name+"_API_KEY"] = "secret", "secret"
	}
	if w.redis != nil {
		env["REDIS_URL"] = "redis://" + redisAddr
	}
	maps.Copy(env, w.setup.Env)
	return env
}
