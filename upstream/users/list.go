package users

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// ListQuery selects a page of the users that have a text in any field.
type ListQuery struct {
	Page    int    // from 1
	PerPage int    // greatest number of users, from 1
	Text    string // empty: all users
}

// directoryList gets a page of users. Some directories ignore the page parameters;
// see [paginate].
func directoryList() upstream.Spec[ListQuery, *listed] {
	return upstream.Spec[ListQuery, *listed]{
		Name:    "directory",
		Mutable: true,
		Route:   "/users",
		Key:     ListQuery.key,
		Request: func(ctx context.Context, q ListQuery) (*http.Request, error) { return get(ctx, q.path()) },
		Decode:  decodeList,
		Private: true, // the query may contain a name

		// The total and the links of a page can change while its body, and so its entity
		// tag, stays the same.
		Renewable: func(l *listed, _ time.Time) bool { return l.Total == nil && !l.Linked },
	}
}

// key ends with the text because it may contain any character.
func (q ListQuery) key() string {
	return strconv.Itoa(q.Page) + ":" + strconv.Itoa(q.PerPage) + ":" + q.Text
}

func (q ListQuery) path() string {
	path := "/users?_page=" + strconv.Itoa(q.Page) + "&_limit=" + strconv.Itoa(q.PerPage)
	if q.Text != "" {
		path += "&q=" + url.QueryEscape(q.Text)
	}
	return path
}

// listed is one answer of the directory's list of users, which may be another page
// than the requested one. It can be stored as JSON and does not change.
type listed struct {
	Users []*User `json:"users"`           // nil: an item that was left out
	Fault string  `json:"fault,omitempty"` // the rule broken by the first item left out
	Total *int64  `json:"total,omitempty"` // X-Total-Count; nil: unknown

	// From the Link header:
	Linked bool `json:"linked,omitempty"` // there is one about pages
	Prev   bool `json:"prev,omitempty"`
	Next   bool `json:"next,omitempty"`
}

func decodeList(r upstream.Response) (*listed, error) {
	var items []json.RawMessage
	if err := upstream.DecodeJSON(r.Body, '[', &items); err != nil {
		return nil, err
	}
	l := &listed{Users: make([]*User, len(items)), Total: totalCount(r.Header, len(items))}
	left := 0
	for i, item := range items {
		user, err := decodeUser(item)
		if err == nil {
			l.Users[i] = &user
			continue
		}
		if left++; left == 1 {
			l.Fault = itemFault(i, item, err)
		}
	}
	if left > 0 && left == len(items) {
		return nil, errors.New(leftOut(left, len(items), l.Fault))
	}
	links := aggregate.LinkTargets(r.Header)
	_, first := links["first"]
	_, last := links["last"]
	_, l.Prev = links["prev"]
	if _, previous := links["previous"]; previous {
		l.Prev = true
	}
	_, l.Next = links["next"]
	l.Linked = first || last || l.Prev || l.Next
	return l, nil
}

// totalCount reads X-Total-Count, the number of items in the whole list. It is nil if
// absent or less than the number of items in the answer.
func totalCount(h http.Header, items int) *int64 {
	total, err := strconv.ParseInt(strings.TrimSpace(h.Get("X-Total-Count")), 10, 64)
	if err != nil || total < int64(items) || total > maxInteger {
		return nil
	}
	return &total
}

// leftOut describes how many items of an answer broke a rule, and the first such rule.
func leftOut(left, of int, fault string) string {
	return fmt.Sprintf("%d of %d left out: %s", left, of, fault)
}

// itemFault describes which item of a list broke which rule.
func itemFault(i int, item json.RawMessage, err error) string {
	if item[0] != '{' {
		return fmt.Sprintf("[%d]: not an object", i)
	}
	return fmt.Sprintf("[%d].%v", i, err)
}

// fault describes the items that were left out, "" if none.
func (l *listed) fault() string {
	if l.Fault == "" {
		return ""
	}
	left := 0
	for _, u := range l.Users {
		if u == nil {
			left++
		}
	}
	return leftOut(left, len(l.Users), l.Fault)
}

// isWhole reports whether X-Total-Count says that this answer is the whole list.
func (l *listed) isWhole() bool { return l.Total != nil && *l.Total == int64(len(l.Users)) }

// repeats reports whether l is not empty and all its users are in first.
func (l *listed) repeats(first *listed) bool {
	known := make(map[int64]bool, len(first.Users))
	for _, u := range first.Users {
		if u != nil {
			known[u.ID] = true
		}
	}
	for _, u := range l.Users {
		if u != nil && !known[u.ID] {
			return false
		}
	}
	return len(l.Users) > 0
}
