package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// shop is a gateway with a file of endpoints that a test changes.
type shop struct {
	*world
	folder string
}

// theFile has one endpoint. Its upstreams are in settings, its data in data.
const theFile = `version: 1
upstreams:
  things: {url: "http://things.test", retries: 0, %s}
  others: {url: "http://others.test"}
sources:
  thing: {get: "things /things/{id}", answer: thing.json}
  other: {get: "others /others/{id}", answer: thing.json}
endpoints:
  /v1/things/{id}:
    scope: things:read
    parameters: {id: {type: string}}
    parts: {thing: {ask: {id: id}}}
    data: {%s}
  /v1/others/{id}:
    scope: things:read
    parameters: {id: {type: string}}
    parts: {other: {ask: {id: id}}}
    data: other
`

func newShop(t *testing.T, settings string, env ...string) *shop {
	t.Helper()
	s := &shop{folder: t.TempDir()}
	s.write("thing.json", "{}")
	s.write("endpoints.yaml", fmt.Sprintf(theFile, settings, "name: thing.name"))
	s.world = newWorld(t, with(map[string]string{
		"ENDPOINTS_FILE": filepath.Join(s.folder, "endpoints.yaml"), "ANONYMOUS_SCOPES": "things:read",
	}, env...), map[string]http.HandlerFunc{"things.test": says(200, `{"name":"a"}`), "others.test": says(200, `{"other":1}`)})
	return s
}

func (s *shop) write(name, content string) {
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte(content), 0o644); err != nil {
		panic(err)
	}
}

// change writes another file and loads it.
func (s *shop) change(settings, data string) {
	s.write("endpoints.yaml", fmt.Sprintf(theFile, settings, data))
	s.g.endpoints.Reload()
}

func (s *shop) want(path string, status int, data string) {
	s.t.Helper()
	if a := s.get(path); a.status != status || string(a.body.Data) != data {
		s.t.Errorf("GET %s = %d %s, want %d %s", path, a.status, a.body.Data, status, data)
	}
}

func (s *shop) wantCalls(host string, n int) {
	s.t.Helper()
	if got := s.calls(host); got != n {
		s.t.Errorf("%s was asked %d times, want %d", host, got, n)
	}
}

// logged is how many lines of the log have a text.
func (s *shop) logged(text string) (n int) {
	for line := range strings.Lines(s.logs.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

const (
	loaded   = `"endpoints loaded"`
	mistaken = "the file of endpoints has mistakes"
)

func TestReload(t *testing.T) {
	it(t, "serves the new file", func(t *testing.T) {
		s := newShop(t, "")
		s.want("/v1/things/1", 200, `{"name":"a"}`)
		s.write("endpoints.yaml", strings.ReplaceAll(fmt.Sprintf(theFile, "", "title: thing.name"), "/v1/others/", "/v1/more/"))
		s.g.endpoints.Reload()
		s.want("/v1/things/1", 200, `{"title":"a"}`)
		s.want("/v1/more/1", 200, `{"other":1}`)
		s.want("/v1/others/1", 404, "")
	})
	it(t, "keeps cached answers of what is the same", func(t *testing.T) {
		s := newShop(t, "")
		s.want("/v1/things/1", 200, `{"name":"a"}`)
		s.change("", "title: thing.name")
		s.want("/v1/things/1", 200, `{"title":"a"}`)
		s.wantCalls("things.test", 1)
	})
	it(t, "keeps the quota of what is the same", func(t *testing.T) {
		s := newShop(t, "rate_limit: 2/1h")
		s.want("/v1/things/1", 200, `{"name":"a"}`)
		s.change("rate_limit: 2/1h", "title: thing.name")
		s.want("/v1/things/2", 200, `{"title":"a"}`)
		s.get("/v1/things/3")
		s.wantCalls("things.test", 2)
	})
	it(t, "keeps the breaker of what is the same", func(t *testing.T) {
		s := newShop(t, "breaker_min_calls: 2")
		s.now("things.test", says(500, ""))
		s.get("/v1/things/1")
		s.get("/v1/things/2")
		s.change("breaker_min_calls: 2", "title: thing.name")
		s.get("/v1/things/3")
		s.wantCalls("things.test", 2)
	})
	it(t, "makes an upstream anew whose settings are others", func(t *testing.T) {
		s := newShop(t, "rate_limit: 1/1h")
		s.want("/v1/things/1", 200, `{"name":"a"}`)
		s.want("/v1/others/1", 200, `{"other":1}`)
		s.change("rate_limit: 2/1h", "name: thing.name")
		s.want("/v1/things/1", 200, `{"name":"a"}`)
		s.want("/v1/others/1", 200, `{"other":1}`)
		s.wantCalls("things.test", 2)
		s.wantCalls("others.test", 1)
	})
	it(t, "asks anew when a schema has changed", func(t *testing.T) {
		s := newShop(t, "")
		s.want("/v1/things/1", 200, `{"name":"a"}`)
		s.write("thing.json", `{"minProperties": 1}`)
		s.g.endpoints.Reload()
		s.want("/v1/things/1", 200, `{"name":"a"}`)
		s.wantCalls("things.test", 2)
	})
	it(t, "ends no request that is running", func(t *testing.T) {
		s := newShop(t, "")
		s.now("things.test", func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second)
			io.WriteString(w, `{"name":"a"}`)
		})
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.want("/v1/things/1", 200, `{"name":"a"}`)
		}()
		synctest.Wait()
		s.change("timeout: 3s", "title: thing.name")
		<-done
		s.want("/v1/things/1", 200, `{"title":"a"}`)
		s.wantCalls("things.test", 2)
	})
	it(t, "tells of scopes that no endpoint names any more", func(t *testing.T) {
		s := newShop(t, "")
		s.write("endpoints.yaml", strings.ReplaceAll(fmt.Sprintf(theFile, "", "name: thing.name"), "things:read", "goods:read"))
		s.g.endpoints.Reload()
		if s.logged(`"scopes":"things:read"`) != 1 {
			t.Errorf("no warning about things:read in\n%s", s.logs.String())
		}
		s.want("/v1/things/1", 403, "")
	})
}

