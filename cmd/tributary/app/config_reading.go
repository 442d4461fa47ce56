package app

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tributary/telemetry"
	"tributary/upstream/declared"
)

// configError is every mistake in a configuration, a line each: the variable,
// a colon, what is wrong. It never quotes a secret.
type configError []string

func (e configError) Error() string { return strings.Join(e, "\n") }

// readConfig reads the whole configuration, with the file of endpoints. An empty
// variable counts as unset. The error, if any, is a configError with all the mistakes.
func readConfig(getenv func(string) string) (config, error) { return rereadConfig(getenv, nil) }

// rereadConfig is readConfig for a gateway that already runs with the configuration
// before. What callers may do, and which upstreams are sent a trace, was decided at its
// start; so the names that the file had then are still known.
func rereadConfig(getenv func(string) string, before *config) (config, error) {
	cfg := defaults()
	cfg.before = before
	r := newReading()
	var inFile []declared.Mistake
	if file := getenv("ENDPOINTS_FILE"); file != "" {
		inFile = cfg.declare(file, r)
		r.scopesUnknown = cfg.endpoints.Unread
	}
	vars := cfg.variables()
	r.environment(getenv, vars)
	r.parse(vars)
	cfg.settle(r)
	cfg.check(r)
	for _, p := range telemetry.CheckEnvironment(getenv) {
		if p.Fatal {
			r.add(p.Variable, "%s", p.Text)
		}
	}
	if cfg.endpoints != nil {
		inFile = append(inFile, r.takeInFile()...)
		inFile = append(inFile, cfg.compile()...)
	}
	if len(r.mistakes) > 0 || len(inFile) > 0 {
		return config{endpoints: cfg.endpoints}, append(r.err(vars), lines(filepath.Dir(getenv("ENDPOINTS_FILE")), inFile)...)
	}
	return cfg, nil
}

// reading holds the given values of the environment and the mistakes found in them.
type reading struct {
	given    map[string]string // by variable; files read, empty values left out
	mistakes []mistake

	// scopesUnknown: the file of endpoints could not be read, and with it the scopes
	// that it names.
	scopesUnknown bool

	// The file of endpoints gives some variables of its upstreams their defaults. A wrong
	// default is a mistake in the file, and these functions, by variable, return it with
	// its place there.
	settings  map[string]func(what string) declared.Mistake // for variables that the file sets
	defaulted map[string]func(what string) declared.Mistake // for the others of its upstreams
}

func newReading() *reading {
	return &reading{
		given:     map[string]string{},
		settings:  map[string]func(string) declared.Mistake{},
		defaulted: map[string]func(string) declared.Mistake{},
	}
}

// takeInFile removes, and returns as mistakes in the file of endpoints, those about
// variables that the file gives or should give, and the environment does not.
func (r *reading) takeInFile() (inFile []declared.Mistake) {
	r.mistakes = slices.DeleteFunc(r.mistakes, func(m mistake) bool {
		at := r.settings[m.variable]
		if at == nil {
			at = r.defaulted[m.variable]
		}
		if _, given := r.given[m.variable]; given || at == nil || m.environment {
			return false
		}
		inFile = append(inFile, at(m.err.Error()))
		return true
	})
	return inFile
}

// lines are the mistakes in the file and in its schemas, each once, by place. They name
// files relative to the working directory, not to the folder of the file of endpoints.
func lines(folder string, mistakes []declared.Mistake) (all []string) {
	for _, m := range declared.Sorted(mistakes) {
		m.File = filepath.Join(folder, m.File)
		all = append(all, m.String())
	}
	return all
}

// mistake is what is wrong with one variable. An error that joins several is
// reported a line each.
type mistake struct {
	variable    string
	err         error
	environment bool // it is about the environment, not about what the file gives
}

func (m mistake) Error() string { return m.variable + ": " + m.err.Error() }

// environment reads the variables that are set, and the files of secrets.
func (r *reading) environment(getenv func(string) string, vars []variable) {
	for _, v := range vars {
		value := getenv(v.name)
		if v.secret {
			value = r.orFile(v.name, value, getenv(v.name+"_FILE"))
		}
		if value != "" {
			r.given[v.name] = value
		}
	}
}

// orFile returns the value of a secret: value, or the content of the file at path
// without one trailing newline. Its mistakes do not quote the path, because someone
// may have put the secret itself there.
func (r *reading) orFile(name, value, path string) string {
	if path == "" {
		return value
	}
	if value != "" {
		r.add(name+"_FILE", "%s is set as well (use one of them)", name)
		return ""
	}
	content, err := os.ReadFile(path)
	if err != nil {
		if pathErr, ok := errors.AsType[*os.PathError](err); ok {
			err = pathErr.Err
		}
		r.add(name+"_FILE", "the file cannot be read: %w", err)
		return ""
	}
	value = strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if value == "" {
		// If it counted as unset, an empty file of API keys would open the API to all.
		r.add(name+"_FILE", "the file is empty")
	}
	return value
}

// parse sets the field of each given variable.
func (r *reading) parse(vars []variable) {
	for _, v := range vars {
		text, ok := r.given[v.name]
		if !ok {
			continue
		}
		err := v.set(text)
		if err != nil && r.scopesUnknown {
			err = withoutUnknownScopes(err)
		}
		if err != nil {
			r.mistakes = append(r.mistakes, mistake{variable: v.name, err: err})
		}
	}
}

func (r *reading) add(name, format string, args ...any) {
	r.mistakes = append(r.mistakes, mistake{variable: name, err: fmt.Errorf(format, args...)})
}

// has reports whether the environment sets the variable, also to a malformed value.
func (r *reading) has(name string) bool {
	_, ok := r.given[name]
	return ok || r.settings[name] != nil || r.mistaken(name)
}

// usable reports whether the environment sets the variable to a well-formed value.
func (r *reading) usable(name string) bool { return r.has(name) && !r.mistaken(name) }

func (r *reading) mistaken(name string) bool {
	return slices.ContainsFunc(r.mistakes, func(m mistake) bool {
		return m.variable == name || m.variable == name+"_FILE"
	})
}

// err returns all mistakes in the order of vars.
func (r *reading) err(vars []variable) configError {
	order := map[string]int{}
	for i, v := range vars {
		order[v.name], order[v.name+"_FILE"] = i+1, i+1
	}
	position := func(m mistake) int { return cmp.Or(order[m.variable], len(vars)+1) } // OpenTelemetry's variables are not in vars: they come last
	slices.SortStableFunc(r.mistakes, func(a, b mistake) int { return position(a) - position(b) })

	var lines configError
	for _, m := range r.mistakes {
		for _, err := range joined(m.err) {
			lines = append(lines, mistake{variable: m.variable, err: err}.Error())
		}
	}
	return lines
}

func joined(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}
