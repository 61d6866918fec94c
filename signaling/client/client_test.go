package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// script is a server that does what the test says, one function a connection.
// It knows nothing of the real server: what it says is PROTOCOL.md's.
func script(t *testing.T, connections ...func(ws *websocket.Conn)) (url string) {
	t.Helper()
	var mu sync.Mutex
	next := 0
	upgrader := websocket.Upgrader{Subprotocols: []string{Subprotocol}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n := next
		next++
		mu.Unlock()
		if n >= len(connections) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = ws.Close() }()
		connections[n](ws)
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// say writes frames; hear reads one and wants it to be this.
func say(ws *websocket.Conn, frames ...string) {
	for _, f := range frames {
		_ = ws.WriteMessage(websocket.TextMessage, []byte(f))
	}
}

func hear(t *testing.T, ws *websocket.Conn, want string) {
	t.Helper()
	_, text, err := ws.ReadMessage()
	if err != nil || string(text) != want {
		t.Errorf("client said %s, %v\nwant        %s", text, err, want)
	}
}

func bye(ws *websocket.Conn, code int) {
	_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, "because"), time.Now().Add(time.Second))
	_, _, _ = ws.ReadMessage()
}

const hello = `{"re":1,"data":{"connection":"C","heartbeat":10000,"user":{"id":"U","name":"N","kind":"user","role":"admin"},"topics":%s}}`

