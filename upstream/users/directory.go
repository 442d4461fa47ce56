package users

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"tributary/upstream"
)

// The directory is a REST service in the shape of JSONPlaceholder.
// https://jsonplaceholder.typicode.com, https://github.com/typicode/json-server

// Record is a user as the directory has one: what we know of it, and the
// directory's own object, so that a change loses nothing that we do not know.
// It survives a trip through JSON, and is never changed.
type Record struct {
	User User
	raw  json.RawMessage // compact
}

// MarshalJSON writes the directory's object.
func (r *Record) MarshalJSON() ([]byte, error) { return r.raw, nil }

// UnmarshalJSON reads the directory's object.
func (r *Record) UnmarshalJSON(b []byte) error {
	read, err := readRecord(b)
	if err != nil {
		return err
	}
	*r = *read
	return nil
}

// Page is a part of the list of users.
type Page struct {
	Users []User `json:"users"`
	Total *int64 `json:"total,omitempty"` // of the users who match; nil: not told
}

// ListQuery asks for a page of the users who mention a text anywhere.
type ListQuery struct {
	Page    int    // from 1
	PerPage int    // at most so many, from 1
	Text    string // empty: all users
}

// Todos counts what a user has to do and has done.
type Todos struct {
	Open int `json:"open"`
	Done int `json:"done"`
}

// directoryUser asks for one user.
func directoryUser() upstream.Spec[int64, *Record] {
	return upstream.Spec[int64, *Record]{
		Name:    "directory",
		Mutable: true,
		Route:   "/users/{id}",
		Key:     idKey,
		Request: func(ctx context.Context, id int64) (*http.Request, error) { return get(ctx, userPath(id)) },
		Decode:  decodeRecord,
	}
}

// directoryList asks for a page of users. A directory that knows nothing of
// pages answers with all of them; see [Page.window].
func directoryList() upstream.Spec[ListQuery, *Page] {
	return upstream.Spec[ListQuery, *Page]{
		Name:    "directory",
		Mutable: true,
		Route:   "/users",
		Key:     ListQuery.key,
		Request: func(ctx context.Context, q ListQuery) (*http.Request, error) { return get(ctx, q.path()) },
		Decode:  decodePage,
		Private: true, // who is looked for stands in it
	}
}

// directoryPosts counts the posts of a user.
func directoryPosts() upstream.Spec[int64, int] {
	return upstream.Spec[int64, int]{
		Name:    "activity",
		Mutable: true,
		Route:   "/users/{id}/posts",
		Key:     idKey,
		Request: func(ctx context.Context, id int64) (*http.Request, error) { return get(ctx, userPath(id)+"/posts") },
		Decode:  decodePosts,
	}
}

// directoryTodos counts the todos of a user.
func directoryTodos() upstream.Spec[int64, Todos] {
	return upstream.Spec[int64, Todos]{
		Name:    "activity",
		Mutable: true,
		Route:   "/users/{id}/todos",
		Key:     idKey,
		Request: func(ctx context.Context, id int64) (*http.Request, error) { return get(ctx, userPath(id)+"/todos") },
		Decode:  decodeTodos,
	}
}

func idKey(id int64) string { return strconv.FormatInt(id, 10) }

func userPath(id int64) string { return "/users/" + idKey(id) }

// key has the text last because it may hold anything.
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

// window is the page that q asks for, when the directory has sent more than a
// page holds: it has ignored the question and sent everything.
func (p *Page) window(q ListQuery) *Page {
	total := len(p.Users)
	if total <= q.PerPage {
		return p
	}
	from := total // pages beyond the last are empty
	if q.Page-1 <= total/q.PerPage {
		from = min(total, (q.Page-1)*q.PerPage)
	}
	return &Page{Users: p.Users[from:min(total, from+q.PerPage)], Total: new(int64(total))}
}

