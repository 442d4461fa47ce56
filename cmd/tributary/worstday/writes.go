package worstday

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// written is a write with all its repetitions, which have its key.
type written struct {
	key          string // Idempotency-Key; empty: it has none
	user, name   string // user is empty until the directory has given the new one an id
	create       bool
	began, ended time.Duration // of the first request, of the last
	running      int
	maybe        bool // somebody was not told that it was not done
	change       *change
}

func (m *Model) writeOf(r Request) *written {
	name := r.header("Idempotency-Key")
	if name == "" {
		name = fmt.Sprint("#", r.Number)
	}
	w := m.writes[name]
	if w == nil {
		w = &written{key: r.header("Idempotency-Key"), user: userWritten(r), name: nameWritten(r), create: r.Method == http.MethodPost, began: m.now()}
		w.change = &change{name: w.name, began: w.began}
		if u := m.users[w.user]; u != nil {
			u.changes = append(u.changes, w.change)
		}
		m.writes[name] = w
	}
	return w
}

func (m *Model) writeBegins(r Request) {
	if r.Method == http.MethodGet {
		return
	}
	w := m.writeOf(r)
	w.running++
	w.change.notDone = false
}

// writeEnds learns what became of a write, and holds its answer to its promises.
func (m *Model) writeEnds(a Answer) {
	if a.Method == http.MethodGet {
		return
	}
	w := m.writeOf(a.Request)
	w.running--
	w.ended = a.Ended
	switch {
	case a.Err != nil, a.Body.Outcome == "unknown":
		w.maybe = true
	case a.Status < 300:
		m.acknowledged(w, a)
	}
	w.change.notDone = w.running == 0 && !w.maybe && !w.change.done
}

func (m *Model) acknowledged(w *written, a Answer) {
	var got struct {
		ID   int
		Name string
	}
	if a.Status != http.StatusNoContent {
		_ = json.Unmarshal(a.Body.Data, &got) // what is missing is found wrong
		if got.Name != w.name {
			m.violate("a write is answered with what was written", "want name %q\n%s", w.name, a)
		}
	}
	id := fmt.Sprint(got.ID)
	if w.change.done && w.create && id != w.user && !m.promiseEnded(w, a.Ended) {
		m.violate("a key has one answer", "user %s, and before %s\n%s", id, w.user, a)
	}
	if w.change.done {
		return
	}
	w.change.done, w.change.ended, w.change.replica = true, a.Ended, a.Replica
	if w.create {
		w.user = id
		m.users[id] = &user{changes: []*change{w.change}}
	}
}

// promiseEnded reports whether the gateways may have lost the answer to a key: Redis has
// lost everything, or the gateway that is alone was started anew.
func (m *Model) promiseEnded(w *written, until time.Duration) bool {
	at := span{w.began - time.Second, until + time.Second}
	return m.flushed(at) || !m.schedule.Redis && m.anyRestarted(at)
}

// Settled holds the directory itself to what the clients were told. names are those of
// all its users by id.
func (m *Model) Settled(names map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	count := map[string]int{}
	for _, name := range names {
		count[name]++
	}
	for _, w := range m.writes {
		if !w.create {
			continue
		}
		n := count[w.name]
		untouched := w.user == "" || len(m.users[w.user].changes) == 1
		switch {
		case n > 1 && !m.promiseEnded(w, w.ended):
			m.violate("a write is carried out at most once", "%d users are called %q, key %s", n, w.name, w.key)
		case n == 0 && w.change.done && untouched:
			m.violate("an acknowledged write is not lost", "nobody is called %q, key %s", w.name, w.key)
		case n > 0 && w.change.notDone:
			m.violate("what is not done was not done", "there is a user called %q, key %s", w.name, w.key)
		}
	}
	for id, u := range m.users {
		m.directoryAsTold(id, u, names[id])
	}
}

// directoryAsTold holds one user to the last acknowledged write, and to those since.
func (m *Model) directoryAsTold(id string, u *user, name string) {
	may := []string{}
	for _, c := range u.changes[u.latest(m.now()):] {
		if !c.notDone {
			may = append(may, c.name)
		}
		if !c.notDone && c.name == name {
			return
		}
	}
	m.violate("an acknowledged write is not lost", "the directory has %q for user %s, and may have %q", name, id, may)
}
