package signaling_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mentara/signaling"
)

// FuzzSequence lets a hostile client say anything in any order to a live hub,
// with a polite client beside it. Whatever it does, the hub delivers offsets in
// rising order, answers no bad input with a 5xx, closes it only with a documented
// code, keeps serving the polite one, and has nothing left of it afterwards.
//
// A byte picks a move, the next its argument; the rest of the input is sent raw
// as one message.
func FuzzSequence(f *testing.F) {
	f.Add([]byte{0, 0, 2, 1, 3, 1, 4, 1, 6, 0}, "")
	f.Add([]byte{0, 1, 2, 1, 2, 1, 3, 1, 3, 1, 0, 0}, `{"id":9,"type":"hello"}`)
	f.Add([]byte{2, 0, 0, 0}, "")
	f.Add([]byte{0, 0, 5, 0, 2, 2, 7, 0, 1, 1, 1, 1}, `{"id":1}`)
	f.Add([]byte{0, 0, 8, 3, 8, 3, 9, 1, 2, 2}, "\xff")
	f.Add([]byte{0, 3, 2, 3, 3, 3, 6, 9, 10, 0, 11, 2}, `{"id":50,"type":"topic.subscribe","data":{"topic":"open:1","offset":0,"epoch":""}}`)
	f.Fuzz(func(t *testing.T, moves []byte, tail string) {
		if len(moves) > 120 || len(tail) > signaling.MaxMessage {
			return
		}
		k := newKit(t, nil)
		polite := k.as("user:polite")
		hostile := k.open()
		answered := make(chan error, 1)
		go func() { answered <- watchAnswers(hostile) }()

		id := 0
		say := func(frameType, data string) {
			id++
			_ = hostile.ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":%d,"type":%q,"data":%s}`, id, frameType, data))
		}
		for i := 0; i+1 < len(moves); i += 2 {
			arg := moves[i+1]
			topic := fmt.Sprintf(`"open:%d"`, arg%4)
			switch moves[i] % 12 {
			case 0:
				say("hello", fmt.Sprintf(`{"token":"user:%d","resume":{%s:{"offset":%d,"epoch":"x"}}}`, arg%3, topic, arg))
			case 1:
				say("hello", `{}`)
			case 2:
				say("topic.subscribe", `{"topic":`+topic+`}`)
			case 3:
				say("topic.unsubscribe", `{"topic":`+topic+`}`)
			case 4:
				k.hub.Publish("open:"+fmt.Sprint(arg%4), "test.note", note{int(arg)})
			case 5:
				k.hub.Signal("open:"+fmt.Sprint(arg%4), "test.level", level{"w", int(arg)})
			case 6:
				say("test.echo", fmt.Sprintf(`{"text":"%d"}`, arg))
			case 7:
				say("test.panic", `{}`)
			case 8:
				say("topic.subscribe", fmt.Sprintf(`{"topic":%s,"offset":%d,"epoch":"x"}`, topic, arg))
			case 9:
				_ = hostile.ws.WriteControl(websocket.PingMessage, []byte{arg}, time.Now().Add(patience))
			case 10:
				k.hub.Revoke("session-" + fmt.Sprint(arg%3))
			case 11:
				id -= int(arg % 3) // an id again
			}
		}
		if tail != "" {
			_ = hostile.ws.WriteMessage(websocket.TextMessage, []byte(tail))
		}
		polite.send(`{"id":2,"type":"test.echo","data":{"text":"still here"}}`)
		polite.want(`{"re":2,"data":{"text":"still here","list":[]}}`)
		_ = hostile.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(patience))
		select {
		case err := <-answered:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("the hostile socket never ended")
		}
		_ = hostile.ws.Close()
	})
}

// watchAnswers reads to the end of a socket.
func watchAnswers(r *raw) error {
	offsets := map[string]float64{}
	for {
		_ = r.ws.SetReadDeadline(time.Now().Add(patience))
		_, text, err := r.ws.ReadMessage()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			switch closed.Code {
			case 1000, 1002, 1006, 1009, 1011, 1013, 4400, 4401, 4403, 4408, 4409, 4429:
				return nil
			}
			return fmt.Errorf("closed with %d, which PROTOCOL.md does not know", closed.Code)
		}
		if err != nil {
			return nil // reset
		}
		var got object
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(&got); err != nil {
			return fmt.Errorf("server sent %q", text)
		}
		switch {
		case got["offset"] != nil:
			topic := got["topic"].(string)
			if offset := got["offset"].(float64); offset <= offsets[topic] {
				return fmt.Errorf("%s: offset %v after %v", topic, offset, offsets[topic])
			} else {
				offsets[topic] = offset
			}
		case got["error"] != nil:
			if status := got["error"].(object)["status"].(float64); status >= 500 {
				return fmt.Errorf("bad input gave %s", text)
			}
		}
	}
}
