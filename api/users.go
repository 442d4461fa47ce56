package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tributary/api/admission"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/users"
)

// maxID is 2^53: from here on, JavaScript numbers are not exact.
const maxID = 1 << 53

// usersAvailable returns a problem if no directory is configured.
func (s *server) usersAvailable() error {
	if s.Users == nil {
		return notConfigured.with("the directory of users is switched off")
	}
	return nil
}

// aboutUsers reads the question of GET /v1/users.
func (s *server) aboutUsers(r *http.Request) (question, error) {
	if err := s.usersAvailable(); err != nil {
		return nil, err
	}
	p := parseParams(r)
	q := users.ListQuery{Page: p.integer("page", 1, maxInt32, 1), PerPage: p.integer("per_page", 1, 100, 20), Text: p.text("q")}
	if p.has("include") {
		p.mistake("include", "goes with one user only: for a list it would be a call a user")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return asking{in: admission.Many, f: func(ctx context.Context, d upstream.Directives) (reply, error) {
		page, outcome, err := s.Users.List(ctx, q, d)
		if err != nil {
			return reply{}, err
		}
		data, err := json.Marshal(page.Users)
		header := http.Header{"Link": {pageLinks(q, page)}}
		if page.Total != nil {
			header.Set("X-Total-Count", strconv.FormatInt(*page.Total, 10))
		}
		return reply{data: data, tag: aggregate.Tag(data), sources: []aggregate.Outcome{outcome}, header: header, personal: true}, err
	}}, nil
}

// aboutManyUsers reads the questions of GET /v1/users?id=…&id=….
func (s *server) aboutManyUsers(r *http.Request) (batchQuestion, error) {
	if err := s.usersAvailable(); err != nil {
		return batchQuestion{}, err
	}
	p := parseParams(r)
	var ids []int64
	p.entries("id", func(name, value string) { ids = append(ids, p.parseID(name, value)) })
	if err := p.err(); err != nil {
		return batchQuestion{}, err
	}
	kind := reply{personal: true}
	return batchQuestion{kind, func(ctx context.Context, d upstream.Directives) ([]entry, error) {
		entries := make([]entry, 0, len(ids))
		for _, a := range s.Users.Users(ctx, ids, d) {
			e := entry{reply{sources: a.Sources, personal: true}, a.Err}
			if e.err == nil {
				e.data, e.tag, e.err = profileOf(a.Profile)
			}
			entries = append(entries, e)
		}
		return entries, nil
	}}, nil
}

const maxInt32 = 1<<31 - 1

// pageLinks builds the Link header (RFC 8288) with a page's neighbours.
func pageLinks(q users.ListQuery, page *users.Page) string {
	var links []string
	link := func(rel string, n int64) {
		v := url.Values{"page": {strconv.FormatInt(n, 10)}, "per_page": {strconv.Itoa(q.PerPage)}}
		if q.Text != "" {
			v.Set("q", q.Text)
		}
		links = append(links, fmt.Sprintf(`</v1/users?%s>; rel="%s"`, v.Encode(), rel))
	}
	link("first", 1)
	if q.Page > 1 {
		prev := int64(q.Page) - 1
		if page.Last > 0 {
			prev = min(prev, page.Last)
		}
		link("prev", prev)
	}
	if page.Next {
		link("next", int64(q.Page)+1)
	}
	if page.Last > 0 {
		link("last", page.Last)
	}
	return strings.Join(links, ", ")
}

const userPath = "/v1/users/{id}"

// aboutUser reads the question of GET /v1/users/{id}.
func (s *server) aboutUser(r *http.Request) (question, error) {
	if err := s.usersAvailable(); err != nil {
		return nil, err
	}
	p := parseParams(r)
	id, include := p.id(r), users.Including(p.words("include", users.PartNames))
	if err := p.err(); err != nil {
		return nil, err
	}
	return asking{
		name: questionsAbout(id) + fmt.Sprint(include),
		f: func(ctx context.Context, d upstream.Directives) (reply, error) {
			profile, sources, err := s.Users.User(ctx, id, include, d)
			if err != nil {
				return reply{}, err
			}
			data, tag, err := profileOf(profile)
			return reply{data: data, tag: tag, sources: sources, personal: true}, err
		},
	}, nil
}

// questionsAbout is how the keys of questions about a user begin.
func questionsAbout(id int64) string { return strconv.FormatInt(id, 10) + " " }

// written lets the streams of a user ask again, whatever became of a write.
func (s *server) written(id int64) { s.streams.changed(userPath, questionsAbout(id)) }

// id returns the number in the path, a positive integer below 2^53.
func (p *params) id(r *http.Request) int64 {
	return p.parseID("id", pathParam(r, "id"))
}

// parseID returns a positive integer below 2^53.
func (p *params) parseID(name, v string) int64 {
	id, err := strconv.ParseInt(v, 10, 64)
	if err != nil || id < 1 || id >= maxID || v[0] == '+' {
		p.mistake(name, "is not a whole number from 1 to 2^53 - 1")
	}
	return id
}

// words returns a comma-separated list of known words, in any order.
func (p *params) words(name string, known []string) []string {
	v, ok := p.get(name)
	if !ok || v == "" {
		return nil
	}
	words := strings.Split(v, ",")
	for _, word := range words {
		if !slices.Contains(known, word) {
			p.mistake(name, "has a word that is none of: %s", strings.Join(known, ", "))
			return nil
		}
	}
	return words
}
