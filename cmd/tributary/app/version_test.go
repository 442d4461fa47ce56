package app

import (
	"bytes"
	"regexp"
	"runtime/debug"
	"testing"
)

func TestVersionIsOneLine(t *testing.T) {
	var stdout bytes.Buffer
	line := regexp.MustCompile(`^tributary \S+ commit \S+ go1\.\S+( .*)?\n$`)
	if code := version(&stdout); code != 0 || !line.MatchString(stdout.String()) {
		t.Errorf("version = %d, %q", code, &stdout)
	}
}

func TestBuildTellsWhatItKnows(t *testing.T) {
	info := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: version}, Settings: settings}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "abc123"}
	modified := debug.BuildSetting{Key: "vcs.modified", Value: "true"}

	for name, tt := range map[string]struct {
		info                    *debug.BuildInfo
		linkedVersion, linkedAt string
		want                    build
	}{
		"it knows nothing outside a checkout": {info("(devel)"), "", "", build{"dev", "unknown", "go1.26.8"}},
		"it has what the toolchain recorded":  {info("v1.2.3", revision), "", "", build{"v1.2.3", "abc123", "go1.26.8"}},
		"it tells of changes":                 {info("v1.2.3", modified, revision), "", "", build{"v1.2.3", "abc123-dirty", "go1.26.8"}},
		"it prefers what was linked in":       {info("v0.0.0-1", revision), "1.2.3", "def456", build{"1.2.3", "def456", "go1.26.8"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := buildOf(tt.info, tt.linkedVersion, tt.linkedAt); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