func quick(o Options) Options {
	o.Backoff = func(int) time.Duration { return 0 }
	return o
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// The worked example of PROTOCOL.md, and what may go wrong in it.
func TestResume(t *testing.T) {
	url := script(t,
		func(ws *websocket.Conn) {
			hear(t, ws, `{"data":{"token":"T"},"id":1,"type":"hello"}`)
			say(ws, fmt.Sprintf(hello, "{}"))
			hear(t, ws, `{"data":{"topic":"room:ABC"},"id":2,"type":"topic.subscribe"}`)
			say(ws, `{"re":2,"data":{"offset":10,"epoch":"K3","recovered":false}}`,
				`{"type":"n","topic":"room:ABC","offset":11,"data":{}}`,
				`{"type":"n","topic":"room:ABC","offset":11,"data":{}}`, // a repeat
				`{"type":"n","topic":"room:ABC","offset":12,"data":{}}`,
				`{"type":"n","topic":"room:XYZ","offset":1,"data":{}}`) // never subscribed
			bye(ws, 1012)
		},
		func(ws *websocket.Conn) {
			hear(t, ws, `{"data":{"resume":{"room:ABC":{"offset":12,"epoch":"K3"}},"token":"T"},"id":1,"type":"hello"}`)
			say(ws, `{"type":"n","topic":"room:ABC","offset":13,"data":{}}`,
				fmt.Sprintf(hello, `{"room:ABC":{"offset":13,"epoch":"K3","recovered":true}}`),
				`{"type":"topic.subscribed","data":{"topic":"room:B","offset":5,"epoch":"B1"}}`,
				`{"type":"n","topic":"room:B","offset":6,"data":{}}`,
				`{"type":"n","topic":"room:ABC","data":{}}`) // a signal
			_ = ws.NetConn().Close()
		},
		func(ws *websocket.Conn) {
			hear(t, ws, `{"data":{"resume":{"room:ABC":{"offset":13,"epoch":"K3"},"room:B":{"offset":6,"epoch":"B1"}},"token":"T"},"id":1,"type":"hello"}`)
			say(ws, fmt.Sprintf(hello, `{"room:ABC":{"offset":2,"epoch":"P9","recovered":false},"room:B":{"offset":0,"epoch":"","recovered":false,"error":{"status":404,"code":"topic_not_found"}}}`),
				`{"type":"n","topic":"room:ABC","offset":3,"data":{}}`,
				`{"type":"n","topic":"room:ABC","offset":7,"data":{}}`) // impossible
			bye(ws, 4401)
		},
	)
	var states []State
	c, err := Dial(deadline(t), url, quick(Options{Token: "T", OnState: func(s State) { states = append(states, s) }}))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Identity(); got != (Identity{"U", "N", "user", "admin"}) || c.Connection() != "C" {
		t.Errorf("identity %+v, connection %q", got, c.Connection())
	}
	if err := c.Subscribe(deadline(t), "room:ABC"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for f := range c.Frames() {
		text := fmt.Sprint(f.Type, " ", f.Topic, " ", f.Offset)
		if f.Type == Lost {
			text += " " + string(f.Data)
		}
		got = append(got, text)
	}
	// The two fates in the third hello come in any order.
	want := []string{
		"n room:ABC 11", "n room:ABC 12", "n room:ABC 13", "topic.subscribed  0", "n room:B 6", "n room:ABC 0",
		`client.lost room:ABC 2 "resume"`, `client.lost room:B 0 "refused"`,
		"n room:ABC 3", `client.lost room:ABC 6 "gap"`, "n room:ABC 7",
	}
	if len(got) == len(want) && got[6] > got[7] {
		got[6], got[7] = got[7], got[6]
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if closed, _ := errors.AsType[*CloseError](c.Err()); closed == nil || closed.Code != 4401 || closed.Reason != "because" {
		t.Errorf("over by %v", c.Err())
	}
	if fmt.Sprint(states) != "[connected reconnecting connected reconnecting connected closed]" {
		t.Errorf("states %v", states)
	}
}

func TestCalls(t *testing.T) {
	url := script(t,
		func(ws *websocket.Conn) {
			_, _, _ = ws.ReadMessage()
			say(ws, fmt.Sprintf(hello, "{}"))
			hear(t, ws, `{"id":2,"type":"a"}`)
			say(ws, `{"re":99,"data":{}}`, `{"re":2,"error":{"status":409,"code":"taken","message":"No.","retryAfter":2,"fields":[{"location":"data.x","message":"is bad"}]}}`)
			hear(t, ws, `{"data":{"n":1},"id":3,"type":"b"}`)
			_ = ws.NetConn().Close() // before the reply
		},
		func(ws *websocket.Conn) {
			_, _, _ = ws.ReadMessage()
			say(ws, fmt.Sprintf(hello, "{}"))
			hear(t, ws, `{"data":{"n":2},"id":2,"type":"b"}`)
			say(ws, `{"re":2,"data":{"n":3}}`)
			bye(ws, 4403)
		},
	)
	type body struct {
		N int `json:"n"`
	}
	ctx := deadline(t)
	c, err := Dial(ctx, url, quick(Options{}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Call[body](ctx, c, "a", nil)
	if e, _ := errors.AsType[*Error](err); e == nil || e.Status != 409 || e.Code != "taken" || e.RetryAfter != 2 || e.Fields[0].Location != "data.x" {
		t.Errorf("error reply: %v", err)
	}
	if _, err := Call[body](ctx, c, "b", body{1}); !errors.Is(err, ErrDropped) {
		t.Errorf("dropped call: %v", err)
	}
	// Waits for the next connection by itself.
	if res, err := Call[body](ctx, c, "b", body{2}); err != nil || res.N != 3 {
		t.Errorf("second try: %+v, %v", res, err)
	}
	<-c.Done()
	if _, err := Call[body](ctx, c, "b", body{3}); err == nil {
		t.Error("a call on a client that is over")
	}
	c.Close()
}

func TestRefusals(t *testing.T) {
	_, err := Dial(deadline(t), script(t), Options{})
	if err == nil || finalError(err) == nil {
		t.Errorf("403: %v", err)
	}
	_, err = Dial(deadline(t), script(t, func(ws *websocket.Conn) {
		_, _, _ = ws.ReadMessage()
		say(ws, `{"re":1,"error":{"status":401,"code":"unauthenticated","message":"Please sign in."}}`)
		bye(ws, 4401)
	}), Options{})
	if e, _ := errors.AsType[*Error](err); e == nil || e.Status != 401 || finalError(err) == nil {
		t.Errorf("401: %v", err)
	}
	_, err = Dial(deadline(t), "ws://127.0.0.1:1/", Options{})
	if err == nil || finalError(err) != nil {
		t.Errorf("nobody there: %v", err)
	}
}

// A server that is only half there: it takes what comes and says nothing.
func TestDeadServerIsNoticed(t *testing.T) {
	url := script(t, func(ws *websocket.Conn) {
		_, _, _ = ws.ReadMessage()
		say(ws, strings.Replace(fmt.Sprintf(hello, "{}"), "10000", "100", 1))
		hear(t, ws, `{"id":2,"type":"ping"}`)
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				return
			}
		}
	})
	c, err := Dial(deadline(t), url, quick(Options{Once: true}))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Done():
	case <-deadline(t).Done():
		t.Fatal("the client still believes in its server")
	}
	if closed, _ := errors.AsType[*CloseError](c.Err()); closed == nil || closed.Code != 1006 {
		t.Errorf("over by %v", c.Err())
	}
}

func TestReconnects(t *testing.T) {
	for code, want := range map[int]bool{
		1000: false, 1001: true, 1002: false, 1003: false, 1005: true, 1006: true, 1009: false, 1011: true,
		1012: true, 1013: true, 4400: false, 4401: false, 4403: false, 4408: true, 4409: false, 4429: true,
		4999: false, 1014: true,
	} {
		if got, _ := Reconnects(code); got != want {
			t.Errorf("%d: %v, want %v", code, got, want)
		}
	}
	if _, atLeast := Reconnects(4429); atLeast != 10*time.Second {
		t.Errorf("4429 waits %v", atLeast)
	}
	for n, limit := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second} {
		longest := time.Duration(0)
		for range 2000 {
			longest = max(longest, Backoff(n))
		}
		if longest > limit || longest < limit*9/10 {
			t.Errorf("back-off %d reached %v, want up to %v", n, longest, limit)
		}
	}
	if d := Backoff(1000); d < 0 || d > 30*time.Second {
		t.Errorf("back-off 1000: %v", d)
	}
}
