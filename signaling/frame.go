package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strconv"

	"mentara/internal/auth"
	"mentara/internal/db"
	"mentara/internal/fault"
)

// Subprotocol is what both sides name in the WebSocket handshake.
const Subprotocol = "mentara.v1"

// Hello is the first frame of a connection.
type Hello struct {
	// Token is for clients without a cookie. It beats the identity of the
	// upgrade request.
	Token string `json:"token,omitempty"`
	// Resume lists the topics of the lost connection and how far it got.
	Resume map[string]Position `json:"resume,omitempty"`
}

// Position is a place in a topic. Offsets count from 1 and mean nothing outside
// their epoch.
type Position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

// Welcome answers hello.
type Welcome struct {
	Connection string                 `json:"connection"`
	Heartbeat  int64                  `json:"heartbeat"` // ms
	User       Identity               `json:"user"`
	Topics     map[string]TopicResult `json:"topics"`
}

// Identity is who the server takes the client for.
type Identity struct {
	ID   string    `json:"id"`
	Name string    `json:"name"`
	Kind auth.Kind `json:"kind"`
	Role auth.Role `json:"role,omitempty"`
}

// TopicResult is a topic after resume: a position, or why it was refused.
type TopicResult struct {
	Offset    uint64   `json:"offset"`
	Epoch     string   `json:"epoch"`
	Recovered bool     `json:"recovered"`
	Error     *Problem `json:"error,omitempty"`
}

// TopicSubscribe asks to listen; with Offset and Epoch, from there on.
type TopicSubscribe struct {
	Topic  string  `json:"topic"`
	Offset *uint64 `json:"offset,omitempty"`
	Epoch  string  `json:"epoch,omitempty"`
}

// TopicPosition is where the topic stood when the subscription began.
type TopicPosition struct {
	Offset    uint64 `json:"offset"`
	Epoch     string `json:"epoch"`
	Recovered bool   `json:"recovered"`
}

// TopicSubscribed tells of a subscription that the server made.
type TopicSubscribed struct {
	Topic  string `json:"topic"`
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

// TopicUnsubscribe asks to stop listening.
type TopicUnsubscribe struct {
	Topic string `json:"topic"`
}

// TopicUnsubscribed says that no frame of the topic follows.
type TopicUnsubscribed struct {
	Topic string `json:"topic"`
}

// Ping asks whether the server is there; Pong says so.
type (
	Ping struct{}
	Pong struct{}
)

// Problem is a fault on the wire.
type Problem struct {
	Status     int           `json:"status"`
	Code       string        `json:"code"`
	Message    string        `json:"message"`
	Fields     []fault.Field `json:"fields,omitempty"`
	RetryAfter int           `json:"retryAfter,omitempty"` // seconds
}

// toError turns any error into what strangers may see. known is false when it
// was not a fault, and so must be logged.
func toError(err error) (e *Problem, known bool) {
	f := fault.As(err)
	if f == nil {
		f = db.Fault(err) // a read met a full disk or a database that restarts
	}
	if f != nil {
		e := &Problem{Status: int(f.Kind), Code: f.Code, Message: f.Message, Fields: f.Fields}
		if f.RetryAfter > 0 {
			e.RetryAfter = max(1, int(math.Ceil(f.RetryAfter.Seconds())))
		}
		return e, true
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &Problem{Status: 503, Code: "timeout", Message: "That took too long. Please try again.", RetryAfter: 1}, true
	}
	return &Problem{Status: 500, Code: "internal", Message: "Something went wrong on our side."}, false
}

// maxID is the largest integer that JavaScript holds exactly.
const maxID = 1<<53 - 1

// frame is a request as it came in.
type frame struct {
	id   uint64
	kind string
	data json.RawMessage
}

// parseFrame reads the envelope of a client's frame. Its errors close the
// socket with 4400: whoever sends this is no client of ours. Everything that is
// wrong with the data's meaning is left to decodeData.
func parseFrame(text []byte) (frame, error) {
	if err := checkJSON(text); err != nil {
		return frame{}, err
	}
	var f struct {
		ID   uint64          `json:"id"`
		Type string          `json:"type"`
		Data json.RawMessage `json:"data,omitempty"`
	}
	if errs := checkShape(text, &f, "frame"); len(errs) > 0 {
		return frame{}, errors.New(errs[0].Location + " " + errs[0].Message)
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return frame{}, errors.New("frame does not fit the envelope")
	}
	if f.ID == 0 || f.ID > maxID {
		return frame{}, errors.New("frame.id must be from 1 to 2^53-1")
	}
	if f.Type == "" || len(f.Type) > 65 {
		return frame{}, errors.New("frame.type must have 1 to 65 bytes")
	}
	if f.Data == nil {
		f.Data = json.RawMessage("{}")
	}
	if f.Data[0] != '{' {
		return frame{}, errors.New("frame.data must be an object")
	}
	return frame{id: f.ID, kind: f.Type, data: f.Data}, nil
}

// decodeData reads the data of a request into the struct that into points at.
// Its errors are faults that name each field.
func decodeData(data json.RawMessage, into any) error {
	if errs := checkShape(data, into, "data"); len(errs) > 0 {
		f := fault.New(fault.Invalid, "invalid_data", "Some fields of the request are not right.")
		f.Fields = errs
		return f
	}
	if err := json.Unmarshal(data, into); err != nil {
		f := fault.New(fault.Invalid, "invalid_data", "Some fields of the request are not right.")
		if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && bad.Field != "" {
			return f.With("data."+bad.Field, "has a value out of range")
		}
		return f.With("data", "has a value that cannot be read")
	}
	return nil
}

// The three shapes that the server sends. Data is marshalled once, before any
// lock, and glued in.

func replyFrame(re uint64, data []byte) []byte {
	b := make([]byte, 0, len(data)+32)
	b = append(b, `{"re":`...)
	b = strconv.AppendUint(b, re, 10)
	b = append(b, `,"data":`...)
	b = append(b, data...)
	return append(b, '}')
}

func errorFrame(re uint64, e *Problem) []byte {
	data, err := json.Marshal(e)
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	b := make([]byte, 0, len(data)+32)
	b = append(b, `{"re":`...)
	b = strconv.AppendUint(b, re, 10)
	b = append(b, `,"error":`...)
	b = append(b, data...)
	return append(b, '}')
}

// pushFrame makes a push; topic and offset are left out when empty.
func pushFrame(frameType, topic string, offset uint64, data []byte) []byte {
	b := make([]byte, 0, len(data)+len(frameType)+len(topic)+56)
	b = append(b, `{"type":"`...)
	b = append(b, frameType...)
	b = append(b, '"')
	if topic != "" {
		b = append(b, `,"topic":`...)
		b = appendString(b, topic)
	}
	if offset != 0 {
		b = append(b, `,"offset":`...)
		b = strconv.AppendUint(b, offset, 10)
	}
	b = append(b, `,"data":`...)
	b = append(b, data...)
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return append(b, quoted...)
}
