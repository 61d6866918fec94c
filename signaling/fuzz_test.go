package signaling

import (
	"encoding/json"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// fuzzReq has one of everything that a request may hold.
type fuzzReq struct {
	Text  string             `json:"text"`
	Count int8               `json:"count,omitempty"`
	Big   uint64             `json:"big,omitempty"`
	Ratio float64            `json:"ratio,omitempty"`
	On    bool               `json:"on,omitempty"`
	At    time.Time          `json:"at,omitzero"`
	Color color              `json:"color,omitempty"`
	Bytes []byte             `json:"bytes,omitempty"`
	Maybe *fuzzReq           `json:"maybe,omitempty"`
	List  []fuzzItem         `json:"list,omitempty"`
	Map   map[string]float32 `json:"map,omitempty"`
	Raw   json.RawMessage    `json:"raw,omitempty"`
	Any   any                `json:"any,omitempty"`
}

type fuzzItem struct {
	Name string `json:"name"`
	N    *int   `json:"n"`
}

type color string

func (color) Values() []string { return []string{"red", "green"} }

var fuzzSeeds = []string{
	`{"id":1,"type":"hello"}`,
	`{"id":1,"type":"hello","data":{"token":"t","resume":{"room:A":{"offset":1,"epoch":"E"}}}}`,
	`{"id":7,"type":"room.join","data":{"text":"a","count":-128,"big":18446744073709551615,"ratio":1e308,"on":true}}`,
	`{"id":7,"type":"x","data":{"text":"\ud83d\ude00\u00e9\n","at":"2026-11-23T10:00:00Z","color":"red","bytes":"AAEC"}}`,
	`{"id":7,"type":"x","data":{"text":"","maybe":{"text":"b","maybe":null},"list":[{"name":"n","n":null},{"name":"m"}]}}`,
	`{"id":7,"type":"x","data":{"text":"","map":{"a":1,"b":-0.5},"raw":[1,{"z":[]}],"any":{"q":1e999}}}`,
	`{"id":1,"id":2,"type":"x"}`, `{"id":1,"type":"x","data":{"__proto__":1}}`,
	`{"id":1,"type":"x","data":{"a":"\ud800"}}`, "{\"id\":1,\"type\":\"\xff\"}",
	`{"id":1,"type":"x","data":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}`,
	`{"id":1e0,"type":"x"}`, `{"id":NaN}`, ` { "id" : 1 , "type" : "x" } `, `[]`, `null`, ``, `{"id":1,"type":"x"}{}`,
	`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1,"r":1,"r":1}`,
}

// FuzzFrame holds the decoder to what PROTOCOL.md says: whatever is let through
// reads the same to every JSON parser, and no text costs much.
func FuzzFrame(f *testing.F) {
	for _, seed := range fuzzSeeds {
		f.Add([]byte(seed))
	}
	f.Add([]byte(`{"id":1,"type":"x","data":{"text":"","list":[` + strings.Repeat(`{"name":"","n":1},`, 500) + `{"name":""}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > MaxMessage {
			return
		}
		var fr frame
		var req fuzzReq
		var err, dataErr error
		cheap(t, len(text), func() {
			req, dataErr = fuzzReq{}, nil
			if fr, err = parseFrame(text); err == nil {
				dataErr = decodeData(fr.data, &req)
			}
		})
		if err != nil {
			if len(err.Error()) > 123 {
				t.Errorf("reason does not fit a close frame: %q", err)
			}
			return
		}
		if fr.id == 0 || fr.id > maxID || fr.kind == "" {
			t.Fatalf("let through id %d type %q", fr.id, fr.kind)
		}
		if dataErr != nil {
			if e, known := toError(dataErr); !known || e.Status != 422 || len(e.Fields) == 0 {
				t.Fatalf("bad data gave %+v", e)
			}
			return
		}
		// What we understood, written and read again, is the same.
		out, err := json.Marshal(req)
		if err != nil {
			t.Fatalf("marshal: %v", err)
		}
		if err := checkJSON(out); err != nil {
			t.Fatalf("our own text is refused: %v: %s", err, out)
		}
		var again fuzzReq
		if err := decodeData(out, &again); err != nil {
			t.Fatalf("our own text is refused: %v: %s", err, out)
		}
		if !reflect.DeepEqual(normal(t, req), normal(t, again)) {
			t.Fatalf("%s became %s", text, out)
		}
	})
}

// cheap fails if do takes 100 ms or allocates more than 64 bytes for each byte of
// its input, plus a fixed part for small ones. The machine may be busy with
// other things, so the best of three counts.
func cheap(t *testing.T, input int, do func()) {
	t.Helper()
	var took time.Duration
	var spent uint64
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		do()
		took = time.Since(began)
		runtime.ReadMemStats(&after)
		spent = after.TotalAlloc - before.TotalAlloc
		if took <= 100*time.Millisecond && spent <= 16<<10+64*uint64(input) {
			return
		}
	}
	t.Errorf("%d bytes took %v and allocated %d", input, took, spent)
}

func normal(t *testing.T, v any) (out any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
