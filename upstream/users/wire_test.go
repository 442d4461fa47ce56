package users

import "testing"

func TestFlag(t *testing.T) {
	for written, want := range map[string]string{
		`true`: "true", `false`: "false", `1`: "true", `0`: "false",
		`"true"`: "true", `"false"`: "false", `"1"`: "true", `"0"`: "false",
		`null`: "unknown", `2`: "unknown", `-1`: "unknown", `1.0`: "unknown", `0e0`: "unknown", `""`: "unknown", `"yes"`: "unknown",
		`"True"`: "unknown", `" 1"`: "unknown", `[]`: "unknown", `{}`: "unknown",
	} {
		var f flag
		if err := f.UnmarshalJSON([]byte(written)); err != nil {
			t.Fatal(err)
		}
		got := "unknown"
		if f.value != nil {
			got = asJSON(t, *f.value)
		}
		if got != want {
			t.Errorf("%s is read as %s, want %s", written, got, want)
		}
	}
}
