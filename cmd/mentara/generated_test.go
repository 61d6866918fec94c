package main

import (
	"bytes"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"mentara/configs"
	"mentara/signaling"
)

var update = flag.Bool("update", false, "rewrite the generated files")

// TestGenerated compares the OpenAPI document and the frame types of the web
// app with what the program says of itself. make generate rewrites them.
func TestGenerated(t *testing.T) {
	cfg := configs.Default()
	cfg.Data, cfg.Media.Port = t.TempDir(), 0
	p, err := build(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	}()
	doc, err := p.server.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		path string
		want []byte
	}{
		{"../../api/openapi.json", doc},
		{"../../web/src/lib/realtime/events.gen.ts", signaling.TypeScript(p.mux)},
	} {
		if *update {
			if err := os.WriteFile(f.path, f.want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, f.want) {
			t.Errorf("%s is stale: run make generate", filepath.Base(f.path))
		}
	}
}
