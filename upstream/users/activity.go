package users

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// activityQuery asks for one page of a user's list. query is empty for the first
// page; a directory with pages gives the next page's query in its Link header.
type activityQuery struct {
	user  int64
	query string
}

// count is the contribution of one page of a list. It can be stored as JSON.
type count struct {
	Items   int    `json:"items"`              // on the page, including invalid ones
	Done    int    `json:"done,omitempty"`     // completed todos
	LeftOut int    `json:"left_out,omitempty"` // items that broke a rule
	Fault   string `json:"fault,omitempty"`    // the rule broken by the first of them
	Total   *int64 `json:"total,omitempty"`    // X-Total-Count: items on all pages
	Next    string `json:"next,omitempty"`     // the target of Link rel="next"
}

// directoryPosts counts the posts on a page.
func directoryPosts() upstream.Spec[activityQuery, count] { return activityList("/posts", readPost) }

// directoryTodos counts the todos on a page.
func directoryTodos() upstream.Spec[activityQuery, count] { return activityList("/todos", readTodo) }

// activityList counts a user's list in the directory. read adds an item to the count,
// or returns which rule it breaks.
func activityList(list string, read func(item []byte, t *count) error) upstream.Spec[activityQuery, count] {
	return upstream.Spec[activityQuery, count]{
		Name:    "activity",
		Mutable: true,
		Route:   "/users/{id}" + list,
		Key: func(q activityQuery) string {
			if q.query == "" {
				return idKey(q.user)
			}
			return idKey(q.user) + "?" + q.query
		},
		Request: func(ctx context.Context, q activityQuery) (*http.Request, error) {
			path := userPath(q.user) + list
			if q.query != "" {
				path += "?" + q.query
			}
			return get(ctx, path)
		},
		Decode:    func(r upstream.Response) (count, error) { return decodeCount(r, read) },
		Renewable: func(t count, _ time.Time) bool { return t.Total == nil && t.Next == "" }, // a page's total and links can change with the same entity tag
	}
}

func decodeCount(r upstream.Response, read func([]byte, *count) error) (count, error) {
	var items []json.RawMessage
	if err := upstream.DecodeJSON(r.Body, '[', &items); err != nil {
		return count{}, err
	}
	t := count{Items: len(items), Total: totalCount(r.Header, len(items)), Next: aggregate.LinkTargets(r.Header)["next"]}
	for i, item := range items {
		err := read(item, &t)
		if err == nil {
			continue
		}
		if t.LeftOut++; t.LeftOut == 1 {
			t.Fault = itemFault(i, item, err)
		}
	}
	if t.LeftOut > 0 && t.LeftOut == t.Items {
		return count{}, errors.New(leftOut(t.LeftOut, t.Items, t.Fault))
	}
	return t, nil
}

// readPost accepts any object.
func readPost(item []byte, _ *count) error { return upstream.DecodeJSON(item, '{', &struct{}{}) }

func readTodo(item []byte, t *count) error {
	var todo struct {
		Completed flag `json:"completed"`
	}
	if err := upstream.DecodeJSON(item, '{', &todo); err != nil {
		return err
	}
	if todo.Completed.value == nil {
		return errors.New("completed: missing, or not true or false")
	}
	if *todo.Completed.value {
		t.Done++
	}
	return nil
}

// maxPages limits how many pages of one list are counted.
const maxPages = 10

// countPart counts a user's list page by page. It runs in parallel with the request
// for the user.
type countPart struct {
	source     *upstream.Source[activityQuery, count]
	path       string // of the list
	directives upstream.Directives
	byTotal    bool // X-Total-Count is enough

	at    activityQuery // next page to request
	asked []string      // queries of the pages so far
	done  bool
	sum   count
	upstream.Provenance
	waited time.Duration // time for all pages, which are requested one after another
}

