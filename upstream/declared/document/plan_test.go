package document_test

import (
	"bytes"
	"errors"
	"testing"
)

func TestPlan(t *testing.T) {
	var b bytes.Buffer
	if err := definitionOf(t, "testdata", "document.yaml").WritePlan(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan.golden.txt", b.Bytes())
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestPlanSaysThatItCannotBeWritten(t *testing.T) {
	if err := definitionOf(t, "testdata", "document.yaml").WritePlan(full{}); err == nil {
		t.Error("no error")
	}
}
