package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"tributary/cache/redistest"
)

// rootOf is the folder of the Go that the edits are for. With another Go the test is
// skipped, or fails with TRIBUTARY_REQUIRE_ALL=1.
func rootOf(t *testing.T) string {
	t.Helper()
	if runtime.Version() != goVersion {
		redistest.Missing(t, goVersion, "the edits of the runtime are for it and not for "+runtime.Version()+"; go install golang.org/dl/"+goVersion+"@latest")
	}
	root, err := output(t.Context(), "go", "env", "GOROOT")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestOverlay(t *testing.T) {
	goroot := rootOf(t)
	folder := t.TempDir()
	path, err := writeOverlay(goroot, folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var overlay struct{ Replace map[string]string }
	if err := json.Unmarshal(text, &overlay); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"rand.go", "select.go", "time.go", "proc.go", "synctest.go"} {
		changed := overlay.Replace[filepath.Join(goroot, "src", "runtime", name)]
		if changed != filepath.Join(folder, name) {
			t.Errorf("runtime/%s is replaced by %q, want a file in %s", name, changed, folder)
		}
	}
}

func TestOverlayOfAnotherVersion(t *testing.T) {
	tests := []struct {
		name, text string
		times      string
	}{
		{"the text is missing", "package runtime\n", "0 times"},
		{"the text is there twice", strings.Repeat("\t\tj := cheaprandn(uint32(norder + 1))\n", 2), "2 times"},
	}
	real := rootOf(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			goroot := t.TempDir()
			for _, e := range edits {
				text, err := os.ReadFile(original(real, e.file))
				if err != nil {
					t.Fatal(err)
				}
				if err := write(original(goroot, e.file), text); err != nil {
					t.Fatal(err)
				}
			}
			if err := write(original(goroot, "select.go"), []byte(tt.text)); err != nil {
				t.Fatal(err)
			}
			_, err := writeOverlay(goroot, t.TempDir())
			if err == nil || !strings.Contains(err.Error(), "runtime/select.go has this text "+tt.times) {
				t.Errorf("writeOverlay = %v, want an error about the text in runtime/select.go, which is there %s", err, tt.times)
			}
		})
	}
}

func TestSameLines(t *testing.T) {
	tests := []struct {
		name, a, b, want string
	}{
		{"equal", "x\ny\n", "x\ny\n", ""},
		{"another line", "x\ny\n", "x\nz\n", "line 2"},
		{"more lines", "x\n", "x\ny\n", "1 lines more"},
		{"fewer lines", "x\ny\n", "x\n", "ends before line 2"},
		{"only the duration of a test differs", "--- PASS: T (0.01s)\nx\n", "--- PASS: T (0.02s)\nx\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := sameLines(withoutDurations(tt.a), withoutDurations(tt.b))
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("sameLines = %v, want %q", err, tt.want)
			}
		})
	}
}
