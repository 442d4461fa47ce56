package worstday

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schedule is everything that happens on a day: what breaks, and what is asked. It is
// data, drawn before anything runs, so a day can be printed, shortened, stored in a file
// and run again. Times count from the start of the day.
type Schedule struct {
	Seed        uint64 // of the network's latencies
	Length      time.Duration
	Begin       time.Duration // time of day at which it starts
	Replicas    int
	Redis       bool
	IgnoresKeys bool // the directory ignores Idempotency-Key
	Env         map[string]string
	Events      []Event
	Requests    []Request
}

// Event is something that breaks, or is well again.
//
//	What     Who                  Args
//	fault    provider             the fault in JSON, as the simulator takes it
//	heal     provider
//	redis    gone back hang ...   of slow: the delay; of partition and rejoin: the replica
//	restart  replica                as SIGTERM does
//	crash    replica                as SIGKILL does
//	busy     replica              how long its goroutines wait for a processor
//	free     replica                they no longer wait
//	rename   user at the directory  the new name
//	remove   user at the directory
type Event struct {
	At        time.Duration
	What, Who string
	Args      string
}

// Request is one request of a client.
type Request struct {
	Number  int
	At      time.Duration
	Replica int
	Client  string
	Leave   time.Duration // the client disconnects after it; 0: it waits. Of a stream: when it ends
	Method  string
	URL     string   // {N} stands for the id of the user that request N created
	Header  []string // "Name: value"; the value "last" is the tag that the client got last
	Body    string
}

// String is the text that Parse reads.
func (s Schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\nlength %s\nbegin %s\nreplicas %d\n", s.Seed, s.Length, s.Begin, s.Replicas)
	if s.Redis {
		fmt.Fprintln(&b, "redis")
	}
	if s.IgnoresKeys {
		fmt.Fprintln(&b, "ignores-keys")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		fmt.Fprintf(&b, "env %s=%s\n", name, s.Env[name])
	}
	for _, e := range s.Events {
		fmt.Fprintln(&b, e)
	}
	for _, r := range s.Requests {
		fmt.Fprintln(&b, r)
	}
	return b.String()
}

func (e Event) String() string {
	return strings.TrimRight(fmt.Sprintf("event %s %s %s %s", e.At, e.What, e.Who, e.Args), " ")
}

func (r Request) String() string {
	text := fmt.Sprintf("request %d %s replica=%d client=%s leave=%s %s %s", r.Number, r.At, r.Replica, r.Client, r.Leave, r.Method, r.URL)
	for _, h := range r.Header {
		text += " " + strconv.Quote(h)
	}
	if r.Body != "" {
		text += " body " + r.Body
	}
	return text
}

// header is the value of a header that the request sends, "" if it sends none.
func (r Request) header(name string) string {
	for _, h := range r.Header {
		if value, ok := strings.CutPrefix(h, name+": "); ok {
			return value
		}
	}
	return ""
}

// setting is a variable of the gateway's environment as a duration, or the default.
func (s Schedule) setting(name string, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(s.Env[name]); err == nil {
		return d
	}
	return otherwise
}
