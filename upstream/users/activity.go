package users

import (
	"context"
	"slices"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

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

func (p *activityPart) outcome() aggregate.Outcome {
	both := aggregate.Together(p.posts.Provenance, p.todos.Provenance)
	both.Latency = max(p.posts.waited, p.todos.waited)
	return aggregate.Outcome{Name: "activity", Provenance: both}
}