func TestWatch(t *testing.T) {
	watch := func(t *testing.T, s *shop) (hangUp chan os.Signal) {
		hangUp = make(chan os.Signal, 1)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.g.endpoints.watch(ctx, hangUp)
		}()
		t.Cleanup(func() {
			stop()
			<-ended
		})
		return hangUp
	}
	title := fmt.Sprintf(theFile, "", "title: thing.name")
	it(t, "loads the file when its content changes", func(t *testing.T) {
		s := newShop(t, "")
		watch(t, s)
		time.Sleep(5 * watchInterval)
		if n := s.logged(loaded); n != 0 {
			t.Errorf("loaded %d times without a change", n)
		}
		s.write("endpoints.yaml", title)
		time.Sleep(watchInterval + time.Second)
		s.want("/v1/things/1", 200, `{"title":"a"}`)
		time.Sleep(5 * watchInterval)
		if n := s.logged(loaded); n != 1 {
			t.Errorf("loaded %d times, want once", n)
		}
	})
	it(t, "loads the file when a schema changes", func(t *testing.T) {
		s := newShop(t, "")
		watch(t, s)
		s.write("thing.json", `{"minProperties": 1}`)
		time.Sleep(watchInterval + time.Second)
		if n := s.logged(loaded); n != 1 {
			t.Errorf("loaded %d times, want once", n)
		}
	})
	it(t, "changes nothing for a file with mistakes, and tells them once", func(t *testing.T) {
		s := newShop(t, "")
		watch(t, s)
		s.write("endpoints.yaml", strings.ReplaceAll(title, "thing.name", "thimg.name"))
		time.Sleep(5*watchInterval + time.Second)
		s.want("/v1/things/1", 200, `{"name":"a"}`)
		if n := s.logged(mistaken); n != 1 || s.logged("did you mean thing?") != 1 {
			t.Errorf("told %d times, want once:\n%s", n, s.logs.String())
		}
		s.write("endpoints.yaml", title)
		time.Sleep(watchInterval + time.Second)
		s.want("/v1/things/1", 200, `{"title":"a"}`)
	})
	it(t, "changes nothing while the file is not there", func(t *testing.T) {
		s := newShop(t, "")
		watch(t, s)
		if err := os.Remove(filepath.Join(s.folder, "endpoints.yaml")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5*watchInterval + time.Second)
		s.want("/v1/things/1", 200, `{"name":"a"}`)
		if n := s.logged(mistaken); n != 1 {
			t.Errorf("told %d times, want once", n)
		}
		s.write("endpoints.yaml", title)
		time.Sleep(watchInterval + time.Second)
		s.want("/v1/things/1", 200, `{"title":"a"}`)
	})
	it(t, "sees that a schema with a mistake has been mended", func(t *testing.T) {
		s := newShop(t, "")
		watch(t, s)
		s.write("more.json", `{"type": "text"}`)
		s.write("endpoints.yaml", strings.ReplaceAll(title, "answer: thing.json", "answer: more.json"))
		time.Sleep(watchInterval + time.Second)
		if n := s.logged(mistaken); n != 1 {
			t.Errorf("told %d times, want once", n)
		}
		s.write("more.json", `{"minProperties": 1}`)
		time.Sleep(watchInterval + time.Second)
		s.want("/v1/things/1", 200, `{"title":"a"}`)
	})
	it(t, "loads the file on SIGHUP", func(t *testing.T) {
		s := newShop(t, "")
		hangUp := watch(t, s)
		hangUp <- syscall.SIGHUP
		synctest.Wait()
		if n := s.logged(loaded); n != 1 {
			t.Errorf("loaded %d times, want once", n)
		}
	})
}

func TestManyReloadsLeaveNothingBehind(t *testing.T) {
	it(t, "of the tables before", func(t *testing.T) {
		s := newShop(t, "")
		use := func(i int) {
			s.write("endpoints.yaml", strings.ReplaceAll(fmt.Sprintf(theFile, fmt.Sprintf("fresh_for: %ds", 60+i), "name: thing.name"), "others /others", fmt.Sprintf("others /o%d", i%2)))
			s.g.endpoints.Reload()
			s.want("/v1/things/1", 200, `{"name":"a"}`)
			s.want("/v1/others/1", 200, `{"other":1}`)
			time.Sleep(time.Minute) // until the old upstreams are closed, and idle connections too
			synctest.Wait()
		}
		use(0)
		use(1)
		time.Sleep(10 * time.Minute)
		goroutines, entries, series := runtime.NumGoroutine(), s.g.store.Entries(), s.series()
		for i := range 100 {
			use(2 + i)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := runtime.NumGoroutine(); n > goroutines {
			t.Errorf("%d goroutines, %d before", n, goroutines)
		}
		if n := s.g.store.Entries(); n > entries {
			t.Errorf("%d entries, %d before", n, entries)
		}
		if n := s.series(); n > series {
			t.Errorf("%d series of metrics, %d before", n, series)
		}
	})
}

// series is how many lines the page of metrics has.
func (s *shop) series() (n int) {
	rec := httptest.NewRecorder()
	s.tel.MetricsPage().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(rec.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n
}
