package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

type (
	batchSpec = upstream.BatchSpec[string, string]
	batch     = *upstream.Batch[string, string]
	slot      = aggregate.BatchSlot[string, string]
)

// many is a batch of texts by name, at most 50 a call; the text "garbage" is not
// valid.
func many(up *upstream.Upstream, changes ...func(*batchSpec)) batch {
	s := batchSpec{
		Spec: spec{Name: "things", Route: "/things", Key: func(name string) string { return name }},
		Most: 50,
		RequestAll: func(ctx context.Context, qs []string) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, "/things?name="+url.QueryEscape(strings.Join(qs, ",")), nil)
		},
		DecodeAll: func(_ []string, r upstream.Response) (map[string]upstream.Item[string], error) {
			var texts map[string]string
			if err := upstream.DecodeJSON(r.Body, '{', &texts); err != nil {
				return nil, err
			}
			items := make(map[string]upstream.Item[string], len(texts))
			for name, text := range texts {
				switch text {
				case "garbage":
					items[name] = upstream.Item[string]{Err: errors.New("not a text")}
				case "nothing":
					items[name] = upstream.Item[string]{Err: upstream.Errorf(upstream.CodeNoData, "the text is too old")}
				default:
					items[name] = upstream.Item[string]{Value: text, Size: len(text)}
				}
			}
			return items, nil
		},
	}
	for _, change := range changes {
		change(&s)
	}
	return upstream.NewBatch(up, s)
}

// shelf answers with the texts of all things that are asked for: other texts for
// some, and "" for one that is not there.
func shelf(others map[string]string, header ...string) behaviour {
	return func(r *http.Request) (*http.Response, error) {
		texts := map[string]string{}
		for _, name := range asked(r) {
			texts[name] = "text of " + name
			if text, ok := others[name]; ok {
				texts[name] = text
			}
			if texts[name] == "" {
				delete(texts, name)
			}
		}
		body, _ := json.Marshal(texts)
		return answers(200, string(body), header...)(r)
	}
}

// asked are the names that a request is about.
func asked(r *http.Request) []string { return strings.Split(r.URL.Query().Get("name"), ",") }

// sizes are how many names each request was about, in the order of requests.
func sizes(f *fake) (sizes []int) {
	for _, r := range f.Requests() {
		sizes = append(sizes, len(asked(r)))
	}
	return sizes
}

// twice are the names that were asked more than once.
func twice(f *fake) (twice []string) {
	seen := map[string]bool{}
	for _, r := range f.Requests() {
		for _, name := range asked(r) {
			if seen[name] {
				twice = append(twice, name)
			}
			seen[name] = true
		}
	}
	return twice
}

// numbered are the names of things from one number to before another.
func numbered(from, to int) (qs []string) {
	for n := from; n < to; n++ {
		qs = append(qs, fmt.Sprint("t", n))
	}
	return qs
}

func askAll(b batch, qs []string) []answer {
	return b.Ask(context.Background(), qs, upstream.Directives{})
}

// wantAll checks that all answers have a state and a code.
func wantAll(t *testing.T, got []answer, state upstream.State, code upstream.Code) {
	t.Helper()
	for n, a := range got {
		if a.State != state || codeOf(a) != code {
			t.Errorf("answer %d of %d = %s %q (%v), want %s %q", n, len(got), a.State, codeOf(a), a.Err, state, code)
			return
		}
	}
}

// wantTexts checks that each question has its own text.
func wantTexts(t *testing.T, qs []string, got []answer) {
	t.Helper()
	for n, q := range qs {
		if got[n].Value != "text of "+q {
			t.Errorf("answer to %s = %q, %s (%v)", q, got[n].Value, got[n].State, got[n].Err)
			return
		}
	}
}

// together waits for all of these.
func together(fs ...func()) {
	var wg sync.WaitGroup
	for _, f := range fs {
		wg.Go(f)
	}
	wg.Wait()
}

// serveMany is an upstream with one batch.
func serveMany(t testing.TB, f *fake, changes ...func(*config)) (*upstream.Upstream, batch) {
	t.Helper()
	up := open(t, f, changes...)
	return up, many(up)
}
