package account

import (
	"encoding/json"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"

	"mentara/api"
	"mentara/internal/db/dbtest"
)

// TestOpenAPI checks what generators rely on. With MENTARA_OPENAPI=file it also
// writes the document of this package's routes there.
func TestOpenAPI(t *testing.T) {
	doc := openAPI(t)
	if out := os.Getenv("MENTARA_OPENAPI"); out != "" {
		if err := os.WriteFile(out, doc, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if string(doc) != string(openAPI(t)) {
		t.Error("the document differs from one start to the next")
	}
	var tree struct {
		Paths map[string]map[string]struct {
			OperationID string
			Summary     string
			Tags        []string
			Security    []map[string][]string
			Responses   map[string]struct {
				Content map[string]any
			}
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(doc, &tree); err != nil {
		t.Fatal(err)
	}
	if len(tree.Paths) < 18 {
		t.Errorf("only %d paths", len(tree.Paths))
	}
	for path, methods := range tree.Paths {
		for method, op := range methods {
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 || op.Security == nil {
				t.Errorf("%s %s is not described: %+v", method, path, op)
			}
			if op.Responses["default"].Content["application/problem+json"] == nil {
				t.Errorf("%s %s does not type its problems", method, path)
			}
		}
	}
	for _, stranger := range []string{"ErrorModel", "ErrorDetail", "$schema"} {
		if strings.Contains(string(doc), stranger) {
			t.Errorf("the document mentions %s", stranger)
		}
	}
}

func openAPI(t *testing.T) []byte {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	a := api.New(api.Options{Log: log, Version: "test"})
	New(dbtest.New(t), Options{Log: log, PublicURL: &url.URL{Scheme: "http", Host: "localhost:8080"}}).Routes(a)
	doc, err := a.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
