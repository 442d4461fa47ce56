package worstday

import (
	"bufio"
	"io"
	"slices"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// carryOut carries out a command of a client, alone. It is called again by dispatch, and
// then leaves the command to miniredis.
func (r *Redis) carryOut(client *server.Peer, command string, args ...string) bool {
	if r.inside.Load() == client {
		return false
	}
	r.turn.Lock()
	defer r.turn.Unlock()
	if !slices.Contains(keyless, command) {
		r.tick()
	}
	switch {
	case r.refuse(client, command, args):
	case len(args) > 1 && (command == "EVAL" || command == "EVALSHA"):
		r.scripts.run(client, command, args)
	default:
		r.dispatch(client, append([]string{command}, args...))
	}
	return true
}

// dispatch carries out a command. r.turn is held.
func (r *Redis) dispatch(client *server.Peer, args []string) {
	before := r.inside.Swap(client)
	r.store.Server().Dispatch(client, args)
	r.inside.Store(before)
}

// refuse answers a command that is refused now. EXEC is never refused: the connection
// would stay in its transaction. As in Redis, a transaction with a refused command ends
// with EXECABORT.
func (r *Redis) refuse(client *server.Peer, command string, args []string) bool {
	r.mu.Lock()
	now := r.refusal
	r.mu.Unlock()
	if len(args) == 0 || !slices.Contains(now.commands, command) {
		return false
	}
	if client.Ctx != nil {
		spoilt := server.NewPeer(bufio.NewWriter(io.Discard))
		spoilt.Ctx = client.Ctx             // the connection's transaction, if it has one
		r.dispatch(spoilt, []string{"SET"}) // without arguments: a mistake, which spoils it
	}
	client.WriteError(now.text)
	return true
}

func (r *Redis) refuseWith(f refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusal = f
}

// keyless are the commands that a fleet without traffic sends.
var keyless = []string{"PING", "SUBSCRIBE", "HELLO", "PUBLISH"}

// tick lets keys expire, before a command. Each time the store looks at all keys, so it is
// not done more often than this; ClockTTL would do it at every instant.
func (r *Redis) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if passed := time.Since(r.ticked); passed >= 10*time.Millisecond {
		r.ticked = r.ticked.Add(passed)
		r.store.FastForward(passed)
	}
}

// refusal is how Redis refuses writes; its zero value refuses none.
type refusal struct {
	text     string
	commands []string
}

var (
	readOnly = refusal{"READONLY You can't write against a read only replica.", []string{"SET", "DEL", "PEXPIRE", "EVAL", "EVALSHA"}}

	// A full Redis still deletes. Of scripts it refuses the first command that may need
	// memory, here the whole script: those of package cache set a key first of all.
	full = refusal{"OOM command not allowed when used memory > 'maxmemory'.", []string{"SET", "EVAL", "EVALSHA"}}
)
