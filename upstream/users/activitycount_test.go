package users_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"tributary/upstream/users"
)

// pagedLists is a directory that pages the lists of its users: posts, and todos of which
// every third is done.
type pagedLists struct {
	posts, todos int // number of items
	size         int // of a page
	counts       bool
	link         func(r *http.Request, page int) string // Link of a page with a next page; nil: none
	asked        *atomic.Int64                          // requests for lists
}

func (d pagedLists) answer(w http.ResponseWriter, r *http.Request) bool {
	list, todos := strings.HasSuffix(r.URL.Path, "/posts"), strings.HasSuffix(r.URL.Path, "/todos")
	if !list && !todos {
		return false
	}
	d.asked.Add(1)
	n := d.posts
	if todos {
		n = d.todos
	}
	page := max(1, atoi(r.URL.Query().Get("_page")))
	from, to := min(n, (page-1)*d.size), min(n, page*d.size)
	var items []string
	for i := from; i < to; i++ {
		items = append(items, fmt.Sprintf(`{"id":%d,"completed":%t}`, i, i%3 == 0))
	}
	if d.counts {
		w.Header().Set("X-Total-Count", strconv.Itoa(n))
	}
	if d.link != nil && to < n {
		w.Header().Set("Link", d.link(r, page+1))
	}
	fmt.Fprint(w, "["+strings.Join(items, ",")+"]")
	return true
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// linkTo makes links from a template with PATH, PAGE and HOST.
func linkTo(form string) func(*http.Request, int) string {
	return func(r *http.Request, page int) string {
		return fmt.Sprintf(`<%s>; rel="next"`, strings.NewReplacer("PATH", r.URL.Path, "PAGE", strconv.Itoa(page), "HOST", r.Host).Replace(form))
	}
}

func TestActivityIsCountedWhole(t *testing.T) {
	for name, tt := range map[string]struct {
		pagedLists
		want     string // "": absent
		detail   string
		requests int64
	}{
		"of one page":                        {pagedLists{posts: 5, todos: 6, size: 100}, `{"posts":5,"todos_open":4,"todos_done":2}`, "", 2},
		"by X-Total-Count, posts only":       {pagedLists{posts: 25, todos: 10, size: 10, counts: true}, `{"posts":25,"todos_open":6,"todos_done":4}`, "", 2},
		"by Link, page after page":           {pagedLists{posts: 25, todos: 30, size: 10, link: linkTo("http://HOSTPATH?_page=PAGE")}, `{"posts":25,"todos_open":20,"todos_done":10}`, "", 6},
		"by Link without a host":             {pagedLists{posts: 25, todos: 30, size: 10, link: linkTo("PATH?_page=PAGE")}, `{"posts":25,"todos_open":20,"todos_done":10}`, "", 6},
		"by Link of a query alone":           {pagedLists{posts: 25, todos: 30, size: 10, link: linkTo("?_page=PAGE")}, `{"posts":25,"todos_open":20,"todos_done":10}`, "", 6},
		"by Link and X-Total-Count":          {pagedLists{posts: 25, todos: 30, size: 10, counts: true, link: linkTo("PATH?_page=PAGE")}, `{"posts":25,"todos_open":20,"todos_done":10}`, "", 4},
		"by Link of another host, not there": {pagedLists{posts: 25, todos: 30, size: 10, link: linkTo("http://elsewhere.test:1/api/v2PATH?_page=PAGE")}, `{"posts":25,"todos_open":20,"todos_done":10}`, "", 6},
		"up to ten pages":                    {pagedLists{posts: 100, todos: 100, size: 10, link: linkTo("PATH?_page=PAGE")}, `{"posts":100,"todos_open":66,"todos_done":34}`, "", 20},
		"or not at all beyond ten pages":     {pagedLists{posts: 101, todos: 5, size: 10, link: linkTo("PATH?_page=PAGE")}, "", "it has more than 10 pages", 11},
		"or not at all by a Link elsewhere":  {pagedLists{posts: 25, todos: 5, size: 10, link: linkTo("http://HOST/admin?_page=PAGE")}, "", "the link to its next page leads elsewhere", 2},
		"or not at all by a Link back":       {pagedLists{posts: 25, todos: 5, size: 10, link: linkTo("PATH?_page=2")}, "", "the link to its next page leads back", 3},
		"or not at all by a Link to itself":  {pagedLists{posts: 25, todos: 5, size: 10, link: linkTo("PATH?")}, "", "the link to its next page leads elsewhere", 2},
		"or not at all without a Link":       {pagedLists{posts: 5, todos: 30, size: 10, counts: true}, "", "it has 10 of 30 items, and no link to the others", 2},
	} {
		t.Run(name, func(t *testing.T) {
			tt.asked = new(atomic.Int64)
			b := newBench(t, func(s *setup) { s.front = tt.answer })
			p, sources := b.user(t, 1, users.Include{Activity: true})
			if tt.want == "" {
				wantSources(t, sources, "directory live", "activity failed invalid_response")
				if err := sources[1].Err; p.Activity != nil || !strings.Contains(err.Detail, tt.detail) {
					t.Errorf("activity = %s, %v; want none, as %s", encoded(t, p.Activity), err, tt.detail)
				}
			} else {
				wantSources(t, sources, "directory live", "activity live")
				if got := encoded(t, p.Activity); got != tt.want {
					t.Errorf("activity = %s, want %s", got, tt.want)
				}
			}
			if got := tt.asked.Load(); got != tt.requests {
				t.Errorf("requests = %d, want %d", got, tt.requests)
			}
			if got := sources[1].Attempts; got != 1 {
				t.Errorf("attempts = %d, want 1: no request was repeated", got)
			}
		})
	}
}

func TestActivityIsCached(t *testing.T) {
	d := pagedLists{posts: 25, todos: 30, size: 10, link: linkTo("PATH?_page=PAGE"), asked: new(atomic.Int64)}
	b := newBench(t, func(s *setup) { s.front = d.answer })
	b.user(t, 1, users.Include{Activity: true})
	asked := d.asked.Load()
	p, sources := b.user(t, 1, users.Include{Activity: true})
	wantSources(t, sources, "directory cached", "activity cached")
	if p.Activity.Posts != 25 || d.asked.Load() != asked {
		t.Errorf("activity = %+v after %d more requests, want it from memory", p.Activity, d.asked.Load()-asked)
	}
}

func TestActivityWithItemsLeftOut(t *testing.T) {
	lists := map[string]string{"posts": `[{"id":1},{"id":2}]`, "todos": `[{"completed":true},{"completed":"maybe"},{"completed":false}]`}
	b := newBench(t, func(s *setup) {
		s.front = func(w http.ResponseWriter, r *http.Request) bool {
			body, ok := lists[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]
			if ok {
				fmt.Fprint(w, body)
			}
			return ok
		}
	})
	p, sources := b.user(t, 1, users.Include{Activity: true})
	wantSources(t, sources, "directory live", "activity live invalid_response")
	if got := encoded(t, p.Activity); got != `{"posts":2,"todos_open":1,"todos_done":1}` {
		t.Errorf("activity = %s, want what can be read", got)
	}
	if o := sources[1]; o.Err.Detail != "1 of 3 left out: [1].completed: missing, or not true or false" || !o.Degraded() {
		t.Errorf("activity = %+v, %v; want it to say what was left out", o, o.Err)
	}
	_, sources = b.user(t, 1, users.Include{Activity: true})
	wantSources(t, sources, "directory cached", "activity cached invalid_response")
}