// wireUser is the directory's user, to the letter.
type wireUser struct {
	ID       number             `json:"id"`
	Name     text               `json:"name"`
	Username text               `json:"username"`
	Email    text               `json:"email"`
	Phone    text               `json:"phone"`
	Website  text               `json:"website"`
	Address  maybe[wireAddress] `json:"address"`
	Company  maybe[wireCompany] `json:"company"`
}

type wireAddress struct {
	Street  text           `json:"street"`
	Suite   text           `json:"suite"`
	City    text           `json:"city"`
	Zipcode text           `json:"zipcode"`
	Geo     maybe[wireGeo] `json:"geo"`
}

type wireGeo struct {
	Lat number `json:"lat"` // in quotes, at JSONPlaceholder
	Lng number `json:"lng"`
}

type wireCompany struct {
	Name text `json:"name"`
}

func decodeRecord(r upstream.Response) (*Record, error) { return readRecord(r.Body) }

// readRecord keeps no part of body.
func readRecord(body []byte) (*Record, error) {
	var w wireUser
	if err := decodeJSON(body, '{', &w); err != nil {
		return nil, err
	}
	user, err := w.user()
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	compact.Grow(len(body))
	_ = json.Compact(&compact, body) // it has just been read
	return &Record{User: user, raw: compact.Bytes()}, nil
}

// user is what the directory's user is in our terms. A wrong id or name spoils
// it; anything else that is wrong is unknown.
func (w *wireUser) user() (User, error) {
	id := w.ID.count()
	switch {
	case id == nil || *id == 0:
		return User{}, errors.New("id: missing, or not a positive integer below 2^53")
	case w.Name == "":
		return User{}, errors.New("name: missing or blank")
	}
	u := User{
		ID:       *id,
		Name:     string(w.Name),
		Username: string(w.Username),
		Email:    string(w.Email),
		Phone:    string(w.Phone),
		Website:  string(w.Website),
	}
	if a := w.Address.value; a != nil {
		u.Address = a.address()
	}
	if c := w.Company.value; c != nil && c.Name != "" {
		u.Company = &Company{Name: string(c.Name)}
	}
	return u, nil
}

// address is nil if nothing of it is known.
func (w *wireAddress) address() *Address {
	a := Address{Street: string(w.Street), Suite: string(w.Suite), City: string(w.City), PostalCode: string(w.Zipcode)}
	if geo := w.Geo.value; geo != nil {
		lat, lng := geo.Lat.within(-90, 90), geo.Lng.within(-180, 180)
		if lat != nil && lng != nil {
			a.Latitude, a.Longitude = lat, lng
		}
	}
	if a == (Address{}) {
		return nil
	}
	return &a
}

func decodePage(r upstream.Response) (*Page, error) {
	var list []wireUser
	if err := decodeJSON(r.Body, '[', &list); err != nil {
		return nil, err
	}
	page := &Page{Users: make([]User, len(list))}
	for i := range list {
		user, err := list[i].user()
		if err != nil {
			return nil, fmt.Errorf("[%d].%w", i, err)
		}
		page.Users[i] = user
	}
	total, err := strconv.ParseInt(strings.TrimSpace(r.Header.Get("X-Total-Count")), 10, 64)
	if err == nil && total >= int64(len(list)) && total <= maxInteger {
		page.Total = &total
	}
	return page, nil
}

func decodePosts(r upstream.Response) (int, error) {
	var posts []*struct{}
	if err := decodeJSON(r.Body, '[', &posts); err != nil {
		return 0, err
	}
	for i, p := range posts {
		if p == nil {
			return 0, fmt.Errorf("[%d]: not a post", i)
		}
	}
	return len(posts), nil
}

func decodeTodos(r upstream.Response) (Todos, error) {
	var list []struct {
		Completed *bool `json:"completed"`
	}
	if err := decodeJSON(r.Body, '[', &list); err != nil {
		return Todos{}, err
	}
	var todos Todos
	for i, todo := range list {
		switch {
		case todo.Completed == nil:
			return Todos{}, fmt.Errorf("[%d].completed: missing", i)
		case *todo.Completed:
			todos.Done++
		default:
			todos.Open++
		}
	}
	return todos, nil
}
