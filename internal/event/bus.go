package event

import (
	"context"
	"fmt"
)

// Bus brings committed facts to their consumers. T is the transaction a
// consumer works in (*db.Tx); the bus itself knows no SQL. Subscriptions are
// made in wire.go before the database runs, so the bus needs no lock.
type Bus[T any] struct {
	consumers []Consumer[T]
	forward   []func(context.Context, Envelope)
}

// Consumer reacts to facts once each: the dispatcher stores (Name, fact id) in
// the transaction it hands over, so a replay after a crash does nothing.
type Consumer[T any] struct {
	Name   string
	Kind   string // "" takes every fact
	Handle func(ctx context.Context, tx T, e Envelope) error
}

// NewBus makes an empty bus.
func NewBus[T any]() *Bus[T] { return &Bus[T]{} }

// On subscribes a consumer to one type of fact. Name and fact type together
// must be unique. An error from handle rolls its transaction back, and the fact
// is tried again later.
func On[T any, F Fact](b *Bus[T], name string, handle func(ctx context.Context, tx T, fact F) error) {
	var zero F
	b.add(Consumer[T]{Name: name, Kind: zero.Kind(), Handle: func(ctx context.Context, tx T, e Envelope) error {
		fact, ok := e.Fact.(F)
		if !ok {
			return fmt.Errorf("consumer %s: fact %d is %T", name, e.ID, e.Fact)
		}
		return handle(ctx, tx, fact)
	}})
}

// All subscribes a consumer to every fact, once each.
func (b *Bus[T]) All(name string, handle func(ctx context.Context, tx T, e Envelope) error) {
	b.add(Consumer[T]{Name: name, Handle: handle})
}

// Forward calls fn after commit for every fact, in order, at least once: a
// crash between commit and call makes the sweeper call it again. It is for
// sockets, whose listeners tell repeats by offset.
func (b *Bus[T]) Forward(fn func(ctx context.Context, e Envelope)) {
	b.forward = append(b.forward, fn)
}

// ConsumersOf lists who reacts to a kind of fact, in order of subscription.
func (b *Bus[T]) ConsumersOf(kind string) []Consumer[T] {
	var out []Consumer[T]
	for _, c := range b.consumers {
		if c.Kind == "" || c.Kind == kind {
			out = append(out, c)
		}
	}
	return out
}

// Forwarders lists the functions given to Forward.
func (b *Bus[T]) Forwarders() []func(context.Context, Envelope) { return b.forward }

func (b *Bus[T]) add(c Consumer[T]) {
	for _, have := range b.consumers {
		if have.Name == c.Name && have.Kind == c.Kind {
			panic("event: consumer " + c.Name + " subscribed twice to " + c.Kind)
		}
	}
	b.consumers = append(b.consumers, c)
}
