package upstream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tributary/cache"
	"tributary/cache/redistest"
	"tributary/upstream"
)

// item is a value with members, as the domains have them.
type item struct {
	Name string    `json:"name"`
	Size *int      `json:"size,omitempty"`
	Seen time.Time `json:"seen"`
}

// shared is an entry as Redis has it. What is empty is left out.
type shared struct {
	Value       json.RawMessage `json:"value,omitempty"`
	StoredAt    any             `json:"stored_at,omitempty"`
	StoredAtToo any             `json:"Stored_At,omitempty"`
	FreshUntil  any             `json:"fresh_until,omitempty"`
	Revalidate  any             `json:"revalidate_until,omitempty"`
	GoneAt      any             `json:"gone_at,omitempty"`
	More        any             `json:"more,omitempty"`
}

// alter changes an entry.
type alter func(*shared)

func value(text string) alter { return func(e *shared) { e.Value = json.RawMessage(text) } }

// times sets the times of an entry, as seconds from now.
func times(stored, fresh, revalidate, gone int) alter {
	at := func(seconds int) time.Time { return time.Now().Add(time.Duration(seconds) * time.Second) }
	return func(e *shared) {
		e.StoredAt, e.FreshUntil, e.Revalidate, e.GoneAt = at(stored), at(fresh), at(revalidate), at(gone)
	}
}

// odd are entries that nobody has stored, whatever their value is.
var odd = map[string]alter{
	"a value that is null":     value(`null`),
	"a value that is missing":  value(``),
	"an empty object":          value(`{}`),
	"an empty list":            value(`[]`),
	"a list of null":           value(`[null]`),
	"a list of empty objects":  value(`[{}]`),
	"a fraction":               value(`1.5`),
	"true":                     value(`true`),
	"a value in other names":   value(`{"Name":"a","SEEN":"2026-11-24T06:00:00Z"}`),
	"a value with more":        value(`{"name":"a","seen":"2026-11-24T06:00:00Z","more":1}`),
	"a value of a wrong time":  value(`{"name":"a","seen":"yesterday"}`),
	"no time":                  func(e *shared) { e.StoredAt = nil },
	"no end":                   func(e *shared) { e.GoneAt = nil },
	"times that are null":      func(e *shared) { e.StoredAt, e.GoneAt = json.RawMessage("null"), json.RawMessage("null") },
	"the year 1":               func(e *shared) { e.StoredAt = time.Time{} },
	"a time that is a number":  func(e *shared) { e.StoredAt = 1764000000 },
	"a time in the future":     times(3600, 7200, 9000, 9999),
	"times out of order":       times(-1, 3600, 1800, 7200),
	"a member that is unknown": func(e *shared) { e.More = 1 },
	"members in other names":   func(e *shared) { e.StoredAt, e.StoredAtToo = nil, e.StoredAt },
}

// An entry that Redis has in another form than it is written in is a miss: it
// must not become an answer, or a panic.
func TestSharedEntryThatIsOdd(t *testing.T) {
	r := redistest.Start(t)
	with := func(more map[string]alter) map[string]alter {
		all := maps.Clone(odd)
		maps.Copy(all, more)
		return all
	}
	number, text := value(`12`), value(`"x"`)
	object := value(`{"name":"b","seen":"2026-11-24T06:00:00Z"}`)
	t.Run("pointer", func(t *testing.T) {
		wantMisses[*item](t, r, "pointer", `{"name":"a","seen":"2026-11-24T06:00:00Z"}`, with(map[string]alter{"a number": number, "a text": text}))
	})
	t.Run("struct", func(t *testing.T) {
		wantMisses[item](t, r, "struct", `{"name":"a","size":3,"seen":"2026-11-24T06:00:00Z"}`, with(map[string]alter{"a number": number, "a text": text}))
	})
	t.Run("list", func(t *testing.T) {
		wantMisses[[]item](t, r, "list", `[{"name":"a","seen":"2026-11-24T06:00:00Z"}]`, with(map[string]alter{"a number": number, "a text": text, "an object": object}))
	})
	t.Run("number", func(t *testing.T) {
		wantMisses[int](t, r, "number", `3`, with(map[string]alter{"a text": text, "an object": object}))
	})
	t.Run("text", func(t *testing.T) {
		wantMisses[string](t, r, "text", `"a"`, with(map[string]alter{"a number": number, "an object": object}))
	})
}

