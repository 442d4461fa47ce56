package app

import (
	"context"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"tributary/telemetry/story"
)

// watchInterval is how often the content of the file is compared.
const watchInterval = 10 * time.Second

// Reload loads the file anew. A file with mistakes changes nothing.
func (e *endpoints) Reload() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.reload()
	}
}

// reload is Reload. e.mu is held.
func (e *endpoints) reload() {
	cfg, err := rereadConfig(e.getenv, e.started)
	e.read = cfg.endpoints // also when it is refused: its mistakes are told once
	if err != nil {
		e.count("refused")
		mistakes := strings.Split(err.Error(), "\n")
		e.tel.Stories().Happened(story.EndpointsRefused, "", "the file of endpoints has "+plural(len(mistakes), "mistake", "mistakes")+"; what was served before goes on")
		e.log.Error("the file of endpoints has mistakes; what was served before goes on", "file", e.cfg.EndpointsFile, "mistakes", mistakes)
		return
	}
	if e.loaded != nil {
		e.loaded(cfg.definition)
	}
	e.serve(cfg)
	e.count("loaded")
	e.tel.Stories().Happened(story.EndpointsLoaded, "", "endpoints loaded: "+
		plural(len(cfg.definition.Endpoints), "endpoint", "endpoints")+" and "+plural(len(e.upstreams), "upstream", "upstreams"))
	if e.gateway.reloaded != nil {
		e.gateway.reloaded()
	}
	e.log.Info("endpoints loaded", "file", cfg.EndpointsFile, "endpoints", len(cfg.definition.Endpoints), "upstreams", len(e.upstreams))
	if unknown := cfg.unknownScopes(); len(unknown) > 0 {
		e.log.Warn("callers may have scopes that no endpoint names any more", "scopes", unknown.String())
	}
}

// watch reloads the file when its content, or that of a schema, has changed, until ctx
// is done.
func (e *endpoints) watch(ctx context.Context, hangUp <-chan os.Signal) {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangUp:
			e.Reload()
		case <-ticker.C:
			e.reloadIfChanged()
		}
	}
}

func (e *endpoints) reloadIfChanged() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed && e.read.Changed() {
		e.reload()
	}
}

func (e *endpoints) count(result string) {
	e.loads.Add(context.Background(), 1, metric.WithAttributes(attribute.String("tributary.endpoints.result", result)))
}
