package worstday

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// userNames are those of the simulated directory's first users.
var userNames = []string{
	"Leanne Graham", "Ervin Howell", "Clementine Bauch", "Patricia Lebsack", "Chelsey Dietrich",
	"Mrs. Dennis Schulist", "Kurtis Weissnat", "Nicholas Runolfsdottir V", "Glenna Reichert", "Clementina DuBuque",
}

// change is a new name of a user, or its removal, by one write with all its repetitions.
type change struct {
	name    string // empty: the user is removed
	began   time.Duration
	done    bool          // acknowledged
	ended   time.Duration // when it was acknowledged first
	notDone bool          // all who sent it were told that it was not done
	outside bool          // somebody did it at the directory itself
	replica int           // that acknowledged it first
}

// user is what the directory may have of a user: changes in their order.
type user struct{ changes []*change }

// latest is the last change that was acknowledged before a time.
func (u *user) latest(before time.Duration) (at int) {
	for i, c := range u.changes {
		if c.done && c.ended <= before {
			at = i
		}
	}
	return at
}

// Changing tells that somebody begins to change a user at the directory itself; with no
// name, to remove it. Call what it returns when it is done.
func (m *Model) Changing(id, name string) (done func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &change{name: name, began: m.now(), outside: true}
	m.users[id].changes = append(m.users[id].changes, c)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		c.done, c.ended = true, m.now()
	}
}

// writtenUsers are the users that somebody wrote to in a time; "" for one who was added.
func (m *Model) writtenUsers(at span) (ids []string) {
	for _, w := range m.writes {
		if (span{w.began, max(w.ended, w.began)}).meets(at) || w.running > 0 && w.began < at.to {
			ids = append(ids, w.user)
		}
	}
	for id, u := range m.users {
		if last := u.changes[len(u.changes)-1]; last.outside && last.name == "" && last.began <= at.to {
			ids = append(ids, id) // that it does not exist is remembered, and then forgotten
		}
	}
	return ids
}

// usersAsWritten: a read has the name of the last acknowledged write, or of one that may
// have been carried out since.
func (m *Model) usersAsWritten(a Answer, p piece) {
	if a.Method != http.MethodGet || a.Status == http.StatusNotModified || p.Status >= 500 {
		return
	}
	r := userRead{answer: a, began: a.Began}
	if a.Event {
		r.began -= 5 * time.Second // an event tells what was asked before
	}
	for _, s := range p.sources() {
		if s.Name == "directory" || s.Name == "user" {
			r.source = s
		}
	}
	switch p.subject.kind {
	case aboutUser, aboutVisit:
		r.name = nameIn(p.Data)
		m.userAsWritten(p.subject.id, r)
	case aboutUsers:
		var list []json.RawMessage
		if p.Status >= 400 || json.Unmarshal(p.Data, &list) != nil {
			return
		}
		names := map[string]string{}
		for _, item := range list {
			var u struct{ ID int }
			_ = json.Unmarshal(item, &u)
			names[fmt.Sprint(u.ID)] = nameIn(item)
		}
		for id := range m.users {
			r.name = names[id]
			m.userAsWritten(id, r)
		}
	}
}

// userRead is one user as somebody read it.
type userRead struct {
	answer Answer
	began  time.Duration
	source Source
	name   string // empty: there is no such user
}

func nameIn(data json.RawMessage) string {
	var u struct{ Name string }
	_ = json.Unmarshal(data, &u)
	return u.Name
}

func (m *Model) userAsWritten(id string, r userRead) {
	u := m.users[id]
	if u == nil {
		return
	}
	latest := u.latest(r.began)
	from := latest
	if m.mayBeLate(u.changes[latest], r) {
		if added := u.changes[0].began > 0; added && r.name == "" {
			return // as before it was added
		}
		from = 0
	}
	may := []string{}
	for _, c := range u.changes[from:] {
		if !c.notDone && c.began <= r.answer.Ended {
			if c.name == r.name {
				return
			}
			may = append(may, c.name)
		}
	}
	m.violate("a write is seen by every replica", "user %s is %q and may be %q\n%s", id, r.name, may, r.answer)
}

// announcedAgain is within how long a gateway sends an invalidation message again whose
// command has failed.
const announcedAgain = time.Second

// mayBeLate reports whether a read may be older than an acknowledged change. Others'
// changes, and all while Redis is not well, are seen at the end of the freshness windows;
// until a read succeeds, even later, as stale.
func (m *Model) mayBeLate(c *change, r userRead) bool {
	fresh, revalidate, _ := m.windows("directory")
	inWindows := r.answer.Ended-c.ended <= fresh+revalidate+5*time.Second+m.slack || r.source.State == "stale" || r.name == "" && c.outside
	switch {
	case c.outside:
		return inWindows
	case !m.schedule.Redis:
		return false
	case r.answer.Replica == c.replica && !m.restarted(c.replica, span{c.began, r.answer.Ended}):
		return false // whatever becomes of Redis, a replica sees its own writes
	case !m.redisWell(span{r.began, r.answer.Ended}):
		return inWindows && !m.redisPassesMessages(span{c.began, r.answer.Ended})
	case m.redisLost(c.ended) && r.began < c.ended+announcedAgain:
		return true // on a connection that had broken, so the message is sent once more
	}
	// A replica that ends before Redis is well cannot tell the others of its writes, and a
	// Redis that loses everything forgets which fetches began before a write.
	since := span{c.began - 3*time.Second, r.began}
	return inWindows && !m.redisWell(since) && (m.anyRestarted(since) || m.flushed(span{c.began - 3*time.Second, c.ended + 3*time.Second}))
}

// redisPassesMessages reports whether Redis did nothing worse than to refuse writes, up to
// the end of a time in which no gateway started: messages reach all replicas then.
func (m *Model) redisPassesMessages(at span) bool {
	if m.redisLost(at.to) || m.flushed(span{0, at.to}) || m.anyRestarted(at) {
		return false
	}
	for _, e := range m.schedule.Events {
		if e.What == "redis" && (e.Who == "readonly" || e.Who == "full") && e.At > at.from-time.Second && e.At < at.to {
			return false // it began in the middle
		}
	}
	return true
}

// flushed reports whether Redis lost everything in a time.
func (m *Model) flushed(at span) bool {
	for _, e := range m.schedule.Events {
		if e.What == "redis" && e.Who == "flush" && at.from <= e.At && e.At <= at.to {
			return true
		}
	}
	return false
}

// nameWritten is the name in the body of a write.
func nameWritten(r Request) string {
	if r.Method == http.MethodDelete {
		return ""
	}
	return nameIn(json.RawMessage(r.Body))
}

// userWritten is the id of the user that a write is about; empty for a new one.
func userWritten(r Request) string {
	return strings.TrimPrefix(strings.TrimPrefix(r.URL, "/v1/users"), "/")
}
