package app

import (
	"math"
	"runtime/debug"
	"testing"
	"testing/fstest"
)

// files is a file system with these files.
func files(pairs ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1] + "\n")}
	}
	return all
}

// withCollector sets Go's defaults for the time of a test.
func withCollector(t *testing.T, percent int, limit int64) {
	t.Helper()
	percent, limit = debug.SetGCPercent(percent), debug.SetMemoryLimit(limit)
	t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) })
}

func TestCgroupLimit(t *testing.T) {
	const cgroup = "proc/self/cgroup"
	for name, c := range map[string]struct {
		files fstest.MapFS
		want  int64
	}{
		"of version 2, in a container": {files(cgroup, "0::/", "sys/fs/cgroup/memory.max", "536870912"), 512 << 20},
		"of version 2, whose path is that of the host": {
			files(cgroup, "0::/docker/abc", "sys/fs/cgroup/memory.max", "536870912"), 512 << 20},
		"of version 2, outside of the container's root": {
			files(cgroup, "0::/../../x", "sys/fs/cgroup/memory.max", "536870912"), 512 << 20},
		"of a service, without one above it": {
			files(cgroup, "0::/system.slice/tributary.service", "sys/fs/cgroup/system.slice/tributary.service/memory.max", "1048576", "sys/fs/cgroup/system.slice/memory.max", "max"), 1 << 20},
		"above the service, which has a higher one": {
			files(cgroup, "0::/a/b", "sys/fs/cgroup/a/b/memory.max", "2097152", "sys/fs/cgroup/a/memory.max", "1048576"), 1 << 20},
		"of version 1": {
			files(cgroup, "5:devices:/\n4:cpu,memory:/docker/abc\n0::/", "sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912"), 512 << 20},
		"none in version 1":             {files(cgroup, "4:memory:/", "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712"), 0},
		"none in version 2":             {files(cgroup, "0::/", "sys/fs/cgroup/memory.max", "max"), 0},
		"none where it is not readable": {files(cgroup, "0::/", "sys/fs/cgroup/memory.max", "a lot"), 0},
		"none without cgroups":          {files(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := cgroupLimit(c.files); got != c.want {
				t.Errorf("cgroupLimit = %d, want %d", got, c.want)
			}
		})
	}
}

func TestFitMemory(t *testing.T) {
	limited := files("proc/self/cgroup", "0::/", "sys/fs/cgroup/memory.max", "536870912")
	for name, c := range map[string]struct {
		files       fstest.MapFS
		env         environment
		limit       int64 // that the runtime has taken from the environment
		gogc, bound string
	}{
		"collects less often below 85 % of the limit": {limited, nil, math.MaxInt64, "200", "435MiB"},
		"changes nothing without a limit":             {files(), nil, math.MaxInt64, "100", "off"},
		"leaves GOMEMLIMIT as it is set":              {limited, environment{"GOMEMLIMIT": "100B"}, 100 << 20, "200", "100MiB"},
		"leaves GOGC as it is set":                    {limited, environment{"GOGC": "100"}, math.MaxInt64, "100", "435MiB"},
		"leaves both where there is no limit at all":  {limited, environment{"GOMEMLIMIT": "off"}, math.MaxInt64, "100", "off"},
		"uses GOMEMLIMIT without a cgroup":            {files(), environment{"GOMEMLIMIT": "1"}, 100<<20 + 1, "200", "104857601B"},
	} {
		t.Run(name, func(t *testing.T) {
			withCollector(t, 100, c.limit)
			FitMemory(c.env.get, c.files)
			if gogc, bound := collector(); gogc != c.gogc || bound != c.bound {
				t.Errorf("GOGC=%s GOMEMLIMIT=%s, want %s and %s", gogc, bound, c.gogc, c.bound)
			}
		})
	}
	t.Run("knows that the collector is off", func(t *testing.T) {
		withCollector(t, -1, 1<<30)
		if gogc, bound := collector(); gogc != "off" || bound != "1024MiB" {
			t.Errorf("GOGC=%s GOMEMLIMIT=%s, want off and 1024MiB", gogc, bound)
		}
	})
}
