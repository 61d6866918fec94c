package signaling_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mentara/internal/auth"
	"mentara/internal/fault"
	"mentara/signaling"
)

func TestGarbageCloses4400(t *testing.T) {
	k := newKit(t, nil)
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	for name, text := range map[string]string{
		"not JSON":               `hello`,
		"empty":                  ``,
		"NaN":                    `{"id":2,"type":"test.echo","data":{"text":NaN}}`,
		"trailing data":          `{"id":2,"type":"test.echo"} {}`,
		"array":                  `[1]`,
		"null":                   `null`,
		"key twice":              `{"id":2,"id":3,"type":"test.echo"}`,
		"key twice by escape":    `{"id":2,"type":"test.echo","data":{"text":"a","te\u0078t":"b"}}`,
		"nested key twice":       `{"id":2,"type":"test.echo","data":{"text":"a","deep":{"ints":[],"ints":[]}}}`,
		"envelope in other case": `{"ID":2,"type":"test.echo"}`,
		"unknown envelope key":   `{"id":2,"type":"test.echo","from":"me"}`,
		"no id":                  `{"type":"test.echo"}`,
		"id 0":                   `{"id":0,"type":"test.echo"}`,
		"id negative":            `{"id":-1,"type":"test.echo"}`,
		"id too large":           `{"id":9007199254740992,"type":"test.echo"}`,
		"id beyond 64 bits":      `{"id":99999999999999999999,"type":"test.echo"}`,
		"id with fraction":       `{"id":1.0,"type":"test.echo"}`,
		"id a string":            `{"id":"2","type":"test.echo"}`,
		"no type":                `{"id":2}`,
		"type empty":             `{"id":2,"type":""}`,
		"type null":              `{"id":2,"type":null}`,
		"type long":              `{"id":2,"type":"` + strings.Repeat("a", 66) + `"}`,
		"data null":              `{"id":2,"type":"test.echo","data":null}`,
		"data an array":          `{"id":2,"type":"test.echo","data":[]}`,
		"broken UTF-8":           "{\"id\":2,\"type\":\"test.echo\",\"data\":{\"text\":\"\xff\"}}",
		"lone surrogate":         `{"id":2,"type":"test.echo","data":{"text":"\ud800"}}`,
		"surrogates swapped":     `{"id":2,"type":"test.echo","data":{"text":"\udc00\ud800"}}`,
		"NUL":                    `{"id":2,"type":"test.echo","data":{"text":"\u0000"}}`,
		"NUL in a key":           `{"id":2,"type":"test.echo","data":{"\u0000":1}}`,
		"__proto__":              `{"id":2,"type":"test.echo","data":{"__proto__":{}}}`,
		"constructor, escaped":   `{"id":2,"type":"test.echo","data":{"c\u006fnstructor":{}}}`,
		"too deep":               `{"id":2,"type":"test.echo","data":` + deep + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := k.as("user:a" + fmt.Sprint(len(text)) + name)
			c.t = t
			c.send(text)
			c.wantClosed(signaling.CloseBadMessage)
		})
	}
}

func TestWrongDataIsAnswered(t *testing.T) {
	k := newKit(t, nil)
	c := k.as("user:a")
	for i, test := range []struct{ data, location string }{
		{`{}`, "data.text"},
		{`{"text":null}`, "data.text"},
		{`{"text":1}`, "data.text"},
		{`{"text":{}}`, "data.text"},
		{`{"Text":"a","text":"a"}`, "data.Text"},
		{`{"text":"a","more":1}`, "data.more"},
		{`{"text":"a","deep":[]}`, "data.deep"},
		{`{"text":"a","deep":{}}`, "data.deep.ints"},
		{`{"text":"a","deep":{"ints":[1,2.5]}}`, "data.deep.ints[1]"},
		{`{"text":"a","deep":{"ints":[1,1e3]}}`, "data.deep.ints[1]"},
		{`{"text":"a","deep":{"ints":[9223372036854775808]}}`, "data.deep.ints[0]"},
		{`{"text":"a","deep":{"ints":null}}`, "data.deep.ints"},
	} {
		c.send(fmt.Sprintf(`{"id":%d,"type":"test.echo","data":%s}`, i+2, test.data))
		got := c.next()
		e, _ := got["error"].(object)
		if e["status"] != 422.0 || e["code"] != "invalid_data" || !strings.Contains(show(e["fields"]), `"location":"`+test.location+`"`) {
			t.Errorf("%s: got %s, want 422 naming %s", test.data, show(got), test.location)
		}
	}
	c.send(`{"id":90,"type":"no.such"}`)
	if got := show(c.next()); !strings.Contains(got, `"status":404`) {
		t.Errorf("unknown type: %s", got)
	}
	// The connection has survived all of that. Emoji and null pointers are fine,
	// and a nil list is no null.
	c.send(`{"id":91,"type":"test.echo","data":{"text":"\ud83d\ude42","deep":null}}`)
	c.want(`{"re":91,"data":{"text":"🙂","list":[]}}`)
}

