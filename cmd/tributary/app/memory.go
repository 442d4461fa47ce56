package app

import (
	"cmp"
	"io/fs"
	"math"
	"path"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
)

// FitMemory lets Go collect garbage half as often (GOGC=200) where the memory of the
// process is limited by its cgroup, and sets GOMEMLIMIT to 85 % of that limit, near which
// Go collects more often. Without a limit it changes nothing: a heap that grows to three
// times of what lives needs a bound. GOGC and GOMEMLIMIT of the environment win. root is
// the root of the file system.
func FitMemory(getenv func(string) string, root fs.FS) {
	if limit := cgroupLimit(root); limit > 0 && getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 100 * 85 >> 20 << 20)
	}
	if getenv("GOGC") == "" && debug.SetMemoryLimit(-1) < math.MaxInt64 {
		debug.SetGCPercent(200)
	}
}

// cgroupLimit is the memory limit of the process's cgroup or of one above it, whichever
// is lowest, in bytes; 0: none. In a container the own cgroup is often mounted as the root
// although /proc/self/cgroup has its path on the host: directories that do not exist are
// skipped.
func cgroupLimit(root fs.FS) (lowest int64) {
	groups, _ := fs.ReadFile(root, "proc/self/cgroup") // exists on Linux only
	for line := range strings.Lines(string(groups)) {
		_, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		controllers, dir, _ := strings.Cut(rest, ":")
		mount, file := "sys/fs/cgroup", "memory.max" // version 2, whose line names no controllers
		switch {
		case slices.Contains(strings.Split(controllers, ","), "memory"):
			mount, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes" // version 1
		case controllers != "":
			continue
		}
		for dir = path.Join("/", dir); ; dir = path.Dir(dir) {
			limit := limitIn(root, path.Join(mount, dir, file))
			if limit > 0 && (lowest == 0 || limit < lowest) {
				lowest = limit
			}
			if dir == "/" {
				break
			}
		}
	}
	return lowest
}

// limitIn is the limit in a file, 0 for none: version 2 writes that as max, version 1 as
// a number near 2^63.
func limitIn(root fs.FS, file string) int64 {
	content, _ := fs.ReadFile(root, file)
	limit, err := strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	if err != nil || limit >= 1<<60 {
		return 0
	}
	return limit
}

// collector returns GOGC and GOMEMLIMIT in effect, as these variables are written. GOGC is
// what is configured, also while PaceCollections has raised it.
func collector() (gogc, memoryLimit string) {
	values := []metrics.Sample{{Name: "/gc/gogc:percent"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(values)
	gogc, memoryLimit = "off", "off"
	if percent := values[0].Value.Uint64(); percent <= math.MaxInt32 {
		gogc = strconv.FormatUint(cmp.Or(uint64(configured.Load()), percent), 10)
	}
	switch limit := values[1].Value.Uint64(); {
	case limit >= math.MaxInt64:
	case limit%(1<<20) == 0:
		memoryLimit = strconv.FormatUint(limit>>20, 10) + "MiB"
	default:
		memoryLimit = strconv.FormatUint(limit, 10) + "B"
	}
	return gogc, memoryLimit
}
