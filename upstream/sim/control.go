package sim

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
)

// control serves the faults over HTTP: GET /_sim, GET, PUT and DELETE
// /_sim/{provider}, DELETE /_sim. To browsers / and /_sim are a page.
type control struct {
	sim *Simulator
	log *slog.Logger
}

// state is the control address's description of a provider.
type state struct {
	Fault
	Calls int64  `json:"calls"` // requests received since the start
	URL   string `json:"url"`
}

// refusal is the error body of the control address.
type refusal struct {
	Error  string            `json:"error"`
	Fields map[string]string `json:"fields,omitempty"` // mistakes by field
}

func newControl(s *Simulator, log *slog.Logger) http.Handler {
	c := &control{s, log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.list)
	mux.HandleFunc("GET /_sim", c.list)
	mux.HandleFunc("DELETE /_sim", c.clearAll)
	mux.HandleFunc("GET /_sim/{provider}", c.withProvider(c.show))
	mux.HandleFunc("PUT /_sim/{provider}", c.withProvider(c.put))
	mux.HandleFunc("DELETE /_sim/{provider}", c.withProvider(c.clear))
	return mux
}

func (c *control) list(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	if forBrowser(r) {
		c.page(w, r)
		return
	}
	all := map[string]state{}
	for _, sv := range c.sim.services {
		all[sv.name] = stateOf(sv)
	}
	jsonAnswer(http.StatusOK, all).write(w)
}

func (c *control) clearAll(w http.ResponseWriter, _ *http.Request) {
	var errs []error
	for _, sv := range c.sim.services {
		errs = append(errs, c.sim.SetFault(sv.name, Fault{}))
	}
	if err := errors.Join(errs...); err != nil {
		refuse(w, http.StatusInternalServerError, err.Error(), nil)
		return
	}
	c.log.Info("simulator: all faults cleared")
	w.WriteHeader(http.StatusNoContent)
}

// withProvider calls h with the provider that the path names, or answers 404.
func (c *control) withProvider(h func(http.ResponseWriter, *http.Request, *service)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sv := c.sim.service(r.PathValue("provider"))
		if sv == nil {
			refuse(w, http.StatusNotFound, "no such provider; see /_sim", nil)
			return
		}
		h(w, r, sv)
	}
}

func (c *control) show(w http.ResponseWriter, _ *http.Request, sv *service) {
	jsonAnswer(http.StatusOK, stateOf(sv)).write(w)
}

func (c *control) put(w http.ResponseWriter, r *http.Request, sv *service) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, err.Error(), nil)
		return
	}
	f, err := ParseFault(body)
	if invalid := (InvalidFault)(nil); errors.As(err, &invalid) {
		refuse(w, http.StatusBadRequest, err.Error(), invalid)
		return
	}
	if err := c.sim.SetFault(sv.name, f); err != nil {
		refuse(w, http.StatusInternalServerError, err.Error(), nil)
		return
	}
	c.log.Info("simulator: fault set", "provider", sv.name, "fault", f)
	c.show(w, r, sv)
}

func (c *control) clear(w http.ResponseWriter, _ *http.Request, sv *service) {
	if err := c.sim.SetFault(sv.name, Fault{}); err != nil {
		refuse(w, http.StatusInternalServerError, err.Error(), nil)
		return
	}
	c.log.Info("simulator: fault cleared", "provider", sv.name)
	w.WriteHeader(http.StatusNoContent)
}

func stateOf(sv *service) state {
	return state{Fault: sv.fault.Load().Fault, Calls: sv.calls.Load(), URL: sv.url}
}

func refuse(w http.ResponseWriter, status int, message string, fields map[string]string) {
	jsonAnswer(status, refusal{message, fields}).write(w)
}
