package api_test

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	validator "github.com/pb33f/libopenapi-validator"

	"tributary"
	"tributary/api"
	"tributary/api/contracttest"
)

func TestOpenAPIIsServed(t *testing.T) {
	a := newGateway(t).get("/openapi.yaml")
	a.wantStatus(http.StatusOK)
	a.wantHeader("Content-Type", "application/yaml")
	a.wantHeader("Cache-Control", "public, max-age=300")
	if !bytes.Equal(a.body, tributary.OpenAPI) {
		t.Error("it is not openapi.yaml")
	}
}

func TestOpenAPIIsValid(t *testing.T) {
	v, errs := validator.NewValidator(theContract().Document)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if _, found := v.ValidateDocument(); len(found) > 0 {
		t.Error(contracttest.Describe(found))
	}
}

// Not every tool reads patterns as Unicode: Swagger UI reads \P{Cc} as a P, and would
// reject every city without one.
func TestOpenAPIPatternsArePortable(t *testing.T) {
	for _, pattern := range regexp.MustCompile(`pattern: .*\\[pPu]\{.*`).FindAll(tributary.OpenAPI, -1) {
		t.Errorf("a pattern that needs Unicode: %s", pattern)
	}
}

func TestOpenAPIHasEveryRoute(t *testing.T) {
	var routes, described []string
	err := chi.Walk(newGateway(t).handler.(*api.API).Routes(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		routes = append(routes, method+" "+route)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range theContract().Model.Paths.PathItems.FromOldest() {
		for method := range item.GetOperations().FromOldest() {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(routes)
	slices.Sort(described)
	if !slices.Equal(routes, described) {
		t.Errorf("the routes are\n%q, openapi.yaml has\n%q", routes, described)
	}
}

func TestOpenAPIHasEveryProblem(t *testing.T) {
	var described []string
	for _, code := range theContract().Model.Components.Schemas.GetOrZero("ProblemCode").Schema().Enum {
		described = append(described, code.Value)
	}
	slices.Sort(described)
	if codes := api.ProblemCodes(); !slices.Equal(described, codes) {
		t.Errorf("openapi.yaml has the codes\n%q, there are\n%q", described, codes)
	}
	g := newGateway(t)
	for _, code := range described {
		g.get("/problems/" + strings.ReplaceAll(code, "_", "-")).wantStatus(http.StatusOK)
	}
}

// One coordinate without the other is invalid in openapi.yaml and in the gateway.
func TestOpenAPIHasCoordinatesInPairs(t *testing.T) {
	v, errs := validator.NewValidator(theContract().Document)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	g := populated(t)
	for _, c := range []struct {
		address    string
		put, patch int
	}{
		{`{}`, 200, 200},
		{`{"latitude":1,"longitude":2}`, 200, 200},
		{`{"latitude":null,"longitude":null}`, 200, 200},
		{`{"latitude":null}`, 200, 422}, // in a whole user, null is the same as absent
		{`{"longitude":null,"city":"Bern"}`, 200, 422},
		{`{"latitude":1}`, 422, 422},
		{`{"longitude":2}`, 422, 422},
		{`{"latitude":1,"longitude":null}`, 422, 422},
		{`{"latitude":null,"longitude":2}`, 422, 422},
	} {
		for method, want := range map[string]int{"PUT": c.put, "PATCH": c.patch} {
			body := `{"name":"A","address":` + c.address + `}`
			g.call(method, one, body).wantStatus(want)
			r, err := http.NewRequest(method, one, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {"writer-key"}}
			if good, found := v.ValidateHttpRequest(r); good != (want == http.StatusOK) {
				t.Errorf("%s %s is answered with %d, and to openapi.yaml good is %t: %q", method, body, want, good, contracttest.Describe(found))
			}
		}
	}
}

// TestContract checks contracttest itself: a mistake that it accepts would pass in all
// other tests too.
func TestContract(t *testing.T) {
	g := newGateway(t)
	good := g.get(here)
	for _, c := range []struct {
		name  string
		spoil func(*http.Response, *string)
	}{
		{"a status that is not described", func(r *http.Response, _ *string) { r.StatusCode = http.StatusAccepted }},
		{"a header that is missing", func(r *http.Response, _ *string) { r.Header.Del("ETag") }},
		{"a header that is not described", func(r *http.Response, _ *string) { r.Header.Set("X-Powered-By", "Go") }},
		{"a header against its pattern", func(r *http.Response, _ *string) { r.Header.Set("Cache-Control", "public, max-age=31") }},
		{"another media type", func(r *http.Response, _ *string) { r.Header.Set("Content-Type", "text/html") }},
		{"what is no JSON", func(_ *http.Response, body *string) { *body = (*body)[1:] }},
		{"nothing", func(_ *http.Response, body *string) { *body = "" }},
		{"a member that is missing", func(_ *http.Response, body *string) { *body = strings.Replace(*body, `"observed_at"`, `"observed"`, 1) }},
		{"a member that is not described", func(_ *http.Response, body *string) {
			*body = strings.Replace(*body, `{"place":`, `{"extra":1,"place":`, 1)
		}},
		{"a member that is not described, deeper", func(_ *http.Response, body *string) {
			*body = strings.Replace(*body, `"attempts":1`, `"attempts":1,"tries":1`, 1)
		}},
		{"text for a number", func(_ *http.Response, body *string) {
			*body = strings.Replace(*body, `"temperature":21`, `"temperature":"21"`, 1)
		}},
		{"an unknown word", func(_ *http.Response, body *string) { *body = strings.Replace(*body, `"live"`, `"fresh"`, 1) }},
		{"a time that is none", func(_ *http.Response, body *string) {
			*body = strings.Replace(*body, `"observed_at":"2`, `"observed_at":"x`, 1)
		}},
		{"a live source without an age", func(_ *http.Response, body *string) { *body = strings.Replace(*body, `"age_seconds":0,`, ``, 1) }},
		{"a live source with an error", func(_ *http.Response, body *string) {
			*body = strings.Replace(*body, `"attempts":1`, `"attempts":1,"error":{"code":"timeout","detail":"x"}`, 1)
		}},
	} {
		t.Run("it sees "+c.name, func(t *testing.T) {
			response, body := *good.Response, string(good.body)
			response.Header = good.Header.Clone()
			c.spoil(&response, &body)
			if got := theContract().Mistakes(good.Request, &response, []byte(body)); len(got) == 0 {
				t.Errorf("no mistake found in %d %v %s", response.StatusCode, response.Header, body)
			}
		})
	}
	if got := theContract().Mistakes(good.Request, good.Response, good.body); len(got) > 0 {
		t.Errorf("mistakes in what was good: %q", got)
	}
}
