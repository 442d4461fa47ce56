package console

import (
	"encoding/json"
	"net/http"
)

// problem is an RFC 9457 document.
type problem struct {
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail,omitempty"`
	Fields map[string]string `json:"fields,omitempty"` // mistakes by field
}

var notFound = problem{Status: http.StatusNotFound, Title: "Not found"}

func badRequest(detail string) problem {
	return problem{Status: http.StatusBadRequest, Title: "Bad request", Detail: detail}
}

func (p problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // fails only when the client has disconnected
}

// writeJSON writes an answer that no cache stores.
func writeJSON(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		problem{Status: http.StatusInternalServerError, Title: "Internal error"}.write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(body, '\n'))
}
