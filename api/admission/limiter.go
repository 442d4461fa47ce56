package admission

import (
	"cmp"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Class is a kind of work. Each may use a share of the limit.
type Class int

// The classes.
const (
	Single  Class = iota // a read or a write of one thing: the whole limit
	Many                 // a list or a batch: 90 %
	Refresh              // in the background, where nobody waits: 75 %
	All                  // every request, whatever it asks; see Config.Most
	classes
)

var shares = [classes]float64{Single: 1, Many: 0.9, Refresh: 0.75}

// String is the class's name in metrics.
func (c Class) String() string { return [classes]string{"single", "many", "refresh", "all"}[c] }

// Config configures a Limiter.
type Config struct {
	// Wait returns how long goroutines have waited for a processor since the last call that
	// has returned it, on average; negative: too few have waited to tell. Nil:
	// SchedulerWait. It is called by one goroutine.
	Wait func() time.Duration

	// Usual is the limit at the start and after a time with little to do; 0: 64. The greater
	// it is, the greater a burst that an idle gateway admits whole.
	Usual int

	Least  int          // below which the limit never falls; 0: 8
	Most   int          // requests in flight, those that ask nobody included; 0: no limit
	Logger *slog.Logger // nil: slog's default
}

// Limiter admits work or refuses it, and never lets it wait. It is safe for concurrent
// use. A nil Limiter admits everything.
type Limiter struct {
	signal  func() time.Duration
	log     *slog.Logger
	least   float64
	usual   float64
	most    int64
	all     atomic.Int64 // requests in flight
	refused [classes]atomic.Int64
	closed  atomic.Bool  // it has refused something within reopens
	wait    atomic.Int64 // ns; the standing wait for a processor
	wake    chan struct{}
	stop    func()
	stopped chan struct{}

	mu       sync.Mutex // guards what follows
	asleep   bool       // the estimator is, until wake
	limit    float64
	inFlight int
	peak     int       // greatest inFlight since the last adjustment
	last     time.Time // of the latest refusal
	clients  map[string]int
}

// New returns a limiter, which the caller must close.
func New(cfg Config) *Limiter {
	l := &Limiter{
		signal: cfg.Wait, log: cfg.Logger, most: int64(cfg.Most), least: cmp.Or(float64(cfg.Least), least), usual: cmp.Or(float64(cfg.Usual), usual), asleep: true,
		wake: make(chan struct{}, 1), stopped: make(chan struct{}), clients: make(map[string]int),
	}
	l.limit = l.usual
	if l.signal == nil {
		l.signal = SchedulerWait()
	}
	if l.log == nil {
		l.log = slog.Default()
	}
	stop := make(chan struct{})
	l.stop = sync.OnceFunc(func() { close(stop) })
	go l.run(stop)
	return l
}

// Close ends the goroutine that moves the limit, and waits for it.
func (l *Limiter) Close() {
	if l == nil {
		return
	}
	l.stop()
	<-l.stopped
}

// greed is how many times as much as is free a client may hold. One that floods us has two
// thirds of the limit and leaves a third to the others; if there are none, the limit grows.
const greed = 2

// Enter admits one piece of work of a client, and the caller calls leave when it ends. An
// empty client has no share of its own.
func (l *Limiter) Enter(class Class, client string) (leave func(), ok bool) {
	if l == nil {
		return func() {}, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rouse()
	free := l.limit - float64(l.inFlight)
	if !l.room(class) || client != "" && float64(l.clients[client]) >= greed*free {
		l.refuse(class)
		return nil, false
	}
	l.inFlight++
	l.peak = max(l.peak, l.inFlight)
	if client != "" {
		l.clients[client]++
	}
	return func() { l.leave(client) }, true
}

func (l *Limiter) leave(client string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	if client == "" {
		return
	}
	if l.clients[client]--; l.clients[client] == 0 {
		delete(l.clients, client)
	}
}

// room reports whether a class has room in the limit. l.mu is held.
func (l *Limiter) room(class Class) bool { return float64(l.inFlight+1) <= l.limit*shares[class] }

// refuse counts a refusal. l.mu is held.
func (l *Limiter) refuse(class Class) {
	l.refused[class].Add(1)
	if class != Refresh { // nobody waits for one: what is left out is no overload yet
		l.last = time.Now()
		l.closed.Store(true)
	}
}

// RefuseIfFull refuses work of a class that certainly has no room now. It admits nothing: what it
// lets pass has to Enter.
func (l *Limiter) RefuseIfFull(class Class) (refused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.room(class) {
		return false
	}
	l.refuse(class)
	return true
}

// Arrive counts a request until Depart. It reports whether there are not too many, and
// counts the request in both cases.
func (l *Limiter) Arrive() (ok bool) {
	if n := l.all.Add(1); l.most == 0 || n <= l.most {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rouse()
	l.refuse(All)
	return false
}

// Depart ends what Arrive began.
func (l *Limiter) Depart() { l.all.Add(-1) }

// Closed reports whether the limiter has refused something a moment ago.
func (l *Limiter) Closed() bool { return l != nil && l.closed.Load() }

// Starved reports whether goroutines wait too long for a processor: what takes long now may
// do so because of us.
func (l *Limiter) Starved() bool { return l != nil && time.Duration(l.wait.Load()) > target }

// Background is Enter for a refresh in the background.
func (l *Limiter) Background() (leave func(), ok bool) { return l.Enter(Refresh, "") }

// Status is the state of a limiter.
type Status struct {
	Closed   bool
	Limit    int
	InFlight int
	Wait     time.Duration
	Refused  map[Class]int64 // since the start
}

// Status returns the state at this moment.
func (l *Limiter) Status() Status {
	s := Status{Closed: l.closed.Load(), Wait: time.Duration(l.wait.Load()), Refused: make(map[Class]int64, classes)}
	for c := range classes {
		s.Refused[c] = l.refused[c].Load()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Limit, s.InFlight = int(l.limit), l.inFlight
	return s
}