func TestHello(t *testing.T) {
	k := newKit(t, func(_ *signaling.Mux, o *signaling.Options) {
		o.Limits.HelloTimeout = 200 * time.Millisecond
		o.Verify = func(_ context.Context, p auth.Principal) error {
			if p.ID == "ended" {
				return fault.New(fault.Unauthenticated, "session_ended", "Please sign in.")
			}
			return nil
		}
	})
	cookie := http.Header{"Cookie": {"as=user:cookie"}}
	for name, test := range map[string]struct {
		header http.Header
		send   string
		code   int
		text   string // in the frame before
	}{
		"silence":            {send: "", code: signaling.CloseAuthTimeout},
		"something else":     {send: `{"id":1,"type":"ping"}`, code: signaling.CloseBadMessage},
		"nobody":             {send: `{"id":1,"type":"hello"}`, code: signaling.CloseSession, text: `"status":401`},
		"bad token":          {send: `{"id":1,"type":"hello","data":{"token":"x"}}`, code: signaling.CloseSession, text: "bad_token"},
		"bad token, cookie":  {header: cookie, send: `{"id":1,"type":"hello","data":{"token":"x"}}`, code: signaling.CloseSession},
		"ended session":      {send: `{"id":1,"type":"hello","data":{"token":"user:ended"}}`, code: signaling.CloseSession, text: "session_ended"},
		"no database":        {send: `{"id":1,"type":"hello","data":{"token":"broken:x"}}`, code: signaling.CloseOverload, text: `"status":500`},
		"unknown field":      {header: cookie, send: `{"id":1,"type":"hello","data":{"user":"root"}}`, code: signaling.CloseBadMessage, text: "data.user"},
		"resume of nonsense": {header: cookie, send: `{"id":1,"type":"hello","data":{"resume":{"a":1}}}`, code: signaling.CloseBadMessage, text: "data.resume.a"},
		"hello again":        {header: cookie, send: `{"id":1,"type":"hello"}|{"id":2,"type":"hello"}`, code: signaling.CloseBadMessage, text: `"re":1`},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, err := k.dial(test.header)
			if err != nil {
				t.Fatal(err)
			}
			c.t = t
			for _, text := range strings.Split(test.send, "|") {
				if text != "" {
					c.send(text)
				}
			}
			if test.text != "" {
				if got := show(c.next()); !strings.Contains(got, test.text) {
					t.Errorf("got %s, want %s in it", got, test.text)
				}
			}
			c.wantClosed(test.code)
		})
	}
	c, _, err := k.dial(cookie)
	if err != nil {
		t.Fatal(err)
	}
	c.send(`{"id":1,"type":"hello"}`)
	got := c.next()["data"].(object)
	if show(got["user"]) != `{"id":"cookie","kind":"user","name":"N","role":"client"}` || got["heartbeat"] != 10000.0 || show(got["topics"]) != "{}" {
		t.Errorf("hello reply %s", show(got))
	}
}

