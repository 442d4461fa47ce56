package app

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// The linker sets these: -ldflags "-X tributary/cmd/tributary/app.buildVersion=…".
// Where it does not, the version that the toolchain recorded is used.
var buildVersion, buildCommit string

// version prints which program this is.
func version(stdout io.Writer) int {
	b := thisBuild()
	fmt.Fprintf(stdout, "tributary %s commit %s %s\n", b.version, b.commit, b.goVersion)
	return 0
}

// build is which program this is: also service.version, and part of the
// User-Agent that upstreams see.
type build struct {
	version   string // "dev" where nobody gave one
	commit    string // "unknown" outside a checkout, "-dirty" at its end after changes
	goVersion string
}

func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: runtime.Version()}
	}
	return buildOf(info, buildVersion, buildCommit)
}

// buildOf prefers what was linked in to what the toolchain recorded.
func buildOf(info *debug.BuildInfo, linkedVersion, linkedCommit string) build {
	recorded := info.Main.Version
	if recorded == "(devel)" {
		recorded = ""
	}
	var commit, dirty string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if commit != "" {
		commit += dirty
	}
	return build{
		version:   cmp.Or(linkedVersion, recorded, "dev"),
		commit:    cmp.Or(linkedCommit, commit, "unknown"),
		goVersion: info.GoVersion,
	}
}
