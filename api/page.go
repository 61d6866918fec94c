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
	bad := fault.New(fault.Invalid, "bad_cursor", "That page does not exist. Please start from the first.").With("query.cursor", "not one of ours")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(p.Cursor)
	if err != nil {
		return nil, bad
	}
	c := Cursor(strings.Split(string(raw), "\x00"))
	if len(c) != n || !validPart(c) {
		return nil, bad
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
