// Package compose checks deploy/compose.yaml as Compose v2 reads it.
package compose

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

const deployed = "../../deploy"

// load fails for everything that Compose v2 would refuse.
func load(t *testing.T, env types.Mapping) *types.Project {
	t.Helper()
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  deployed,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(deployed, "compose.yaml")}},
		Environment: env,
	}, func(o *loader.Options) { o.SetProjectName("tributary", true) })
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestGateways(t *testing.T) {
	for name, env := range map[string]types.Mapping{"serve": nil, "demo": {"TRIBUTARY": "demo"}} {
		project := load(t, env)
		for _, service := range []string{"gateway-1", "gateway-2"} {
			g, err := project.GetService(service)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(g.Command, types.ShellCommand{name}) {
				t.Errorf("%s runs %q, want %s", service, g.Command, name)
			}
			if !g.ReadOnly || !slices.Equal(g.CapDrop, []string{"ALL"}) {
				t.Errorf("%s may write or has capabilities", service)
			}
			goLimit, err := strconv.ParseInt(strings.TrimSuffix(*g.Environment["GOMEMLIMIT"], "MiB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if limit := int64(g.MemLimit) >> 20; goLimit > limit*9/10 {
				t.Errorf("%s: GOMEMLIMIT is %d MiB of %d, want 90 %% at most", service, goLimit, limit)
			}
			const entry = 1_150 // bytes, docs/operations.md#memory
			entries, err := strconv.ParseInt(*g.Environment["CACHE_MAX_ENTRIES"], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if live := entries * entry >> 20; live > goLimit*2/3 {
				t.Errorf("%s: a full cache takes %d MiB, more than two thirds of GOMEMLIMIT, %d", service, live, goLimit)
			}
			nginx := project.Services["nginx"].Networks["default"].Ipv4Address
			if proxies := *g.Environment["TRUSTED_PROXIES"]; proxies != nginx+"/32" {
				t.Errorf("%s trusts %s, want nginx, %s", service, proxies, nginx)
			}
		}
	}
}

func TestServices(t *testing.T) {
	project := load(t, nil)
	published := map[string]string{}
	for _, s := range project.Services {
		if s.MemLimit == 0 || s.Restart == "" || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s lacks a memory limit, restart or no-new-privileges", s.Name)
		}
		if s.Build == nil && (!strings.Contains(s.Image, ":") || strings.HasSuffix(s.Image, ":latest")) {
			t.Errorf("%s: %s has no version", s.Name, s.Image)
		}
		for _, p := range s.Ports {
			if other, ok := published[p.Published]; ok {
				t.Errorf("%s and %s both publish port %s", s.Name, other, p.Published)
			}
			published[p.Published] = s.Name
			if p.HostIP != "127.0.0.1" && s.Name != "nginx" {
				t.Errorf("%s publishes port %s beyond this machine", s.Name, p.Published)
			}
		}
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(v.Source); err != nil || !v.ReadOnly {
				t.Errorf("%s mounts %s: it is not there or not read-only: %v", s.Name, v.Source, err)
			}
		}
	}
	if published["8080"] != "nginx" {
		t.Errorf("port 8080 is of %q, want nginx", published["8080"])
	}
}
