package worstday

import (
	"bufio"
	"bytes"
	"crypto/sha1" //nolint:gosec // it names scripts, as in Redis
	"encoding/hex"
	"strconv"

	"github.com/alicebob/miniredis/v2/server"
	lua "github.com/yuin/gopher-lua"
)

// scripts runs the scripts of a Redis. miniredis could do that, but it makes a Lua state
// with all libraries for each run, which was a seventh of the time of a fleet. Scripts in
// transactions are not supported. It is not safe for concurrent use.
type scripts struct {
	state *lua.LState
	known map[string]*lua.LFunction // by SHA-1

	dispatch func(client *server.Peer, args []string)
	client   *server.Peer  // sends the commands of scripts
	sends    *bufio.Writer // writes what Redis answers to the client into answers
	answers  bytes.Buffer
}

// newScripts returns scripts whose commands dispatch carries out.
func newScripts(dispatch func(client *server.Peer, args []string)) *scripts {
	s := &scripts{state: lua.NewState(), dispatch: dispatch}
	s.sends = bufio.NewWriter(&s.answers)
	s.client = server.NewPeer(s.sends)
	module := s.state.NewTable()
	module.RawSetString("call", s.state.NewFunction(s.call))
	s.state.SetGlobal("redis", module)
	s.flush()
	return s
}

// flush forgets all scripts.
func (s *scripts) flush() { s.known = map[string]*lua.LFunction{} }

// run carries out EVAL or EVALSHA: the script or its SHA-1, the number of keys, the keys
// and the other arguments.
func (s *scripts) run(client *server.Peer, command string, args []string) {
	sha := args[0]
	if command == "EVAL" {
		sum := sha1.Sum([]byte(args[0])) //nolint:gosec // as above
		sha = hex.EncodeToString(sum[:])
		if f, err := s.state.LoadString(args[0]); err == nil {
			s.known[sha] = f
		}
	}
	f := s.known[sha]
	keys, err := strconv.Atoi(args[1])
	switch {
	case f == nil && command == "EVAL":
		client.WriteError("ERR the script is not Lua")
		return
	case f == nil:
		client.WriteError("NOSCRIPT No matching script. Please use EVAL.")
		return
	case err != nil || keys < 0 || keys > len(args)-2:
		client.WriteError("ERR Number of keys can't be greater than number of args")
		return
	}
	s.state.SetGlobal("KEYS", s.list(args[2:2+keys]))
	s.state.SetGlobal("ARGV", s.list(args[2+keys:]))
	s.state.Push(f)
	if err := s.state.PCall(0, 1, nil); err != nil {
		client.WriteError("ERR " + err.Error())
		return
	}
	answer := s.state.Get(-1)
	s.state.Pop(1)
	writeLua(client, answer)
}

func (s *scripts) list(texts []string) *lua.LTable {
	t := s.state.CreateTable(len(texts), 0)
	for _, text := range texts {
		t.Append(lua.LString(text))
	}
	return t
}

// call is redis.call.
func (s *scripts) call(l *lua.LState) int {
	args := make([]string, l.GetTop())
	for i := range args {
		args[i] = lua.LVAsString(l.Get(i + 1))
	}
	s.answers.Reset()
	s.dispatch(s.client, args)
	_ = s.sends.Flush() // to memory
	answer, err := server.ParseReply(bufio.NewReaderSize(&s.answers, 64))
	if err != nil {
		l.RaiseError("%s", err)
	}
	l.Push(s.toLua(answer))
	return 1
}

// toLua turns what Redis answers into what a script sees.
func (s *scripts) toLua(answer any) lua.LValue {
	switch v := answer.(type) {
	case int:
		return lua.LNumber(v)
	case int64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []byte:
		return lua.LString(v)
	case server.Simple:
		t := s.state.NewTable()
		t.RawSetString("ok", lua.LString(v))
		return t
	case []any:
		t := s.state.NewTable()
		for _, item := range v {
			t.Append(s.toLua(item))
		}
		return t
	}
	return lua.LFalse
}

// writeLua answers a client with what a script has returned.
func writeLua(client *server.Peer, v lua.LValue) {
	switch v := v.(type) {
	case lua.LNumber:
		client.WriteInt(int(v))
	case lua.LString:
		client.WriteBulk(string(v))
	case *lua.LTable:
		client.WriteLen(v.Len())
		for i := range v.Len() {
			writeLua(client, v.RawGetInt(i+1))
		}
	default:
		if v == lua.LTrue {
			client.WriteInt(1)
			return
		}
		client.WriteNull()
	}
}
