// Package event holds every fact of the product as a past-tense struct, and the
// typed bus that brings a committed fact to those who react to it. Facts live
// here and not in slices, where they would make imports run in circles.
//
// A fact is published only by tx.Emit (internal/db), so that "told the world,
// then rolled back" cannot be written.
package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
)

// Fact is something that happened and was committed.
type Fact interface {
	// Kind names the fact in the outbox and on the wire: "room.ended".
	Kind() string
	// Live lists what leaves for sockets: which topics, and what each audience
	// may see. Facts nobody watches return nil.
	Live() []Notice
}

// Notice is the part of a fact that one topic's listeners may see.
type Notice struct {
	Topic string
	Type  string // frame type
	Data  any
}

// Envelope is a fact with its place in the outbox. ID grows by commit on one
// database, so it orders facts.
type Envelope struct {
	ID   int64
	At   time.Time
	Fact Fact
}

// byKind knows how to read each fact back from the outbox. Each area's file
// lists its own.
var byKind = index(accountFacts, roomFacts, recordingFacts, reviewFacts)

func index(areas ...[]Fact) map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, f := range slices.Concat(areas...) {
		types[f.Kind()] = reflect.TypeOf(f)
	}
	return types
}

// Kinds lists every fact by name, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(byKind)) }

// Decode reads a fact of the given kind from its JSON.
func Decode(kind string, data []byte) (Fact, error) {
	t, ok := byKind[kind]
	if !ok {
		return nil, fmt.Errorf("unknown fact kind %q", kind)
	}
	v := reflect.New(t)
	if err := json.Unmarshal(data, v.Interface()); err != nil {
		return nil, fmt.Errorf("fact %s: %w", kind, err)
	}
	return v.Elem().Interface().(Fact), nil
}
