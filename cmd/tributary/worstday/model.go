package worstday

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Violation is an invariant that did not hold.
type Violation struct {
	Invariant string
	At        time.Duration
	Detail    string
}

func (v Violation) String() string { return fmt.Sprintf("%s, at %s: %s", v.Invariant, v.At, v.Detail) }

// Model is what a client may expect. It knows the schedule, the answers that clients got
// and the calls that providers got, and nothing of how a gateway works: for each source
// the last value that a replica gave, for each user which names the directory may have.
type Model struct {
	schedule Schedule
	start    time.Time
	calls    func() []Call
	troubles map[string][]trouble
	slack    time.Duration // see Options
	without  map[string]bool
	busy     map[string][]span // by replica

	mu         sync.Mutex // guards what follows
	redis      []span
	violations []Violation
	counts     Counts
	answers    int
	told       []Answer // without Raw
	restarts   [][]span
	running    [][]*exchange
	given      map[string]given // by replica, source and question
	observed   []observation
	refused    []refusedRequest
	users      map[string]*user
	writes     map[string]*written
}

// given is the last value that a replica gave of a source.
type given struct {
	at     time.Duration // when the client had it
	stored time.Duration // when the provider gave it
}

// NewModel makes the model of a day that starts now. calls returns the calls that the
// providers got so far.
func NewModel(s Schedule, calls func() []Call) *Model {
	m := &Model{
		schedule: s, start: time.Now(), calls: calls, troubles: troubles(s), redis: redisTroubles(s), busy: busyTimes(s),
		restarts: make([][]span, s.Replicas), running: make([][]*exchange, s.Replicas),
		without: map[string]bool{}, counts: Counts{Statuses: map[int]int{}, States: map[string]int{}},
		given: map[string]given{}, users: map[string]*user{}, writes: map[string]*written{},
	}
	for i, name := range userNames {
		m.users[fmt.Sprint(i+1)] = &user{changes: []*change{{name: name, done: true}}}
	}
	return m
}

// now is the time since the start of the day.
func (m *Model) now() time.Duration { return time.Since(m.start) }

func (m *Model) violate(invariant, format string, args ...any) {
	m.violateAt(m.now(), invariant, format, args...)
}

func (m *Model) violateAt(at time.Duration, invariant, format string, args ...any) {
	if m.without[invariant] {
		return
	}
	m.violations = append(m.violations, Violation{invariant, at, fmt.Sprintf(format, args...)})
}

// Violations are the invariants that did not hold, each once, in the order in which they
// were first found.
func (m *Model) Violations() []Violation {
	m.mu.Lock()
	defer m.mu.Unlock()
	var first []Violation
	for _, v := range m.violations {
		if !slices.ContainsFunc(first, func(f Violation) bool { return f.Invariant == v.Invariant }) {
			first = append(first, v)
		}
	}
	return first
}

// Told are the answers that clients got within some time before another, a line each.
func (m *Model) Told(before, within time.Duration) (lines []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.told {
		if t.Began <= before && t.Ended >= before-within {
			lines = append(lines, fmt.Sprintf("%s to %s: %s", t.Began, t.Ended, t.brief()))
		}
	}
	return lines
}

// starts is how long a gateway that listens may need until it serves: it looks for Redis,
// 500 ms if that hangs. Connections to the process before it end meanwhile.
const starts = 600 * time.Millisecond

// Restarting tells that a replica is about to be restarted; call what it returns when it
// listens again.
func (m *Model) Restarting(replica int) (listens func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := append(m.restarts[replica], span{m.now(), 1 << 62})
	m.restarts[replica] = list
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.restarts[replica][len(list)-1].to = m.now() + starts + m.slack
	}
}

// Begins tells that a client sends a request.
func (m *Model) Begins(r Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running[r.Replica] = append(m.running[r.Replica], &exchange{request: r, began: m.now()})
	m.writeBegins(r)
}

// Answered holds an answer to the invariants, and learns from it.
func (m *Model) Answered(a Answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !a.Event || a.Status == 0 {
		for _, x := range slices.Backward(m.running[a.Replica]) {
			if x.request.Number == a.Number {
				x.over = a.Ended
				break
			}
		}
	}
	brief := a
	brief.Raw, brief.Header = nil, nil
	m.told = append(m.told, brief)
	if a.Err != nil {
		if !a.Left && !m.restarted(a.Replica, span{a.Began - time.Second, a.Ended}) {
			m.violate("every request is answered", "%v\n%s", a.Err, a)
		}
		m.writeEnds(a)
		return
	}
	m.answers++
	pieces := a.pieces()
	m.count(a, pieces)
	m.checkAnswer(a)
	for _, p := range pieces {
		m.checkPiece(a, p)
		m.learn(a, p)
	}
	m.writeEnds(a)
}

// learn remembers the values of an answer.
func (m *Model) learn(a Answer, p piece) {
	for _, s := range p.sources() {
		if !s.hasValue() {
			continue
		}
		key := m.givenKey(a.Replica, s.Name, p.subject)
		stored := a.Began - time.Duration(s.Age*float64(time.Second)) - ageSlack // at the earliest
		if old := m.given[key]; stored > old.stored && !a.Event {
			m.given[key] = given{a.Ended, stored}
		}
		m.observed = append(m.observed, observation{a.Began, a.Ended, s, p.subject, a.Request, a.Event})
	}
}

func (m *Model) givenKey(replica int, source string, s subject) string {
	return strings.Join([]string{fmt.Sprint(replica), source, s.key()}, " ")
}