// Now implements aggregate.Part.
func (p *countPart) Now(ctx context.Context, now time.Time) (done, _ bool) {
	for !p.done {
		slot := aggregate.NewSlot(p.source, p.at, p.directives)
		if known, _ := slot.Now(ctx, now); !known {
			return false, false
		}
		p.add(slot.Answer)
	}
	return true, false
}

// Ask implements aggregate.Part.
func (p *countPart) Ask(ctx context.Context) {
	for !p.done {
		p.add(p.source.Ask(ctx, p.at, p.directives))
	}
}

// add adds a page and sets the next one, or finishes the count.
func (p *countPart) add(page upstream.Answer[count]) {
	if len(p.asked) == 0 {
		p.Provenance = page.Provenance
	} else {
		p.Provenance = aggregate.Together(p.Provenance, page.Provenance)
	}
	p.waited += page.Latency
	p.asked = append(p.asked, p.at.query)
	p.done = true
	if !page.Useful() {
		return
	}
	t := page.Value
	p.sum.Items, p.sum.Done, p.sum.LeftOut = p.sum.Items+t.Items, p.sum.Done+t.Done, p.sum.LeftOut+t.LeftOut
	if p.sum.Fault == "" {
		p.sum.Fault = t.Fault
	}
	if p.sum.Total == nil {
		p.sum.Total = t.Total
	}
	switch {
	case p.byTotal && p.sum.Total != nil:
		p.sum.Items = int(*p.sum.Total)
	case t.Next != "":
		p.follow(t.Next)
	case p.sum.Total != nil && *p.sum.Total > int64(p.sum.Items):
		p.incomplete("it has %d of %d items, and no link to the others", p.sum.Items, *p.sum.Total)
	}
	if p.done && p.sum.LeftOut > 0 && p.Err == nil {
		p.Err = upstream.Errorf(upstream.CodeInvalidResponse, "%s", leftOut(p.sum.LeftOut, p.sum.Items, p.sum.Fault))
	}
}

// follow sets the next page to the target of a link.
func (p *countPart) follow(link string) {
	query, ok := queryOf(link, p.path)
	switch {
	case !ok:
		p.incomplete("the link to its next page leads elsewhere")
	case slices.Contains(p.asked, query):
		p.incomplete("the link to its next page leads back")
	case len(p.asked) == maxPages:
		p.incomplete("it has more than %d pages", maxPages)
	default:
		p.at.query, p.done = query, false
	}
}

// incomplete fails the part, because a count of some pages would be a wrong number.
func (p *countPart) incomplete(format string, args ...any) {
	p.State = upstream.Failed
	p.Err = upstream.Errorf(upstream.CodeInvalidResponse, "the list cannot be counted: "+format, args...)
}

// activityPart counts a user's posts and todos.
type activityPart struct{ posts, todos countPart }

func (s *Service) activity(id int64, d upstream.Directives) *activityPart {
	count := func(source *upstream.Source[activityQuery, count], list string) countPart {
		return countPart{source: source, path: userPath(id) + list, directives: d, at: activityQuery{user: id}}
	}
	a := &activityPart{posts: count(s.posts, "/posts"), todos: count(s.todos, "/todos")}
	a.posts.byTotal = true // not for todos: the total includes done and open ones
	return a
}

// value is nil unless both lists were counted.
func (p *activityPart) value() *Activity {
	if !p.posts.Provenance.Useful() || !p.todos.Provenance.Useful() {
		return nil
	}
	todos := p.todos.sum
	return &Activity{Posts: p.posts.sum.counted(), TodosOpen: todos.counted() - todos.Done, TodosDone: todos.Done}
}

// counted is the number of valid items.
func (t count) counted() int { return t.Items - t.LeftOut }

func (p *activityPart) outcome() aggregate.Outcome {
	both := aggregate.Together(p.posts.Provenance, p.todos.Provenance)
	both.Latency = max(p.posts.waited, p.todos.waited)
	return aggregate.Outcome{Name: "activity", Provenance: both}
}
