package signaling_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mentara/internal/auth"
	"mentara/internal/fault"
	"mentara/signaling"
)

// patience bounds every wait of these tests; nothing normal comes near it.
const patience = 10 * time.Second

// kit is a hub behind a real HTTP server.
type kit struct {
	*testing.T
	hub    *signaling.Hub
	server *httptest.Server
	url    string // ws://…
}

// Frames that the tests use.
type (
	echoReq struct {
		Text string `json:"text"`
		Deep *struct {
			Ints []int `json:"ints"`
		} `json:"deep,omitempty"`
	}
	echoRes struct {
		Text string   `json:"text"`
		List []string `json:"list"`
	}
	note struct {
		N int `json:"n"`
	}
	level struct {
		Who   string `json:"who"`
		Value int    `json:"value"`
	}
	empty struct{}
)

func (l level) SignalKey() string { return l.Who }

// principals by token.
func person(token string) (auth.Principal, error) {
	kind, id, ok := strings.Cut(token, ":")
	if !ok {
		return auth.Principal{}, fault.New(fault.Unauthenticated, "bad_token", "Please sign in.")
	}
	switch kind {
	case "user":
		return auth.Principal{ID: id, Kind: auth.User, Role: auth.Client, Name: "N", SessionID: "session-" + id}, nil
	case "staff":
		return auth.Principal{ID: id, Kind: auth.User, Role: auth.Therapist, Name: "S", SessionID: "session-" + id}, nil
	case "token":
		return auth.Principal{ID: id, Kind: auth.Token, Room: &auth.RoomGrant{Room: "R"}}, nil
	}
	return auth.Principal{}, errors.New("the database is away")
}

// testMux has the frames and topics of all tests.
func testMux() *signaling.Mux {
	m := signaling.NewMux()
	signaling.Handle(m, "test.echo", func(_ context.Context, _ *signaling.Conn, r echoReq) (echoRes, error) {
		return echoRes{Text: r.Text}, nil
	})
	signaling.Handle(m, "test.panic", func(context.Context, *signaling.Conn, empty) (empty, error) {
		panic("as asked")
	})
	signaling.Push[note](m, "test.note")
	signaling.Push[level](m, "test.level")
	m.Topic("open:", func(context.Context, auth.Principal, string) error { return nil })
	m.Topic("open:secret", func(context.Context, auth.Principal, string) error {
		return fault.New(fault.Forbidden, "secret", "No.")
	})
	return m
}

func authenticate(_ context.Context, token string) (auth.Principal, error) { return person(token) }

func newKit(t *testing.T, change func(m *signaling.Mux, o *signaling.Options)) *kit {
	t.Helper()
	return newKitWith(t, signaling.DefaultHistory(), change)
}

func newKitWith(t *testing.T, history signaling.HistoryLimits, change func(m *signaling.Mux, o *signaling.Options)) *kit {
	t.Helper()
	m := testMux()
	o := signaling.Options{Authenticate: authenticate}
	if change != nil {
		change(m, &o)
	}
	k := &kit{T: t, hub: signaling.NewHub(m, signaling.NewMemoryBroker(history), o)}
	k.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("as"); err == nil {
			if p, err := person(cookie.Value); err == nil {
				r = r.WithContext(auth.With(r.Context(), p))
			}
		}
		k.hub.ServeHTTP(w, r)
	}))
	k.url = "ws" + strings.TrimPrefix(k.server.URL, "http")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := k.hub.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		k.server.Close()
		// What has said that it is done may still be on its last line.
		for began := time.Now(); ; runtime.Gosched() {
			left := goroutinesOf("mentara/signaling.(*Conn)")
			if left == "" {
				return
			}
			if time.Since(began) > patience {
				t.Errorf("goroutines left after shutdown:\n%s", left)
				return
			}
		}
	})
	return k
}

// goroutinesOf returns the stacks that are in a function, not those that it once
// created and that are just ending.
func goroutinesOf(function string) string {
	buf := make([]byte, 1<<20)
	var found []string
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		running, _, _ := strings.Cut(stack, "created by ")
		if strings.Contains(running, function) {
			found = append(found, stack)
		}
	}
	return strings.Join(found, "\n\n")
}

// raw is a client that does exactly what a test says.
type raw struct {
	t  *testing.T
	ws *websocket.Conn
}

func (k *kit) dial(header http.Header) (*raw, *http.Response, error) {
	d := websocket.Dialer{Subprotocols: []string{signaling.Subprotocol}, HandshakeTimeout: patience}
	ws, res, err := d.Dial(k.url, header)
	if err != nil {
		return nil, res, err
	}
	k.Cleanup(func() { _ = ws.Close() })
	return &raw{k.T, ws}, res, nil
}

// open dials and does not say hello.
func (k *kit) open() *raw {
	k.Helper()
	r, _, err := k.dial(nil)
	if err != nil {
		k.Fatalf("dial: %v", err)
	}
	return r
}

// as dials and says hello with a token.
func (k *kit) as(token string) *raw {
	k.Helper()
	r := k.open()
	r.send(`{"id":1,"type":"hello","data":{"token":"` + token + `"}}`)
	if got := r.next(); got["error"] != nil {
		k.Fatalf("hello: %v", got)
	}
	return r
}

func (r *raw) send(text string) {
	r.t.Helper()
	_ = r.ws.SetWriteDeadline(time.Now().Add(patience))
	if err := r.ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		r.t.Fatalf("send: %v", err)
	}
}

type object = map[string]any

func (r *raw) next() object {
	r.t.Helper()
	_ = r.ws.SetReadDeadline(time.Now().Add(patience))
	_, text, err := r.ws.ReadMessage()
	if err != nil {
		r.t.Fatalf("read: %v", err)
	}
	var got object
	if err := json.Unmarshal(text, &got); err != nil {
		r.t.Fatalf("server sent %q: %v", text, err)
	}
	return got
}

// want reads one frame and compares it with JSON.
func (r *raw) want(text string) {
	r.t.Helper()
	got := r.next()
	var want object
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		r.t.Fatal(err)
	}
	if a, b := show(got), show(want); a != b {
		r.t.Fatalf("got  %s\nwant %s", a, b)
	}
}

func show(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// closed reads to the end and returns the close code.
func (r *raw) closed() *websocket.CloseError {
	r.t.Helper()
	_ = r.ws.SetReadDeadline(time.Now().Add(patience))
	for {
		if _, _, err := r.ws.ReadMessage(); err != nil {
			e, ok := errors.AsType[*websocket.CloseError](err)
			if !ok {
				r.t.Fatalf("no close frame: %v", err)
			}
			return e
		}
	}
}

func (r *raw) wantClosed(code int) {
	r.t.Helper()
	if got := r.closed(); got.Code != code {
		r.t.Fatalf("closed %d %q, want %d", got.Code, got.Text, code)
	}
}
