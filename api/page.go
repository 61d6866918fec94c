package api

import (
	"encoding/base64"
	"strings"

	"mentara/internal/fault"
)

// Page is the query of a list: embed it in an operation's input.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"Items per page"`
	Cursor string `query:"cursor" maxLength:"512" doc:"The next member of the page before"`
}

// Cursor says where a list goes on: after the row with these sort values. It
// is opaque to clients and carries nothing they may not see.
type Cursor []string

// String encodes the cursor; an empty one is "".
func (c Cursor) String() string {
	if len(c) == 0 {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(c, "\x00")))
}

// After reads the page's cursor, which must have n parts. No cursor is nil. A
// cursor nobody was given is fault.Invalid.
func (p Page) After(n int) (Cursor, error) {
	if p.Cursor == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(p.Cursor)
	if err != nil {
		return nil, BadCursor()
	}
	c := Cursor(strings.Split(string(raw), "\x00"))
	// Decoders skip line breaks; ours has one spelling.
	if len(c) != n || !validPart(c) || c.String() != p.Cursor {
		return nil, BadCursor()
	}
	return c, nil
}

func validPart(c Cursor) bool {
	for _, part := range c {
		if !validText(part) {
			return false
		}
	}
	return true
}

// BadCursor refuses a cursor whose parts do not parse.
func BadCursor() error {
	return fault.New(fault.Invalid, "bad_cursor", "That page does not exist. Please start from the first.").With("query.cursor", "not one of ours")
}

// List is a page of items. Next is the cursor of the following page; absent on
// the last.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last"`
}

// Cut makes a page of rows. Ask for one row more than limit: its presence says
// that there is a next page.
func Cut[R, T any](rows []R, limit int, view func(R) T, cursor func(R) Cursor) List[T] {
	list := List[T]{Items: make([]T, 0, min(limit, len(rows)))}
	if len(rows) > limit {
		rows = rows[:limit]
		list.Next = cursor(rows[limit-1]).String()
	}
	for _, r := range rows {
		list.Items = append(list.Items, view(r))
	}
	return list
}
