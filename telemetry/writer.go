package telemetry

import "net/http"

// writer keeps the status and the size of an answer.
type writer struct {
	http.ResponseWriter
	status int // 0: not written yet
	bytes  int // of the body
}

// WriteHeader implements http.ResponseWriter. Informational statuses are not the answer's.
func (w *writer) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) begin() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
}

// Write implements http.ResponseWriter.
func (w *writer) Write(body []byte) (int, error) {
	w.begin()
	n, err := w.ResponseWriter.Write(body)
	w.bytes += n
	return n, err
}

// Flush implements http.Flusher.
func (w *writer) Flush() { _ = w.FlushError() }

// FlushError is Flush for http.ResponseController.
func (w *writer) FlushError() error {
	w.begin()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
