package signaling

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"mentara/internal/auth"
	"mentara/internal/fault"
)

// Mux maps frame types to handlers and topics to who may listen. It is filled
// in wire.go before the hub takes its first socket and never changes after, so
// it needs no lock. Mistakes in wiring (a name twice, a type that cannot be
// JSON) panic at start.
type Mux struct {
	requests map[string]request
	pushes   map[string]push
	topics   []topicRule
	onOpen   []func(*Conn)
	onClose  []func(*Conn)
}

// request is one client → server frame type.
type request struct {
	req, res reflect.Type
	lists    bool // res may hold slices or maps
	serve    func(ctx context.Context, c *Conn, data json.RawMessage) (any, error)
}

// push is one server → client frame type.
type push struct {
	data  reflect.Type
	lists bool // may hold slices or maps
}

type topicRule struct {
	prefix string
	allow  func(ctx context.Context, p auth.Principal, rest string) error
}

// frameName is the shape of a frame type: "area.verb", or one word for the
// built-in ones.
var frameName = regexp.MustCompile(`^[a-z][a-zA-Z]{0,31}(\.[a-z][a-zA-Z]{0,31})?$`)

// NewMux makes a mux that knows the built-in frames: hello, ping,
// topic.subscribe and topic.unsubscribe.
func NewMux() *Mux {
	m := &Mux{requests: map[string]request{}, pushes: map[string]push{}}
	declare[Hello, Welcome](m, "hello")
	declare[Ping, Pong](m, "ping")
	declare[TopicSubscribe, TopicPosition](m, "topic.subscribe")
	declare[TopicUnsubscribe, TopicUnsubscribed](m, "topic.unsubscribe")
	Push[TopicSubscribed](m, "topic.subscribed")
	Push[TopicUnsubscribed](m, "topic.unsubscribed")
	return m
}

// Handle answers requests of one type. Req and Res are structs with camelCase
// json tags. Decoding is strict: a field that Req does not have, a wrong type,
// a null where Req has no pointer, or a missing field that is not marked
// omitempty (or a pointer) is answered 422 with the field named, and h is not
// called.
//
// Handlers of one connection run in order, one at a time, without any lock
// held. ctx carries the principal (auth.From), and ends when the socket does
// or after Limits.RequestTimeout. An error that is a fault is sent as it is;
// any other is logged and sent as 500. A panic closes this socket with 1011.
func Handle[Req, Res any](m *Mux, frameType string, h func(ctx context.Context, c *Conn, req Req) (Res, error)) {
	m.add(frameType, request{
		req: reflect.TypeFor[Req](),
		res: reflect.TypeFor[Res](),
		serve: func(ctx context.Context, c *Conn, data json.RawMessage) (any, error) {
			var req Req
			if err := decodeData(data, &req); err != nil {
				return nil, err
			}
			return h(ctx, c, req)
		},
	})
}

// declare makes a built-in request known, so that its name is taken and the
// TypeScript has its types. The connection serves it.
func declare[Req, Res any](m *Mux, frameType string) {
	m.add(frameType, request{req: reflect.TypeFor[Req](), res: reflect.TypeFor[Res]()})
}

func (m *Mux) add(frameType string, r request) {
	if !frameName.MatchString(frameType) {
		panic(fmt.Sprintf("signaling: bad frame type %q", frameType))
	}
	if _, taken := m.requests[frameType]; taken {
		panic("signaling: two handlers for " + frameType)
	}
	if r.req.Kind() != reflect.Struct || r.res.Kind() != reflect.Struct {
		panic("signaling: request and response of " + frameType + " must be structs")
	}
	jsonFields(r.req) // panics at a field without a json name
	jsonFields(r.res)
	r.lists = hasLists(r.res, map[reflect.Type]bool{})
	m.requests[frameType] = r
}

// Push declares a server → client frame. What is sent with Conn.Send,
// Hub.Publish, Hub.Signal and Hub.SendTo must be declared, with T or *T as its
// data; anything else is logged as an error and not sent.
func Push[T any](m *Mux, frameType string) {
	t := reflect.TypeFor[T]()
	if !frameName.MatchString(frameType) {
		panic(fmt.Sprintf("signaling: bad frame type %q", frameType))
	}
	if have, taken := m.pushes[frameType]; taken && have.data != t {
		panic("signaling: two data types for push " + frameType)
	}
	if t.Kind() != reflect.Struct {
		panic("signaling: data of push " + frameType + " must be a struct")
	}
	jsonFields(t) // panics at a field without a json name
	m.pushes[frameType] = push{t, hasLists(t, map[reflect.Type]bool{})}
}

// encode marshals the data of a push, if it is what the type was declared with.
func (m *Mux) encode(frameType string, data any) ([]byte, error) {
	want, ok := m.pushes[frameType]
	if !ok {
		return nil, fmt.Errorf("push %s is not declared", frameType)
	}
	have := reflect.TypeOf(data)
	if have != nil && have.Kind() == reflect.Pointer {
		have = have.Elem()
	}
	if have != want.data {
		return nil, fmt.Errorf("push %s wants %v, not %v", frameType, want.data, have)
	}
	if want.lists {
		data = filled(data)
	}
	return json.Marshal(data)
}

// Topic lets clients subscribe to topics that begin with prefix ("room:"),
// also when they resume. allow gets what follows the prefix and returns a fault
// to refuse; return fault.NotFound for what the principal may not know of. The
// longest matching prefix decides. A topic that no rule matches is not found.
func (m *Mux) Topic(prefix string, allow func(ctx context.Context, p auth.Principal, rest string) error) {
	for _, r := range m.topics {
		if r.prefix == prefix {
			panic("signaling: two rules for topics " + prefix)
		}
	}
	m.topics = append(m.topics, topicRule{prefix, allow})
}

// errNoTopic is the same for an absent topic and a foreign one.
func errNoTopic() error {
	return fault.New(fault.NotFound, "topic_not_found", "There is no such topic.")
}

func (m *Mux) mayListen(ctx context.Context, p auth.Principal, topic string) error {
	if !validTopic(topic) {
		return errNoTopic()
	}
	var best *topicRule
	for i, r := range m.topics {
		if strings.HasPrefix(topic, r.prefix) && (best == nil || len(r.prefix) > len(best.prefix)) {
			best = &m.topics[i]
		}
	}
	if best == nil {
		return errNoTopic()
	}
	return best.allow(ctx, p, topic[len(best.prefix):])
}

// validTopic bounds what a client may name: 1–128 printable ASCII bytes.
func validTopic(topic string) bool {
	if topic == "" || len(topic) > 128 {
		return false
	}
	for i := range len(topic) {
		if topic[i] <= ' ' || topic[i] > '~' {
			return false
		}
	}
	return true
}

// OnOpen calls fn when a socket has said hello, before the reply is sent.
func (m *Mux) OnOpen(fn func(c *Conn)) { m.onOpen = append(m.onOpen, fn) }

// OnClose calls fn once after a socket that had said hello is gone: its topics
// are left, no handler of it runs any more, and Send does nothing.
func (m *Mux) OnClose(fn func(c *Conn)) { m.onClose = append(m.onClose, fn) }
