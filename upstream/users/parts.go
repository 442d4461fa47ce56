package users

import (
	"context"
	"time"

	"tributary/upstream"
)

// The parts of one user are asked for side by side. Other parts depend on the
// directory: some wait for its answer to know what to ask, and without it there
// is nothing to tell. Only its answer starts the patience clock, so no other
// part ever says that it is useful.

// directoryPart asks for the user.
type directoryPart struct {
	slot   upstream.Slot[int64, *Record]
	known  chan struct{} // closed when there is an answer or a failure
	giveUp context.CancelFunc

	pending bool // another part is not answered from memory; set and read by Now alone
}

// Now implements upstream.Part. It comes before the Now of all others.
func (p *directoryPart) Now(ctx context.Context, now time.Time) (done, held bool) {
	done, held = p.slot.Now(ctx, now)
	if done {
		p.settle()
	}
	return done, held
}

// Ask implements upstream.Part.
func (p *directoryPart) Ask(ctx context.Context) {
	defer p.settle() // also after a panic: other parts wait for it
	p.slot.Ask(ctx)
}

// Useful implements upstream.Part.
func (p *directoryPart) Useful() bool { return p.slot.Useful() }

// settle tells the other parts that there is an answer. Without a user they are
// given up.
func (p *directoryPart) settle() {
	if !p.Useful() {
		p.giveUp()
	}
	close(p.known)
}

// settled reports whether there is an answer already.
func (p *directoryPart) settled() bool {
	select {
	case <-p.known:
		return true
	default:
		return false
	}
}

// record is the answer once it is known, nil if it has no value.
func (p *directoryPart) record() *Record {
	if !p.Useful() {
		return nil
	}
	return p.slot.Answer.Value
}

func (p *directoryPart) outcome() upstream.Outcome {
	return upstream.Outcome{Name: "directory", Provenance: p.slot.Answer.Provenance}
}

// follower is a part that needs the directory's answer to know its question.
type follower struct{ directory *directoryPart }

// Useful implements upstream.Part: without the user, a part is no answer.
func (follower) Useful() bool { return false }

// user waits for the directory's answer; nil if there is no user. It needs no
// context: waiting for the directory ends with the same one, and may then return
// a stale user whose other parts are still cached.
func (f follower) user() *User {
	<-f.directory.known
	record := f.directory.record()
	if record == nil {
		return nil
	}
	return &record.User
}

// gitHubPart asks for the account of the user's name.
type gitHubPart struct {
	follower
	accounts *upstream.Source[string, *GitHub] // nil: nobody has one
	wish     upstream.Wish
	slot     upstream.Slot[string, *GitHub]
}

// Now implements upstream.Part.
func (p *gitHubPart) Now(ctx context.Context, now time.Time) (done, _ bool) {
	if !p.directory.settled() {
		return false, false
	}
	if !p.prepare() {
		return true, false
	}
	done, _ = p.slot.Now(ctx, now)
	p.directory.pending = p.directory.pending || !done
	return done, false
}

// Ask implements upstream.Part.
func (p *gitHubPart) Ask(ctx context.Context) {
	if p.prepare() {
		p.slot.Ask(ctx)
	}
}

// prepare makes the slot, or says that there is no question.
func (p *gitHubPart) prepare() bool {
	u := p.user()
	if u == nil || p.accounts == nil || !isLogin(u.Username) {
		p.slot.Answer.State = upstream.Skipped
		return false
	}
	p.slot = p.accounts.Slot(u.Username, p.wish)
	return true
}

func (p *gitHubPart) outcome() upstream.Outcome {
	return upstream.Outcome{Name: "github", Provenance: p.slot.Answer.Provenance}
}
