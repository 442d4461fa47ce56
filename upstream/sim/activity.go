package sim

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Each user of JSONPlaceholder has 10 posts and 20 todos. Users created later have
// none.
const (
	postsEach = 10
	todosEach = 20
)

// todosDone is the number of completed todos for each user, from user 1.
var todosDone = [...]int{11, 8, 7, 6, 12, 6, 9, 11, 8, 12}

// postsOf is empty for a user without posts and for an unknown user, as in the
// original.
func postsOf(id int, known bool) []json.RawMessage {
	posts := []json.RawMessage{}
	if !known || id > len(todosDone) {
		return posts
	}
	for i := range postsEach {
		n := (id-1)*postsEach + i + 1
		posts = append(posts, fmt.Appendf(nil, `{"userId":%d,"id":%d,"title":"%s","body":"%s\n%s\n%s"}`,
			id, n, words(n, 6), words(n+1, 8), words(n+2, 7), words(n+3, 9)))
	}
	return posts
}

func todosOf(id int, known bool) []json.RawMessage {
	todos := []json.RawMessage{}
	if !known || id > len(todosDone) {
		return todos
	}
	for i := range todosEach {
		n := (id-1)*todosEach + i + 1
		// 7 and 20 have no common divisor, so each todo gets a different rank.
		done := i*7%todosEach < todosDone[id-1]
		todos = append(todos, fmt.Appendf(nil, `{"userId":%d,"id":%d,"title":"%s","completed":%t}`,
			id, n, words(n+5, 5), done))
	}
	return todos
}

// words returns count words of Latin as sample text.
func words(seed, count int) string {
	text := make([]string, count)
	for i := range text {
		text[i] = latin[(seed*31+i*seed+i*17)%len(latin)]
	}
	return strings.Join(text, " ")
}

var latin = [...]string{
	"lorem", "ipsum", "dolor", "sit", "amet", "consectetur", "adipisci", "velit", "sed", "quia", "non", "numquam",
	"eius", "modi", "tempora", "incidunt", "ut", "labore", "et", "dolore", "magnam", "aliquam", "quaerat", "voluptatem",
	"nemo", "enim", "ipsam", "voluptas", "aspernatur", "aut", "odit", "fugit", "ratione", "sequi", "nesciunt", "neque", "porro",
}
