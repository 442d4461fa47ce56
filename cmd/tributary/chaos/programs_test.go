//go:build chaos

package chaos_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// program is a run of the binary.
type program struct {
	command *exec.Cmd
	ended   chan error // what Wait returned
}

// startProgram starts the binary with exactly this environment.
func startProgram(t testing.TB, name, argument string, env map[string]string, log *lastLines) *program {
	t.Helper()
	p := &program{command: exec.Command(binary, argument), ended: make(chan error, 1)}
	p.command.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range env {
		p.command.Env = append(p.command.Env, name+"="+value)
	}
	p.command.Stderr = &lines{log: log, name: name}
	return p
}

func (p *program) wait() { p.ended <- p.command.Wait() }

// startSimulator starts "tributary sim", and returns the addresses that it prints.
func startSimulator(t testing.TB, log *lastLines) map[string]string {
	t.Helper()
	p := startProgram(t, "sim", "sim", map[string]string{"SIM_ADDR": "127.0.0.1:0", "OPENWEATHER_API_KEY": "key"}, log)
	stdout, err := p.command.StdoutPipe()
	if err == nil {
		err = p.command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	urls := map[string]string{}
	printed := bufio.NewScanner(stdout)
	for printed.Scan() && printed.Text() != "ready" {
		name, url, _ := strings.Cut(printed.Text(), " ")
		urls[name] = url
	}
	go p.wait()
	t.Cleanup(func() {
		_ = p.command.Process.Signal(syscall.SIGTERM)
		if err := <-p.ended; err != nil {
			t.Errorf("tributary sim ended with %v", err)
		}
	})
	return urls
}

// replica is one gateway: one process after another at the same address.
type replica struct {
	t      testing.TB
	number int
	env    map[string]string
	log    *lastLines

	mu  sync.Mutex // one restart or crash at a time
	now *program
}

func startReplica(t testing.TB, number int, env map[string]string, log *lastLines) *replica {
	t.Helper()
	r := &replica{t: t, number: number, env: env, log: log}
	r.start()
	t.Cleanup(func() { r.end(syscall.SIGTERM) })
	return r
}

func (r *replica) url() string { return "http://" + r.env["LISTEN_ADDR"] }

// start returns when the gateway listens.
func (r *replica) start() {
	r.t.Helper()
	p := startProgram(r.t, fmt.Sprint(r.number), "serve", r.env, r.log)
	if err := p.command.Start(); err != nil {
		r.t.Fatal(err)
	}
	go p.wait()
	r.now = p
	eventually(r.t, fmt.Sprintf("gateway %d listens", r.number), func() bool {
		conn, err := net.Dial("tcp", r.env["LISTEN_ADDR"])
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

func (r *replica) end(signal syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop(signal)
}

// stop ends the process; one that is not killed must end with exit code 0.
func (r *replica) stop(signal syscall.Signal) {
	_ = r.now.command.Process.Signal(signal) // if it has ended, the next line tells
	if err := <-r.now.ended; err != nil && signal != syscall.SIGKILL {
		r.t.Errorf("gateway %d ended with %v; log:\n%s", r.number, err, strings.Join(r.log.last(20), "\n"))
	}
}

func (r *replica) restart() { r.again(syscall.SIGTERM) }

func (r *replica) crash() { r.again(syscall.SIGKILL) }

func (r *replica) again(signal syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop(signal)
	r.start()
}

// freeAddress is an address on loopback that nobody listens at.
func freeAddress(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
