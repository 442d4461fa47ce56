//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/go-chi/chi/v5"
)

// roles are what this program can be when it is measured itself.
var roles = map[string]func(args []string) error{
	"floor":         floor,
	"floor-headers": floorWithHeaders,
	"naive":         naive,
}

// floor is what net/http and chi can do at most: one route, one header, and the bytes of
// the gateway's answer. Its arguments are an address and a file with the body.
func floor(args []string) error {
	body, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	r := chi.NewRouter()
	r.Get("/v1/weather", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
	return http.ListenAndServe(args[0], r)
}

// floorWithHeaders is the floor with the headers and the time-outs of the gateway, as if
// all that it does for them were free. Its third argument is a file with the headers.
func floorWithHeaders(args []string) error {
	body, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	text, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	var header http.Header
	if err := json.Unmarshal(text, &header); err != nil {
		return fmt.Errorf("%s: %w", args[2], err)
	}
	delete(header, "Date") // net/http sends them by itself
	delete(header, "Content-Length")
	r := chi.NewRouter()
	r.Get("/v1/weather", func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, values := range header {
			h[name] = values
		}
		_, _ = w.Write(body)
	})
	server := &http.Server{
		Addr: args[0], Handler: r,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	return server.ListenAndServe()
}
