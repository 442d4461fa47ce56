package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// rig is the programs and the cores that they run on.
type rig struct {
	dir, gateway    string
	measured, other string // cores; empty: any
	sim             *process
	upstreams       map[string]string // URLs by name
}

// process is a running program.
type process struct {
	addr   string // host:port
	cmd    *exec.Cmd
	stdout io.ReadCloser
}

const others = 20 // clients beside the greedy one

func newRig(ctx context.Context, gateway string) (r *rig, err error) {
	r = &rig{gateway: gateway}
	if r.dir, err = os.MkdirTemp("", "tributary-door"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if _, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		r.measured, r.other = "0", fmt.Sprintf("1-%d", runtime.NumCPU()-1)
		if out, err := exec.Command("taskset", "-a", "-c", "-p", r.other, fmt.Sprint(os.Getpid())).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("taskset: %w: %s", err, out)
		}
	}
	if r.gateway == "" {
		r.gateway = filepath.Join(r.dir, "tributary")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", r.gateway, "tributary/cmd/tributary").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
	}
	if r.sim, err = r.start(r.other, []string{"SIM_ADDR=127.0.0.1:0"}, "sim"); err != nil {
		return nil, err
	}
	r.upstreams, err = r.sim.addresses()
	return r, err
}

func (r *rig) close() {
	r.sim.stop()
	_ = os.RemoveAll(r.dir)
}

// start runs a command of the program on some cores.
func (r *rig) start(cores string, env []string, command string) (*process, error) {
	program, args := r.gateway, []string{command}
	if cores != "" {
		program, args = "taskset", []string{"-c", cores, r.gateway, command}
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(r.dir, command+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	p := &process{cmd: cmd}
	if p.stdout, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return p, cmd.Start()
}

// startGateway starts a gateway with empty memory, and waits until it serves.
func (r *rig) startGateway(ctx context.Context, admission string) (*process, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := ln.Addr().String()
	ln.Close()
	keys := []string{"greedy:weather:read:greedy"}
	for n := range others {
		keys = append(keys, fmt.Sprintf("client%d:weather:read:client%d", n, n))
	}
	env := []string{
		"LISTEN_ADDR=" + addr, "ADMIN_ADDR=127.0.0.1:0", "CONSOLE=off", "PPROF=off", "CLIENT_RATE_LIMIT=off", "ADMISSION=" + admission,
		"API_KEYS=" + strings.Join(keys, ","), "OPENWEATHER_API_KEY=bench", "METNO_CONTACT=bench@example.com",
	}
	for name, url := range r.upstreams {
		if u := strings.ToUpper(name); u != "SIM" {
			env = append(env, u+"_URL="+url, u+"_RATE_LIMIT=off", u+"_MAX_CONCURRENT=1000")
		}
	}
	p, err := r.start(r.measured, env, "serve")
	if err != nil {
		return nil, err
	}
	p.addr = addr
	if err := p.ready(ctx); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		if resp, err := http.Get("http://" + p.addr + "/readyz"); err == nil {
			resp.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the gateway does not answer")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// delay makes all upstreams answer after d, more or less.
func (r *rig) delay(d time.Duration) error {
	jitter := min(d/5, 20*time.Millisecond)
	fault, err := json.Marshal(map[string]int64{"latency_ms": (d - jitter/2).Milliseconds(), "jitter_ms": jitter.Milliseconds()})
	if err != nil {
		return err
	}
	for name := range r.upstreams {
		if name == "sim" {
			continue
		}
		req, err := http.NewRequest(http.MethodPut, r.upstreams["sim"]+"/_sim/"+name, bytes.NewReader(fault))
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode >= 300 {
			return fmt.Errorf("the simulator answered %s for %s", resp.Status, name)
		}
	}
	return nil
}

// steal stops the program for 50 of every 100 ms, until give is called.
func (p *process) steal() (give func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer p.cmd.Process.Signal(syscall.SIGCONT)
		next := syscall.SIGSTOP
		for {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
			_ = p.cmd.Process.Signal(next)
			if next == syscall.SIGSTOP {
				next = syscall.SIGCONT
			} else {
				next = syscall.SIGSTOP
			}
		}
	}()
	return func() { close(done); <-ended }
}

// cpu is the CPU time of the program so far. USER_HZ is 100 on every Linux that Go knows.
func (p *process) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var ticks int64
	for _, field := range fields[11:13] {
		n, _ := strconv.ParseInt(field, 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}

// stop ends the program.
func (p *process) stop() {
	if p == nil || p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// addresses reads the lines "name URL" that sim prints, up to "ready".
func (p *process) addresses() (map[string]string, error) {
	urls := make(map[string]string)
	lines := bufio.NewScanner(p.stdout)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return urls, nil
		}
		if name, url, ok := strings.Cut(lines.Text(), " "); ok {
			urls[name] = strings.TrimSpace(url)
		}
	}
	return nil, errors.New("the simulator has ended before it was ready")
}