func TestOrigin(t *testing.T) {
	k := newKit(t, func(_ *signaling.Mux, o *signaling.Options) { o.Origins = []string{"https://Clinic.example:443"} })
	host := strings.TrimPrefix(k.server.URL, "http://")
	for origin, ok := range map[string]bool{
		"":                               true,
		"http://" + host:                 true,
		"https://clinic.example":         true,
		"http://clinic.example":          false,
		"https://clinic.example.evil.io": false,
		"https://evil.example":           false,
		"null":                           false,
		"file://" + host:                 false,
		"http://" + host + ".evil.io":    false,
		"http://user@" + host:            true, // the host is what counts, and no browser sends this
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		c, res, err := k.dial(header)
		if (err == nil) != ok {
			t.Errorf("origin %q: let in %v, want %v", origin, err == nil, ok)
		}
		if !ok && err != nil && (res.StatusCode != 403 || res.Header.Get("Content-Type") != "application/problem+json") {
			t.Errorf("origin %q: %d %s", origin, res.StatusCode, res.Header.Get("Content-Type"))
		}
		if c != nil {
			_ = c.ws.Close()
		}
	}
	d := websocket.Dialer{}
	if _, res, err := d.Dial(k.url, nil); err == nil || res.StatusCode != 400 {
		t.Error("a client without the subprotocol was let in")
	}
	res, err := http.Get(k.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 400 {
		t.Errorf("plain GET: %d", res.StatusCode)
	}
}

func TestLimits(t *testing.T) {
	stuck, release := make(chan struct{}), make(chan struct{})
	k := newKit(t, func(m *signaling.Mux, o *signaling.Options) {
		signaling.Handle(m, "test.stick", func(ctx context.Context, _ *signaling.Conn, _ empty) (empty, error) {
			close(stuck)
			<-release
			return empty{}, ctx.Err()
		})
		o.Limits.Topics = 3
	})
	t.Run("message too big", func(t *testing.T) {
		c := k.as("user:a")
		c.send(`{"id":2,"type":"test.echo","data":{"text":"` + strings.Repeat("a", signaling.MaxMessage) + `"}}`)
		c.wantClosed(signaling.CloseTooBig)
	})
	t.Run("binary", func(t *testing.T) {
		c := k.as("user:a")
		if err := c.ws.WriteMessage(websocket.BinaryMessage, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		c.wantClosed(signaling.CloseUnsupported)
	})
	t.Run("too many messages", func(t *testing.T) {
		c := k.as("user:a")
		for i := range 200 {
			c.send(fmt.Sprintf(`{"id":%d,"type":"ping"}`, i+2))
		}
		c.wantClosed(signaling.CloseTooMany)
	})
	t.Run("too many pings", func(t *testing.T) {
		c := k.as("user:a")
		for range 200 {
			_ = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience))
		}
		c.wantClosed(signaling.CloseTooMany)
	})
	t.Run("a burst is fine", func(t *testing.T) {
		c := k.as("user:a")
		for i := range 90 {
			c.send(fmt.Sprintf(`{"id":%d,"type":"ping"}`, i+2))
		}
		for i := range 90 {
			c.want(fmt.Sprintf(`{"re":%d,"data":{}}`, i+2))
		}
	})
	t.Run("same id in flight", func(t *testing.T) {
		c := k.as("user:a")
		c.send(`{"id":5,"type":"test.stick"}`)
		<-stuck
		c.send(`{"id":5,"type":"ping"}`)
		c.wantClosed(signaling.CloseBadMessage)
		close(release)
	})
	t.Run("topics", func(t *testing.T) {
		c := k.as("user:a")
		for i := range 3 {
			c.send(fmt.Sprintf(`{"id":%d,"type":"topic.subscribe","data":{"topic":"open:%d"}}`, i+2, i))
			if got := c.next(); got["error"] != nil {
				t.Fatal(got)
			}
		}
		c.send(`{"id":9,"type":"topic.subscribe","data":{"topic":"open:more"}}`)
		if got := show(c.next()); !strings.Contains(got, "too_many_topics") {
			t.Error(got)
		}
	})
}

