package sim

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// usersJSON are JSONPlaceholder's ten users, under the MIT licence:
// https://github.com/typicode/jsonplaceholder.
//
//go:embed users.json
var usersJSON []byte

// userDirectory simulates https://jsonplaceholder.typicode.com with two additions: it
// stores writes in memory until the simulator is closed, and it honours
// Idempotency-Key unless Config says otherwise.
type userDirectory struct {
	ignoreKeys bool // Idempotency-Key has no effect

	mu     sync.RWMutex
	users  []user // by id
	nextID int
	replay map[string]replay // by Idempotency-Key
}

// user is a user's JSON object, decoded and encoded.
type user struct {
	id       int
	document map[string]any
	json     json.RawMessage
}

func newDirectory(ignoreKeys bool) (provider, error) {
	d := &userDirectory{ignoreKeys: ignoreKeys, nextID: 1, replay: map[string]replay{}}
	var seeds []json.RawMessage
	if err := json.Unmarshal(usersJSON, &seeds); err != nil {
		return provider{}, fmt.Errorf("users.json: %w", err)
	}
	for _, seed := range seeds {
		document, ok := decodeObject(seed)
		if !ok {
			return provider{}, fmt.Errorf("users.json: user %d is not an object", d.nextID)
		}
		var compact bytes.Buffer
		_ = json.Compact(&compact, seed) // cannot fail: seed was decoded before
		d.users = append(d.users, user{d.nextID, document, compact.Bytes()})
		d.nextID++
	}
	return provider{
		name:        Directory,
		contentType: jsonUTF8,
		answer:      d.answer,
		fail:        emptyObject,
		overQuota:   func(Quota) answer { return emptyObject(http.StatusTooManyRequests) },
	}, nil
}

// emptyObject is the original's only error body.
func emptyObject(status int) answer {
	return bytesAnswer(status, jsonUTF8, []byte("{}"))
}

func (d *userDirectory) answer(r *http.Request) answer {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if path[0] != "users" || len(path) > 3 {
		return emptyObject(http.StatusNotFound)
	}
	id := 0 // no user has this id
	if len(path) > 1 {
		id, _ = strconv.Atoi(path[1])
	}
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return d.read(r, path, id)
	case len(path) == 1 && r.Method == http.MethodPost,
		len(path) == 2 && slices.Contains([]string{http.MethodPut, http.MethodPatch, http.MethodDelete}, r.Method):
		return d.once(r, id)
	default:
		return emptyObject(http.StatusNotFound) // json-server's answer to an unknown route
	}
}

func (d *userDirectory) read(r *http.Request, path []string, id int) answer {
	d.mu.RLock()
	defer d.mu.RUnlock()
	at, known := d.find(id)
	switch {
	case len(path) == 1:
		return validated(r, listed(r, d.matching(r.URL.Query().Get("q"))))
	case len(path) == 2 && known:
		return validated(r, bytesAnswer(http.StatusOK, jsonUTF8, d.users[at].json))
	case len(path) == 3 && path[2] == "posts":
		return validated(r, listed(r, postsOf(id, known)))
	case len(path) == 3 && path[2] == "todos":
		return validated(r, listed(r, todosOf(id, known)))
	default:
		return emptyObject(http.StatusNotFound)
	}
}

func (d *userDirectory) find(id int) (at int, known bool) {
	return slices.BinarySearchFunc(d.users, id, func(u user, id int) int { return u.id - id })
}

// matching returns the users with the text in any string field.
func (d *userDirectory) matching(text string) []json.RawMessage {
	text = strings.ToLower(text)
	matches := []json.RawMessage{}
	for _, u := range d.users {
		if text == "" || mentions(u.document, text) {
			matches = append(matches, u.json)
		}
	}
	return matches
}

func mentions(value any, lowerText string) bool {
	switch v := value.(type) {
	case string:
		return strings.Contains(strings.ToLower(v), lowerText)
	case map[string]any:
		for _, member := range v {
			if mentions(member, lowerText) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return mentions(item, lowerText) })
	}
	return false
}

// listed cuts a page out of a list as json-server does. _limit alone returns the
// beginning. _page adds Link, and has 10 items by default. Link is absent if
// everything fits on one page, and beyond the last page.
func listed(r *http.Request, items []json.RawMessage) answer {
	q := r.URL.Query()
	total := len(items)
	limit, err := strconv.Atoi(q.Get("_limit"))
	if err != nil || limit < 1 {
		limit = 10
	}
	limit = min(limit, total+1) // avoids overflow
	links := ""
	switch {
	case q.Has("_page"):
		page, _ := strconv.Atoi(q.Get("_page"))
		page = min(max(page, 1), total+1) // all pages beyond the last are empty
		items = items[min(total, (page-1)*limit):min(total, page*limit)]
		if len(items) > 0 && len(items) < total {
			links = pageLinks(r, page, (total+limit-1)/limit)
		}
	case q.Has("_limit"):
		items = items[:min(total, limit)]
	}
	a := jsonAnswer(http.StatusOK, items)
	if q.Has("_page") || q.Has("_limit") {
		a = a.with("X-Total-Count", strconv.Itoa(total)).
			with("Access-Control-Expose-Headers", "X-Total-Count, Link")
	}
	if links != "" {
		a = a.with("Link", links)
	}
	return a
}

func pageLinks(r *http.Request, page, last int) string {
	var links []string
	link := func(rel string, to int) {
		q := r.URL.Query()
		q.Set("_page", strconv.Itoa(to))
		links = append(links, fmt.Sprintf(`<http://%s%s?%s>; rel="%s"`, r.Host, r.URL.Path, q.Encode(), rel))
	}
	link("first", 1)
	if page > 1 {
		link("prev", page-1)
	}
	if page < last {
		link("next", page+1)
	}
	link("last", last)
	return strings.Join(links, ", ")
}

// validated adds an ETag to a successful answer, or turns it into a 304.
func validated(r *http.Request, a answer) answer {
	sum := fnv.New64a()
	_, _ = sum.Write(a.body) // a hash never fails
	etag := fmt.Sprintf(`W/"%x-%x"`, len(a.body), sum.Sum64())
	a = a.with("ETag", etag).with("Cache-Control", "max-age=43200")
	if matchesETag(r, etag) {
		a.status, a.body = http.StatusNotModified, nil
	}
	return a
}
