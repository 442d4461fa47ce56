package upstream_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"tributary/cache"
	"tributary/cache/redistest"
	"tributary/upstream"
)

func TestSourceClose(t *testing.T) {
	it(t, "gives its entries back and leaves those of others", func(t *testing.T) {
		store := cache.NewStore(100)
		f := newFake(well)
		up, s := serve(t, f, func(c *config) { c.Store = store })
		other := things(up)
		ask(s, "a")
		ask(other, "b")
		s.Close()
		s.Close()
		if store.Entries() != 1 {
			t.Errorf("entries = %d, want that of the other source", store.Entries())
		}
		want(t, ask(other, "b"), upstream.Cached, "")
	})
	it(t, "lets a running fetch answer all who wait for it", func(t *testing.T) {
		store := cache.NewStore(100)
		f := newFake(after(time.Second, well))
		_, s := serve(t, f, func(c *config) { c.Store = store })
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { want(t, ask(s, "a"), upstream.Live, "") })
		}
		synctest.Wait()
		s.Close()
		wg.Wait()
		wantSent(t, f, 1)
		if store.Entries() != 0 {
			t.Errorf("entries = %d, want none of a closed source", store.Entries())
		}
	})
	it(t, "still answers requests that began before", func(t *testing.T) {
		_, s := serve(t, newFake(well))
		s.Close()
		want(t, ask(s, "a"), upstream.Live, "")
		want(t, ask(s, "a"), upstream.Live, "")
	})
}

// A gateway may load its file again every few seconds for as long as it runs.
func TestThousandReloads(t *testing.T) {
	r, err := cache.NewRedis(cache.RedisConfig{URL: redistest.Start(t).URL(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	store := cache.NewStore(100_000)
	both := func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Has("name") {
			return shelf(nil)(r)
		}
		return well(r)
	}
	up := open(t, newFake(both), func(c *config) { c.Store, c.Redis = store, r })
	var (
		closed  []weak.Pointer[upstream.Source[string, string]]
		batches []weak.Pointer[upstream.Batch[string, string]]
	)
	for n := range 1000 {
		s := things(up, func(s *spec) { s.Name, s.Group, s.Mutable = fmt.Sprint("source ", n), fmt.Sprint("group ", n), true })
		if n%10 == 0 {
			ask(s, "a")
		}
		s.Close()
		closed = append(closed, weak.Make(s))
		b := many(up, func(s *batchSpec) { s.Group, s.Mutable = fmt.Sprint("batch ", n), true })
		if n%10 == 0 {
			wantAll(t, askAll(b, []string{"a", "b"}), upstream.Live, "")
		}
		b.Close()
		batches = append(batches, weak.Make(b))
	}
	up.Close() // which waits for what is stored in Redis
	runtime.GC()
	held := 0
	for _, s := range closed {
		if s.Value() != nil {
			held++
		}
	}
	for _, b := range batches {
		if b.Value() != nil {
			held++
		}
	}
	if held > 0 || store.Entries() != 0 {
		t.Errorf("after 1,000 reloads %d sources are held, with %d entries; want none", held, store.Entries())
	}
	runtime.KeepAlive(up)
	runtime.KeepAlive(store)
}

func TestAnswersOfAClosedSourceAreNotReported(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	up := open(t, newFake(well), func(c *config) {
		c.Meter = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("")
	})
	named := func(name string) source { return things(up, func(s *spec) { s.Name = name }) }
	old, replaced, renewed := named("old"), named("same"), named("same")
	ask(replaced, "a")
	ask(renewed, "a")
	old.Close()
	replaced.Close()
	got := reported(t, reader)
	if len(got) != 1 || got["same"] != 2 {
		t.Errorf("answers by source = %v, want 2 of same: the count goes on in the source that is left", got)
	}
}

// reported is the number of answers by source, as metrics have it.
func reported(t *testing.T, reader sdkmetric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != "tributary.source.answers" {
				continue
			}
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				name, _ := p.Attributes.Value("tributary.source.name")
				counts[name.AsString()] += p.Value
			}
		}
	}
	return counts
}
