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

// activityQuery asks for one page of a list of a user. The first page has no
// query; a directory that pages its lists says in Link where the next one is.
type activityQuery struct {
	user  int64
	query string
}

// tally is what one page of a list adds to a count. It survives a trip through
// JSON.
type tally struct {
	Items   int    `json:"items"`              // on the page, those left out too
	Done    int    `json:"done,omitempty"`     // completed todos
	LeftOut int    `json:"left_out,omitempty"` // items that broke a rule
	Fault   string `json:"fault,omitempty"`    // what the first of them broke
	Total   *int64 `json:"total,omitempty"`    // X-Total-Count: items on all pages
	Next    string `json:"next,omitempty"`     // where Link says that the next page is
}

// directoryPosts counts the posts on a page.
func directoryPosts() upstream.Spec[activityQuery, tally] { return activityList("/posts", readPost) }

// directoryTodos counts the todos on a page.
func directoryTodos() upstream.Spec[activityQuery, tally] { return activityList("/todos", readTodo) }

// activityList is a list of a user in the directory. read adds an item to the
// tally, or says which rule it breaks.
func activityList(list string, read func(item []byte, t *tally) error) upstream.Spec[activityQuery, tally] {
	return upstream.Spec[activityQuery, tally]{
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
		Decode:    func(r upstream.Response) (tally, error) { return decodeTally(r, read) },
		Renewable: func(t tally, _ time.Time) bool { return t.Total == nil && t.Next == "" }, // as for a page of users
	}
}

func decodeTally(r upstream.Response, read func([]byte, *tally) error) (tally, error) {
	var items []json.RawMessage
	if err := upstream.DecodeJSON(r.Body, '[', &items); err != nil {
		return tally{}, err
	}
	t := tally{Items: len(items), Total: totalCount(r.Header, len(items)), Next: linkTargets(r.Header)["next"]}
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
		return tally{}, errors.New(leftOut(t.LeftOut, t.Items, t.Fault))
	}
	return t, nil
}

// readPost wants an object, whatever is in it.
func readPost(item []byte, _ *tally) error { return upstream.DecodeJSON(item, '{', &struct{}{}) }

func readTodo(item []byte, t *tally) error {
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

// mostPages bounds how many pages of one list are counted.
const mostPages = 10

// countPart counts a list of the user, page by page. It does not wait for the
// directory's answer about the user.
type countPart struct {
	source     *upstream.Source[activityQuery, tally]
	path       string // of the list
	directives upstream.Directives
	byTotal    bool // X-Total-Count is all that is wanted

	at    activityQuery // the page to ask for next
	asked []string      // queries of the pages so far
	done  bool
	sum   tally
	upstream.Provenance
	waited time.Duration // for all pages: they are asked one after another
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

// add adds a page, and says which one is next or that the count is done.
func (p *countPart) add(page upstream.Answer[tally]) {
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

// follow makes a link's target the next page.
func (p *countPart) follow(link string) {
	query, ok := queryOf(link, p.path)
	switch {
	case !ok:
		p.incomplete("the link to its next page leads elsewhere")
	case slices.Contains(p.asked, query):
		p.incomplete("the link to its next page leads back")
	case len(p.asked) == mostPages:
		p.incomplete("it has more than %d pages", mostPages)
	default:
		p.at.query, p.done = query, false
	}
}

// incomplete makes the part a failure: a count of some pages would be a wrong
// number, and not a part of the right one.
func (p *countPart) incomplete(format string, args ...any) {
	p.State = upstream.Failed
	p.Err = upstream.Errorf(upstream.CodeInvalidResponse, "the list cannot be counted: "+format, args...)
}

// activityPart counts what the user has written and has to do.
type activityPart struct{ posts, todos countPart }

func (s *Service) activity(id int64, d upstream.Directives) *activityPart {
	count := func(source *upstream.Source[activityQuery, tally], list string) countPart {
		return countPart{source: source, path: userPath(id) + list, directives: d, at: activityQuery{user: id}}
	}
	a := &activityPart{posts: count(s.posts, "/posts"), todos: count(s.todos, "/todos")}
	a.posts.byTotal = true // of todos it does not say how many are done
	return a
}

// value is nil unless both lists have been counted.
func (p *activityPart) value() *Activity {
	if !p.posts.Provenance.Useful() || !p.todos.Provenance.Useful() {
		return nil
	}
	todos := p.todos.sum
	return &Activity{Posts: p.posts.sum.written(), TodosOpen: todos.written() - todos.Done, TodosDone: todos.Done}
}

// written is how many items were counted.
func (t tally) written() int { return t.Items - t.LeftOut }

func (p *activityPart) outcome() aggregate.Outcome {
	both := aggregate.Together(p.posts.Provenance, p.todos.Provenance)
	both.Latency = max(p.posts.waited, p.todos.waited)
	return aggregate.Outcome{Name: "activity", Provenance: both}
}
