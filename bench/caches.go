//go:build linux

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// contender is a program that answers the same question as the gateway.
type contender struct {
	name    string
	path    string // that it is asked for
	headers string
	start   func(context.Context) (*process, error)
}

// floors are this program's own.
func (r *rig) floors() []contender {
	role := func(name string, args ...string) contender {
		return contender{name: name, path: "/v1/weather", start: func(ctx context.Context) (*process, error) {
			addr := freeAddr()
			return r.ready(ctx, nil, name, addr, "/v1/weather", r.self, append([]string{name, addr, r.body}, args...)...)
		}}
	}
	return []contender{role("floor"), role("floor-headers", r.headers)}
}

// cache is a program of others that caches answers. Its program is the one that the
// variable names, else the one on PATH.
type cache struct {
	name, variable, program string
	args                    func(dir, addr, origin string) ([]string, error) // writes the configuration
}

var caches = []cache{
	{"nginx", "BENCH_NGINX", "nginx", nginxArgs},
	{"varnish", "BENCH_VARNISH", "varnishd", varnishArgs},
	{"haproxy", "BENCH_HAPROXY", "haproxy", haproxyArgs},
	{"krakend", "BENCH_KRAKEND", "krakend", krakendArgs},
}

// others are the caches that are found, in front of an origin.
func (r *rig) others(origin string) (found []contender) {
	for _, c := range caches {
		program, err := exec.LookPath(cmp.Or(os.Getenv(c.variable), c.program))
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s is not found; %s can name it\n", c.program, c.variable)
			continue
		}
		found = append(found, contender{name: c.name, path: "/v1/weather", start: func(ctx context.Context) (*process, error) {
			addr := freeAddr()
			dir := filepath.Join(r.dir, c.name)
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return nil, err
			}
			args, err := c.args(dir, addr, origin)
			if err != nil {
				return nil, err
			}
			return r.ready(ctx, nil, c.name, addr, "/v1/weather", program, args...)
		}})
	}
	return found
}

func nginxArgs(dir, addr, origin string) ([]string, error) {
	file := filepath.Join(dir, "nginx.conf")
	return []string{"-c", file, "-p", dir, "-e", filepath.Join(dir, "error.log")}, os.WriteFile(file, fmt.Appendf(nil, `daemon off; user root; worker_processes 1; pid %[1]s/pid;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  proxy_cache_path %[1]s/cache keys_zone=answers:10m use_temp_path=off;
  server {
    listen %[2]s;
    location / { proxy_pass http://%[3]s; proxy_cache answers; proxy_cache_valid 200 1h; }
  }
}
`, dir, addr, origin), 0o644)
}

func varnishArgs(dir, addr, origin string) ([]string, error) {
	return []string{"-F", "-a", addr, "-b", origin, "-s", "malloc,64m", "-n", filepath.Join(dir, "work"), "-t", "3600", "-j", "none"}, nil
}

func haproxyArgs(dir, addr, origin string) ([]string, error) {
	file := filepath.Join(dir, "haproxy.cfg")
	return []string{"-f", file}, os.WriteFile(file, fmt.Appendf(nil, `global
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 2m
  timeout server 5s
cache answers
  total-max-size 64
  max-age 3600
frontend in
  bind %s
  http-request cache-use answers
  http-response set-header Cache-Control "max-age=3600"
  http-response cache-store answers
  default_backend origin
backend origin
  http-response set-header Cache-Control "max-age=3600"
  server one %s
`, addr, origin), 0o644)
}

func krakendArgs(dir, addr, origin string) ([]string, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(map[string]any{
		"version": 3, "port": json.Number(port), "host": []string{"http://" + origin},
		"endpoints": []any{map[string]any{
			"endpoint": "/v1/weather", "output_encoding": "no-op",
			"backend": []any{map[string]any{"url_pattern": "/v1/weather", "encoding": "no-op", "extra_config": map[string]any{"qos/http-cache": map[string]any{}}}},
		}},
	})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "krakend.json")
	return []string{"run", "-c", file}, os.WriteFile(file, text, 0o644)
}
