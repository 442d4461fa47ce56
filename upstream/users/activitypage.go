package users

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
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

// counted is the number of valid items.
func (t count) counted() int { return t.Items - t.LeftOut }
