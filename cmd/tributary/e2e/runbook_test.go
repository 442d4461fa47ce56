package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Every alert has a section in docs/operations.md, which its runbook_url names, and a
// test in which it fires.
func TestEveryAlertHasARunbook(t *testing.T) {
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const page = "docs/operations.md"
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert       string
				Labels      struct{ Severity string }
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(read(filepath.Join(deployed, "rules.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	var tests struct {
		Tests []struct {
			Rules []struct {
				Alert string `yaml:"alertname"`
				Fires []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	if err := yaml.Unmarshal(read(filepath.Join(deployed, "rules_test.yml")), &tests); err != nil {
		t.Fatal(err)
	}
	fires := map[string]bool{}
	for _, test := range tests.Tests {
		for _, r := range test.Rules {
			fires[r.Alert] = fires[r.Alert] || len(r.Fires) > 0
		}
	}
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (\w+)$`).FindAllStringSubmatch(string(read("../../../"+page)), -1) {
		anchors[strings.ToLower(heading[1])] = true
	}
	alerts := 0
	for _, group := range rules.Groups {
		for _, r := range group.Rules {
			if r.Alert == "" {
				continue
			}
			alerts++
			if !anchors[strings.ToLower(r.Alert)] {
				t.Errorf("%s has no section for %s", page, r.Alert)
			}
			if want := page + "#" + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
				t.Errorf("%s: runbook_url = %q, want %s", r.Alert, r.Annotations["runbook_url"], want)
			}
			if r.Labels.Severity == "" || r.Annotations["summary"] == "" {
				t.Errorf("%s has no severity or no summary", r.Alert)
			}
			if !fires[r.Alert] {
				t.Errorf("%s fires in no test", r.Alert)
			}
		}
	}
	if alerts == 0 {
		t.Error("there is no alert")
	}
}
