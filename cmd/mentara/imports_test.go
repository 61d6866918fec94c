package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The import map of the house: imports point down, slices do not know each
// other, and a library that belongs to one package stays there.

// level says how high a package stands; an import must point strictly down,
// except inside one family (sfu and its leaves, a kit and its own client).
func level(pkg string) int {
	switch {
	case strings.HasPrefix(pkg, "cmd/"):
		return 4
	case isSlice(pkg):
		return 3
	case pkg == "api", pkg == "signaling", pkg == "signaling/client":
		return 2
	case pkg == "sfu", strings.HasPrefix(pkg, "sfu/"):
		return 1
	default: // internal/*, configs, web
		return 0
	}
}

func isSlice(pkg string) bool {
	if pkg == "recording" || strings.HasPrefix(pkg, "recording/") {
		return true
	}
	door, rest, nested := strings.Cut(pkg, "/")
	return nested && (door == "api" || door == "signaling") && rest != "client"
}

// slicePairs are the only slices that may import another package at or above
// their own level.
var slicePairs = map[string]string{
	"signaling/jitsi": "signaling/room",
}

// internalOrder is the order inside internal/: a package may import those
// before it.
var internalOrder = []string{"internal/fault", "internal/auth", "internal/event", "internal/db", "internal/db/dbtest", "internal/job", "internal/blob", "internal/blob/blobtest"}

// recordingOrder is the order of the parts below recording: one may import
// those before it, and parts that are not named here may import all of them.
var recordingOrder = []string{"recording/timeline", "recording/journal", "recording/webm", "recording/mediatest", "recording/capture", "recording/final"}

// homes names, for a library, the packages it may appear in.
var homes = map[string][]string{
	"github.com/pion/":               {"sfu"},
	"github.com/gorilla/websocket":   {"signaling", "signaling/client"},
	"github.com/gin-gonic/gin":       {"api", "signaling/room", "recording", "cmd/mentara"},
	"modernc.org/sqlite":             {"internal/db"},
	"github.com/jackc/pgx":           {"internal/db", "internal/db/dbtest"},
	"github.com/pressly/goose":       {"internal/db"},
	"github.com/stripe/stripe-go":    {"api/billing"},
	"github.com/redis/go-redis":      {"signaling", "signaling/presence", "signaling/room"},
	"github.com/alexedwards/":        {"api/account"},
	"github.com/golang-jwt/jwt":      {"signaling/room", "signaling/jitsi"},
	"go.yaml.in/yaml":                {"configs"},
	"github.com/prometheus/":         {"cmd/mentara"},
	"golang.org/x/crypto/acme":       {"cmd/mentara"},
	"github.com/minio/":              {"internal/blob"},
	"github.com/at-wat/ebml-go":      {"recording/webm"},
	"github.com/johannesboyne/":      {"internal/blob/blobtest"},
	"github.com/danielgtaylor/huma/": {"api", "api/account", "signaling/room", "recording", "cmd/mentara"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range listPackages(t) {
		from := strings.TrimPrefix(p.ImportPath, "mentara/")
		for _, imp := range p.Imports {
			if to, ours := strings.CutPrefix(imp, "mentara/"); ours {
				if err := allowed(from, to); err != nil {
					t.Errorf("%s imports %s: %v", from, to, err)
				}
				continue
			}
			for lib, packages := range homes {
				if strings.HasPrefix(imp, lib) && !slices.ContainsFunc(packages, func(home string) bool {
					return from == home || strings.HasPrefix(from, home+"/")
				}) {
					t.Errorf("%s imports %s, which lives in %v", from, imp, packages)
				}
			}
		}
	}
}

func allowed(from, to string) error {
	if slicePairs[from] == to {
		return nil
	}
	family := func(pkg string) string { door, _, _ := strings.Cut(pkg, "/"); return door }
	switch {
	case family(from) == "sfu":
		if family(to) != "sfu" {
			return errors.New("sfu stands alone")
		}
		if from != "sfu" && to == "sfu" && !strings.HasPrefix(from, "sfu/sfutest") {
			return errors.New("a leaf does not know the plane")
		}
	case family(from) == "configs":
		return errors.New("configs knows nobody")
	case family(from) == "internal" && family(to) == "internal":
		if slices.Index(internalOrder, from) <= slices.Index(internalOrder, to) {
			return errors.New("wrong order inside internal")
		}
	case to == "sfu" || strings.HasPrefix(to, "sfu/"):
		if from != "signaling/room" && from != "recording" && from != "recording/capture" && level(from) != 4 {
			return errors.New("only rooms and the recorder touch the media plane")
		}
	case family(from) == "recording" && slices.Contains(recordingOrder, to):
		if i := slices.Index(recordingOrder, from); i >= 0 && i <= slices.Index(recordingOrder, to) {
			return errors.New("wrong order inside recording")
		}
	case isSlice(from) && isSlice(to) && strings.HasPrefix(to, from+"/"):
		return nil // a slice's own part
	case level(from) <= level(to):
		return errors.New("points up or sideways")
	}
	return nil
}

// TestImportMapRefuses proves that the map can fail.
func TestImportMapRefuses(t *testing.T) {
	for _, bad := range [][2]string{
		{"api/booking", "api/billing"},
		{"signaling", "signaling/room"},
		{"api", "signaling"},
		{"internal/event", "internal/db"},
		{"internal/job", "api"},
		{"sfu", "internal/fault"},
		{"sfu/layer", "sfu"},
		{"api/account", "sfu"},
		{"configs", "internal/fault"},
		{"recording/journal", "recording/final"},
		{"recording/final", "recording"},
		{"recording/final", "sfu"},
		{"recording/journal", "recording/capture"},
		{"sfu/frame", "sfu"},
		{"recording/review", "recording"},
		{"recording/review", "recording/retain"},
	} {
		if allowed(bad[0], bad[1]) == nil {
			t.Errorf("%s may import %s", bad[0], bad[1])
		}
	}
	for _, good := range [][2]string{
		{"cmd/mentara", "signaling/room"},
		{"signaling/room", "sfu"},
		{"signaling/jitsi", "signaling/room"},
		{"api/account", "api"},
		{"internal/job", "internal/db"},
		{"sfu", "sfu/layer"},
		{"recording/final", "recording/journal"},
		{"recording", "recording/final"},
		{"recording", "sfu"},
		{"recording/capture", "sfu"},
		{"recording/capture", "sfu/frame"},
		{"recording/capture", "recording/timeline"},
		{"recording/review", "recording/timeline"},
	} {
		if err := allowed(good[0], good[1]); err != nil {
			t.Errorf("%s may not import %s: %v", good[0], good[1], err)
		}
	}
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "mentara/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