// One client's broken handler is nobody else's business.
func TestPanicClosesOnlyItsSocket(t *testing.T) {
	var closed atomic.Int32
	k := newKit(t, func(m *signaling.Mux, _ *signaling.Options) {
		m.OnClose(func(*signaling.Conn) { closed.Add(1); panic("also this") })
	})
	a, b := k.as("user:a"), k.as("user:b")
	a.send(`{"id":2,"type":"test.panic"}`)
	a.wantClosed(signaling.CloseInternal)
	b.send(`{"id":2,"type":"test.echo","data":{"text":"here"}}`)
	b.want(`{"re":2,"data":{"text":"here","list":[]}}`)
	if got := k.hub.Stats(); got.Panics == 0 || got.Closed[signaling.CloseInternal] != 1 {
		t.Errorf("stats %+v", got)
	}
}

func TestHandlersRunInOrderAndErrorsAreShown(t *testing.T) {
	var running atomic.Int32
	k := newKit(t, func(m *signaling.Mux, _ *signaling.Options) {
		signaling.Handle(m, "test.slow", func(context.Context, *signaling.Conn, empty) (note, error) {
			if running.Add(1) != 1 {
				t.Error("two handlers of one connection at once")
			}
			defer running.Add(-1)
			time.Sleep(time.Millisecond)
			return note{}, nil
		})
		signaling.Handle(m, "test.fault", func(ctx context.Context, c *signaling.Conn, _ empty) (empty, error) {
			if p, ok := auth.From(ctx); !ok || p.ID != c.Principal().ID {
				t.Error("no principal in the context")
			}
			return empty{}, fmt.Errorf("open: %w", fault.New(fault.Conflict, "slot_taken", "Taken.").After(1500*time.Millisecond))
		})
		signaling.Handle(m, "test.bug", func(context.Context, *signaling.Conn, empty) (empty, error) {
			return empty{}, errors.New("password=hunter2")
		})
	})
	c := k.as("user:a")
	for i := range 30 {
		c.send(fmt.Sprintf(`{"id":%d,"type":"test.slow"}`, i+2))
	}
	for i := range 30 {
		c.want(fmt.Sprintf(`{"re":%d,"data":{"n":0}}`, i+2))
	}
	c.send(`{"id":50,"type":"test.fault"}`)
	c.want(`{"re":50,"error":{"status":409,"code":"slot_taken","message":"Taken.","retryAfter":2}}`)
	c.send(`{"id":51,"type":"test.bug"}`)
	c.want(`{"re":51,"error":{"status":500,"code":"internal","message":"Something went wrong on our side."}}`)
}

// A tab that closes says room.leave and goes. What it asked must still happen,
// before OnClose.
func TestLastWordIsHandled(t *testing.T) {
	events := make(chan string, 4)
	var k *kit
	k = newKit(t, func(m *signaling.Mux, _ *signaling.Options) {
		signaling.Handle(m, "test.leave", func(ctx context.Context, c *signaling.Conn, _ empty) (empty, error) {
			for len(k.hub.Stats().Closed) == 0 { // until the socket is gone
				runtime.Gosched()
			}
			events <- fmt.Sprint("left ", ctx.Err())
			return empty{}, nil
		})
		m.OnClose(func(*signaling.Conn) { events <- "closed" })
	})
	c := k.as("user:a")
	c.send(`{"id":2,"type":"test.leave"}`)
	_ = c.ws.Close()
	for _, want := range []string{"left <nil>", "closed"} {
		select {
		case got := <-events:
			if got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		case <-time.After(patience):
			t.Fatalf("no %q", want)
		}
	}
}

func TestSocketsOfOneIdentity(t *testing.T) {
	k := newKit(t, nil)
	var all []*raw
	for range 10 {
		all = append(all, k.as("user:a"))
	}
	other := k.as("token:a") // the same text, another kind of identity
	k.as("user:a")
	all[0].wantClosed(signaling.CloseReplaced)
	k.as("user:a")
	all[1].wantClosed(signaling.CloseReplaced)
	k.hub.SendTo("a", "test.note", note{7})
	all[2].want(`{"type":"test.note","data":{"n":7}}`)
	k.hub.Revoke("session-a")
	all[2].wantClosed(signaling.CloseSession)
	all[9].wantClosed(signaling.CloseSession)
	other.send(`{"id":2,"type":"ping"}`)
	other.want(`{"re":2,"data":{}}`) // neither replaced, nor sent to, nor revoked
}