func wantMisses[A any](t *testing.T, r *redistest.Server, name, body string, alterations map[string]alter) {
	server, requests := bodies(t, body)
	client := r.Client()
	key := "tributary:1:entry:" + name + "/{name}:a"
	first := askShared[A](t, r, server, name, io.Discard)
	if first.State != upstream.Live {
		t.Fatalf("the first answer is %s, want live", first.State)
	}
	stored := client.Get(t.Context(), key).Val()
	if again := askShared[A](t, r, server, name, io.Discard); again.State != upstream.Cached || !reflect.DeepEqual(again.Value, first.Value) {
		t.Errorf("an unaltered entry gives %v, %s; want %v, cached", again.Value, again.State, first.Value)
	}
	altered := func(change alter) string {
		var entry shared
		if err := json.Unmarshal([]byte(stored), &entry); err != nil {
			t.Fatal(err)
		}
		change(&entry)
		b, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		return "\n" + string(b)
	}
	client.Set(t.Context(), key, altered(times(-1, 3600, 7200, 7200)), 0) // the control: an alteration that is believed
	if again := askShared[A](t, r, server, name, io.Discard); again.State != upstream.Cached || !reflect.DeepEqual(again.Value, first.Value) {
		t.Errorf("an entry with other times gives %v, %s; want %v, cached", again.Value, again.State, first.Value)
	}
	for does, change := range alterations {
		wantMiss(t, r, client, key, does, altered(change), server, requests, name, first)
	}
	for does, raw := range map[string]string{
		"nothing": "", "no JSON": "{{", "half of it": stored[1 : len(stored)/2], "null": "null", "an empty object": "{}", "an empty list": "[]", "a number": "7", "a text": `"x"`,
		"other bytes": "\xff\xfe", "it twice": stored[1:] + stored[1:],
	} {
		wantMiss(t, r, client, key, does, "\n"+raw, server, requests, name, first)
	}
}

func wantMiss[A any](t *testing.T, r *redistest.Server, client *redis.Client, key, does, raw string, server *httptest.Server, requests *atomic.Int64, name string, want upstream.Answer[A]) {
	t.Helper()
	client.Set(t.Context(), key, raw, 0)
	var log bytes.Buffer
	before := requests.Load()
	got := askShared[A](t, r, server, name, &log)
	if got.State != upstream.Live || !reflect.DeepEqual(got.Value, want.Value) || requests.Load() != before+1 {
		t.Errorf("%s: answer = %v, %s after %d requests; want %v, live after one", does, got.Value, got.State, requests.Load()-before, want.Value)
	}
	if lines := strings.Count(log.String(), "cannot be read"); lines != 1 {
		t.Errorf("%s: logged %d times that an entry cannot be read, want once:\n%s", does, lines, &log)
	}
}

// askShared asks a new replica, which is closed when its answer is stored.
func askShared[A any](t *testing.T, r *redistest.Server, server *httptest.Server, name string, log io.Writer) upstream.Answer[A] {
	t.Helper()
	r2, err := cache.NewRedis(cache.RedisConfig{URL: r.PatientURL(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer r2.Close()
	up := open(t, nil, func(c *config) {
		c.Name, c.Redis = name, r2
		c.BaseURL, _ = url.Parse(server.URL)
		c.Logger = slog.New(slog.NewTextHandler(log, nil))
		c.Policies.Timeout, c.FetchBudget = time.Minute, 2*time.Minute
	})
	defer up.Close()
	return upstream.NewSource(up, upstream.Spec[string, A]{
		Name: name, Route: "/{name}", Key: func(key string) string { return key },
		Request: func(ctx context.Context, key string) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, "/"+key, nil)
		},
		Decode: func(r upstream.Response) (a A, err error) { return a, json.Unmarshal(r.Body, &a) },
	}).Ask(t.Context(), "a", upstream.Directives{})
}

// bodies answers every request with the same body, and counts them.
func bodies(t *testing.T, body string) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server, &n
}

// A replica with another configuration must not decide how old an answer may get
// here.
func TestSharedEntryLivesNoLongerThanOurs(t *testing.T) {
	r := redistest.Start(t)
	server, requests := counted(t)
	lives := func(d time.Duration) func(*config, *spec) {
		return func(c *config, _ *spec) { c.Lifetimes = cache.Lifetimes{FreshFor: d, StaleFor: d} }
	}
	up, long := replica(t, r, server, lives(time.Hour))
	want(t, ask(long, "a"), upstream.Live, "")
	up.Close()
	_, short := replica(t, r, server, lives(time.Nanosecond))
	want(t, ask(short, "a"), upstream.Live, "")
	if n := requests.Load(); n != 2 {
		t.Errorf("requests = %d, want 2: what the other replica keeps is too old here", n)
	}
}
