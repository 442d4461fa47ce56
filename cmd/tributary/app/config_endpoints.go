package app

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tributary/api"
	"tributary/upstream/declared"
)

// resources are the built-in endpoints that are served, by group.
type resources []api.Resource

func parseResources(value string) (resources, error) {
	if value == "none" {
		return resources{}, nil
	}
	var all resources
	var errs []error
	for _, item := range items(value) {
		if !slices.Contains(api.Resources, api.Resource(item)) {
			errs = append(errs, fmt.Errorf("%q is not one of %s, none", item, joinWords(api.Resources, " ")))
		}
		all = append(all, api.Resource(item))
	}
	if len(all) == 0 {
		errs = append(errs, errors.New("names no endpoint (use weather,users, none)"))
	}
	return all, errors.Join(errs...)
}

func (r resources) String() string {
	if len(r) == 0 {
		return "none"
	}
	return joinWords(r, ",")
}

// declare reads the file of endpoints, and adds its upstreams to those that can be
// configured. It returns the mistakes in the file's form and in its settings.
func (cfg *config) declare(path string, r *reading) []declared.Mistake {
	file, mistakes := declared.Read(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	taken := cfg.variableNames()
	for _, u := range file.Upstreams {
		if slices.Contains(providerNames(), u.Name) {
			continue // a mistake, which Compile reports
		}
		c := upstreamDefaults(declaredProvider(u))
		c.declared = u
		if name := clash(c, taken); name != "" {
			mistakes = append(mistakes, file.MistakeWith(u, fmt.Sprintf("its variable %s would be one of the gateway's own", name)))
			continue
		}
		vars := c.variables()
		for _, s := range u.Settings {
			name := c.provider.variable(strings.ToUpper(s.Key))
			i := slices.IndexFunc(vars, func(v variable) bool { return v.name == name })
			if err := vars[i].set(s.Value); err != nil {
				for _, e := range joined(err) {
					mistakes = append(mistakes, file.MistakeIn(u, s, e.Error()))
				}
			}
			r.settings[name] = func(what string) declared.Mistake { return file.MistakeIn(u, s, what) }
		}
		for _, v := range vars {
			if r.settings[v.name] == nil {
				r.defaulted[v.name] = func(what string) declared.Mistake { return file.MistakeWith(u, v.name+": "+what) }
			}
		}
		cfg.Upstreams = append(cfg.Upstreams, c)
		if key := c.provider.credential.variable; key != "" {
			cfg.Keys[key] = &Secret{}
		}
	}
	cfg.endpoints = file
	return mistakes
}

// declaredProvider is an upstream of the file as the table of providers has the
// built-in ones.
func declaredProvider(u *declared.Upstream) *provider {
	p := &provider{name: u.Name, personal: true}
	switch u.Credentials.Kind {
	case declared.BearerCredentials:
		p.credential = credential{p.variable("TOKEN"), asBearer}
	case declared.HeaderCredentials:
		p.credential = credential{p.variable("API_KEY"), inHeader(u.Credentials.Name)}
	case declared.QueryCredentials:
		p.credential = credential{p.variable("API_KEY"), inQuery(u.Credentials.Name)}
	}
	return p
}

func inHeader(name string) func(*http.Request, string) {
	return func(r *http.Request, key string) { r.Header.Set(name, key) }
}

// variableNames are the names of all variables, with those of files of secrets.
func (cfg *config) variableNames() map[string]bool {
	names := make(map[string]bool)
	for _, v := range cfg.variables() {
		names[v.name] = true
		if v.secret {
			names[v.name+"_FILE"] = true
		}
	}
	return names
}

// clash is a variable of an upstream that is taken, "" if none is. It takes the others.
func clash(u *upstreamConfig, taken map[string]bool) string {
	names := []string{u.provider.variable("TOKEN"), u.provider.variable("TOKEN_FILE"), u.provider.variable("API_KEY"), u.provider.variable("API_KEY_FILE")}
	for _, v := range u.variables() {
		names = append(names, v.name)
	}
	for _, name := range names {
		if taken[name] {
			return name
		}
	}
	for _, name := range names {
		taken[name] = true
	}
	return ""
}

// compile checks the file of endpoints against the rest of the configuration.
func (cfg *config) compile() (mistakes []declared.Mistake) {
	served := []api.Resource(cfg.BuiltIn)
	cfg.definition, mistakes = cfg.endpoints.Compile(declared.Known{
		Files:     os.DirFS(filepath.Dir(cfg.EndpointsFile)),
		Upstreams: providerNames(),
		Sources:   builtInSources(),
		Paths:     api.BuiltInPaths(served),
		Tokens:    cfg.JWKSURL != nil,
	})
	return mistakes
}

// requireURL adds a mistake if neither the file nor the environment says where a
// declared upstream is.
func (u *upstreamConfig) requireURL(r *reading) {
	if u.declared != nil && u.Enabled && u.URL == (url.URL{Scheme: "https"}) && !r.has(u.provider.variable("URL")) {
		r.mistakes = append(r.mistakes, mistake{u.provider.variable("URL"), errors.New("is not set, and the file of endpoints gives no url"), true})
	}
}

// withoutCredentials are the upstreams of the file that should be sent a secret which is
// not set.
func (cfg *config) withoutCredentials() (all []*upstreamConfig) {
	for _, u := range cfg.Upstreams {
		if u.declared != nil && u.Enabled && u.provider.credential.variable != "" && !cfg.key(u).IsSet() {
			all = append(all, u)
		}
	}
	return all
}

// upstreamNames are the names of all upstreams, in order.
func (cfg *config) upstreamNames() (names sourceNames) {
	for _, u := range cfg.Upstreams {
		names = append(names, u.provider.name)
	}
	return names
}

// knownUpstreams adds the names that a running gateway was started with.
func (cfg *config) knownUpstreams() sourceNames {
	if cfg.before == nil {
		return cfg.upstreamNames()
	}
	return union(cfg.upstreamNames(), cfg.before.knownUpstreams())
}

// hidden are the built-in paths that are not served.
func (r resources) hidden() (paths []string) {
	for _, resource := range api.Resources {
		if !slices.Contains(r, resource) {
			paths = append(paths, api.PathsOf(resource)...)
		}
	}
	return paths
}
