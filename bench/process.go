//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTicks is how many ticks a second has in /proc/PID/stat: USER_HZ, which is 100 on
// every platform of Linux that Go knows.
const clockTicks = 100

// process is a program that is measured, or one that helps.
type process struct {
	name   string
	addr   string // host:port
	cmd    *exec.Cmd
	stdout io.ReadCloser
}

// start runs a program on one core, or on any if core is empty. Its stderr goes to a
// file in the rig's folder.
func (r *rig) start(core string, env []string, name, program string, args ...string) (*process, error) {
	if core != "" {
		args = append([]string{"-c", core, program}, args...)
		program = "taskset"
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	log, err := os.Create(filepath.Join(r.dir, name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	p := &process{name: name, cmd: cmd}
	if p.stdout, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// stop ends a process and its children.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	_ = p.cmd.Wait()
}

// cpu is the CPU time of a process and of its children so far.
func (p *process) cpu() time.Duration {
	var ticks int64
	for _, stat := range p.stats() {
		ticks += stat.ticks
	}
	return time.Duration(ticks) * time.Second / clockTicks
}

// rss is the resident memory of a process and of its children, in bytes.
func (p *process) rss() (bytes int64) {
	for _, stat := range p.stats() {
		bytes += stat.pages * int64(os.Getpagesize())
	}
	return bytes
}

type procStat struct{ pid, parent, ticks, pages int64 }

// stats are those of a process and of what it has started.
func (p *process) stats() (family []procStat) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	known := map[int64]bool{int64(p.cmd.Process.Pid): true}
	var stats []procStat
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ") // the name before may have blanks
		f := strings.Fields(rest)
		if len(f) < 22 {
			continue
		}
		n := func(i int) int64 { v, _ := strconv.ParseInt(f[i], 10, 64); return v }
		pid, _ := strconv.ParseInt(filepath.Base(filepath.Dir(path)), 10, 64)
		stats = append(stats, procStat{pid: pid, parent: n(1), ticks: n(11) + n(12), pages: n(21)})
	}
	for grown := true; grown; {
		grown = false
		for _, s := range stats {
			if known[s.parent] && !known[s.pid] {
				known[s.pid], grown = true, true
			}
		}
	}
	for _, s := range stats {
		if known[s.pid] {
			family = append(family, s)
		}
	}
	return family
}

// addresses reads the lines "name URL" that sim and demo print, up to "ready".
func (p *process) addresses() (map[string]string, error) {
	urls := make(map[string]string)
	lines := bufio.NewScanner(p.stdout)
	for lines.Scan() {
		if lines.Text() == "ready" {
			return urls, nil
		}
		if name, url, ok := strings.Cut(lines.Text(), " "); ok {
			urls[name] = url
		}
	}
	return nil, fmt.Errorf("%s has ended before it was ready", p.name)
}

// freeAddr is an address that nobody listens on now.
func freeAddr() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0"
	}
	defer ln.Close()
	return ln.Addr().String()
}

// waitFor waits until a path answers 200.
func (p *process) waitFor(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+path, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(resp.Status)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", p.name, err)
		case <-time.After(2 * time.Millisecond):
		}
	}
}
