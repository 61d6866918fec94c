package signaling

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

type tsReq struct {
	Room   string            `json:"room"`
	Color  color             `json:"color"`
	Device string            `json:"device,omitempty"`
	Views  []tsView          `json:"views"`
	Colors []color           `json:"colors,omitempty"`
	Labels map[string]string `json:"labels"`
	Hidden string            `json:"-"`
}

type tsView struct {
	Width  int     `json:"width"`
	Scale  float64 `json:"scale,omitzero"`
	Parent *tsView `json:"parent"`
	Next   *tsView `json:"next,omitempty"`
}

type tsBase struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

type tsRes struct {
	tsBase
	Ended  *time.Time `json:"ended,omitempty"`
	Bytes  []byte     `json:"bytes"`
	Any    any        `json:"any"`
	Raw    []byte     `json:"x-raw,omitempty"`
	Inline []struct {
		A int `json:"a"`
		B any `json:"b,omitempty"`
	} `json:"inline"`
	Extra json.RawMessage `json:"extra,omitempty"`
}

func TestTypeScript(t *testing.T) {
	m := NewMux()
	Handle(m, "room.join", func(context.Context, *Conn, tsReq) (tsRes, error) { return tsRes{}, nil })
	Push[tsView](m, "room.view")
	got := TypeScript(m)
	const golden = "testdata/events.gen.ts"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("TypeScript differs from %s; run go test -update and read the change:\n%s", golden, got)
	}
	if !bytes.Equal(got, TypeScript(m)) {
		t.Error("not the same twice")
	}
}

// A list that the TypeScript calls T[] never arrives as null, and filling it in
// leaves the caller's value alone.
func TestListsAreNeverNull(t *testing.T) {
	m := NewMux()
	type item struct {
		Names []string       `json:"names"`
		Map   map[string]int `json:"map"`
	}
	type deep struct {
		Items   []item          `json:"items"`
		ByID    map[string]item `json:"byId"`
		Pointer *item           `json:"pointer"`
		Absent  []int           `json:"absent,omitempty"`
	}
	Push[deep](m, "test.deep")
	data := deep{Items: make([]item, 1), ByID: map[string]item{"a": {}}, Pointer: &item{}}
	got, err := m.encode("test.deep", &data)
	const want = `{"items":[{"names":[],"map":{}}],"byId":{"a":{"names":[],"map":{}}},"pointer":{"names":[],"map":{}}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	if data.Items[0].Names != nil || data.ByID["a"].Map != nil || data.Pointer.Names != nil {
		t.Error("the caller's value has changed")
	}
	if got, _ := m.encode("test.deep", deep{}); string(got) != `{"items":[],"byId":{},"pointer":null}` {
		t.Errorf("empty: %s", got)
	}
	if _, err := m.encode("test.other", deep{}); err == nil {
		t.Error("an undeclared push was encoded")
	}
	if _, err := m.encode("test.deep", item{}); err == nil {
		t.Error("foreign data was encoded")
	}
	if _, err := m.encode("test.deep", nil); err == nil {
		t.Error("no data was encoded")
	}
}

func TestWiringMistakesPanic(t *testing.T) {
	type none struct{}
	type untagged struct{ Name string }
	handle := func(context.Context, *Conn, none) (none, error) { return none{}, nil }
	for name, do := range map[string]func(m *Mux){
		"request twice":   func(m *Mux) { Handle(m, "a.b", handle); Handle(m, "a.b", handle) },
		"built-in":        func(m *Mux) { Handle(m, "hello", handle) },
		"bad name":        func(m *Mux) { Handle(m, "A b", handle) },
		"bad push name":   func(m *Mux) { Push[none](m, "a.b.c") },
		"two push types":  func(m *Mux) { Push[none](m, "a.b"); Push[tsBase](m, "a.b") },
		"push no struct":  func(m *Mux) { Push[string](m, "a.b") },
		"reply no struct": func(m *Mux) { Handle(m, "a.b", func(context.Context, *Conn, none) (int, error) { return 0, nil }) },
		"field untagged":  func(m *Mux) { Push[untagged](m, "a.b") },
		"topic twice":     func(m *Mux) { m.Topic("a:", nil); m.Topic("a:", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if p := recover(); p == nil || !strings.HasPrefix(p.(string), "signaling: ") {
					t.Errorf("panic %v", p)
				}
			}()
			do(NewMux())
		})
	}
	m := NewMux() // the same push from two areas is no mistake
	Push[tsBase](m, "a.b")
	Push[tsBase](m, "a.b")
}

// Every close code and every limit that the code knows stands in PROTOCOL.md.
func TestProtocolNamesEverything(t *testing.T) {
	page, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 4400 |", "| 4401 |", "| 4403 |", "| 4408 |", "| 4409 |", "| 4429 |", "| 1001 |", "| 1002 |",
		"| 1003 |", "| 1009 |", "| 1011 |", "| 1012 |", "| 1013 |",
		"64 KiB", "50 per second, burst 100", "`mentara.v1`", "more than 128 frames, 128 KiB or 5 minutes",
	} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("PROTOCOL.md lacks %q", want)
		}
	}
	for name := range NewMux().requests {
		if !bytes.Contains(page, []byte("`"+name)) && !bytes.Contains(page, []byte(`"type": "`+name)) {
			t.Errorf("PROTOCOL.md lacks request %s", name)
		}
	}
	for name := range NewMux().pushes {
		if !bytes.Contains(page, []byte("`"+name)) {
			t.Errorf("PROTOCOL.md lacks push %s", name)
		}
	}
	if h := DefaultHistory(); h.Frames != 128 || h.Bytes != 128<<10 || h.Age != 5*time.Minute {
		t.Errorf("PROTOCOL.md speaks of another history than %+v", h)
	}
	if l := (Limits{}).withDefaults(); l.Rate != 50 || l.Burst != 100 || l.SocketsPerUser != 10 || l.Topics != 128 ||
		l.HelloTimeout != 5*time.Second || l.RequestTimeout != 15*time.Second || l.deadAfter() != 25*time.Second {
		t.Errorf("PROTOCOL.md speaks of other limits than %+v", l)
	}
}