func TestSocketsOfOneAddress(t *testing.T) {
	k := newKit(t, func(_ *signaling.Mux, o *signaling.Options) {
		o.Limits.SocketsPerAddress = 2
		o.Address = func(r *http.Request) string { return r.Header.Get("Test-Address") }
	})
	from := func(address string) (*raw, int) {
		r, res, err := k.dial(http.Header{"Test-Address": {address}})
		if err != nil && res == nil {
			t.Fatal(err)
		}
		return r, res.StatusCode
	}
	first, _ := from("192.0.2.1")
	from("192.0.2.1")
	if _, status := from("192.0.2.1"); status != http.StatusTooManyRequests {
		t.Errorf("a third socket of one address: %d", status)
	}
	if _, status := from("192.0.2.2"); status != http.StatusSwitchingProtocols {
		t.Errorf("another address suffers: %d", status)
	}
	_ = first.ws.Close()
	for began := time.Now(); ; runtime.Gosched() { // the place is free once the server saw the end
		if _, status := from("192.0.2.1"); status == http.StatusSwitchingProtocols {
			break
		}
		if time.Since(began) > patience {
			t.Fatal("a closed socket still counts")
		}
	}
}

func TestRevokeBeforeHello(t *testing.T) {
	k := newKit(t, nil)
	c, _, err := k.dial(http.Header{"Cookie": {"as=user:a"}})
	if err != nil {
		t.Fatal(err)
	}
	for k.hub.Stats().Sockets == 0 {
		time.Sleep(time.Millisecond) // the upgrade is answered just before
	}
	k.hub.Revoke("session-a")
	c.wantClosed(signaling.CloseSession)
}

func TestNoRoomForMoreSockets(t *testing.T) {
	k := newKit(t, func(_ *signaling.Mux, o *signaling.Options) { o.Limits.Sockets = 2 })
	k.as("user:a")
	k.as("user:b")
	_, res, err := k.dial(nil)
	if err == nil || res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("third socket: %v %v", res, err)
	}
}

func TestHalfOpenSocketIsNoticed(t *testing.T) {
	gone := make(chan struct{})
	k := newKit(t, func(m *signaling.Mux, o *signaling.Options) {
		o.Limits.Heartbeat = 50 * time.Millisecond
		m.OnClose(func(c *signaling.Conn) {
			if c.Principal().ID == "deaf" {
				close(gone)
			}
		})
	})
	alive := k.as("user:alive")
	deaf := k.as("user:deaf")
	deaf.ws.SetPingHandler(func(string) error { return nil })
	go func() { // reading is what answers pings
		for {
			if _, _, err := deaf.ws.ReadMessage(); err != nil {
				return
			}
		}
	}()
	read := make(chan error, 1)
	go func() { _, _, err := alive.ws.ReadMessage(); read <- err }()
	select {
	case <-gone:
	case <-time.After(patience):
		t.Fatal("the deaf socket is still there")
	}
	select {
	case err := <-read:
		t.Fatalf("the living one was closed too: %v", err)
	default:
	}
}

func TestVerifyEndsSockets(t *testing.T) {
	var ended atomic.Bool
	k := newKit(t, func(_ *signaling.Mux, o *signaling.Options) {
		o.Limits.Heartbeat = 20 * time.Millisecond
		o.Limits.VerifyEvery = 20 * time.Millisecond
		o.Verify = func(context.Context, auth.Principal) error {
			if ended.Load() {
				return fault.New(fault.Unauthenticated, "session_ended", "Please sign in.")
			}
			return nil
		}
	})
	c := k.as("user:a")
	ended.Store(true)
	c.wantClosed(signaling.CloseSession)
}

func TestShutdown(t *testing.T) {
	k := newKit(t, nil)
	c := k.as("user:a")
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- k.hub.Run(ctx) }()
	cancel()
	c.wantClosed(signaling.CloseRestart)
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if _, res, err := k.dial(nil); err == nil || res.StatusCode != 503 {
		t.Error("a stopped hub let a socket in")
	}
}
