package api_test

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// described is a part of an OpenAPI document.
type described struct {
	Info  struct{ Description string }
	Tags  []struct{ Name, Description string }
	Paths map[string]struct {
		Get struct {
			Parameters []struct {
				Ref string `yaml:"$ref"`
			}
		}
	}
	Components struct {
		Parameters map[string]struct {
			Schema   struct{ Pattern string }
			Examples map[string]struct {
				Value    any
				Disabled *bool `yaml:"x-disabled"`
			}
		}
	}
}

func TestTheContractIsArrangedForReading(t *testing.T) {
	var d described
	if err := yaml.Unmarshal(newGateway(t).get("/docs/api.yaml").body, &d); err != nil {
		t.Fatal(err)
	}
	if n := len(d.Info.Description); n > 1500 || !strings.Contains(d.Info.Description, "(#tag/weather/GET/v1/weather)") {
		t.Errorf("the introduction has %d bytes, want few, and links to the operations:\n%s", n, d.Info.Description)
	}
	last := d.Tags[len(d.Tags)-1]
	for _, want := range []string{"Rules that hold everywhere", "`If-None-Match`", "`traceparent`"} {
		if !strings.Contains(last.Description, want) {
			t.Errorf("the last part is %s, want %q in it", last.Name, want)
		}
	}
	var refs []string
	for _, p := range d.Paths["/v1/weather"].Get.Parameters {
		refs = append(refs, strings.TrimPrefix(p.Ref, "#/components/parameters/"))
	}
	if !slices.Contains(refs, "City") || slices.Contains(refs, "RequestId") {
		t.Errorf("the parameters of the weather are %q, want City, and not RequestId, which every operation has", refs)
	}
	city := d.Components.Parameters["City"]
	if city.Schema.Pattern != "" || len(city.Examples) == 0 {
		t.Errorf("city = %+v, want no pattern, and an example", city)
	}
	for _, e := range city.Examples {
		if e.Disabled == nil || *e.Disabled {
			t.Errorf("an example of city is %+v, want it sent", e)
		}
	}
}

// A description that is no OpenAPI document is shown as it is.
func TestWhatCannotBeArrangedIsShown(t *testing.T) {
	g := newGateway(t, func(cfg *setup) { cfg.Document = func() []byte { return []byte("a: [") } })
	if body := string(g.get("/docs/api.yaml").body); body != "a: [" {
		t.Errorf("body = %q, want the document", body)
	}
}
