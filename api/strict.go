package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"mentara/internal/fault"
)

const maxDepth = 32

// CheckJSON refuses what lenient parsers read differently from each other:
// duplicate keys at any depth, anything after the value, NUL, invalid UTF-8,
// lone surrogates, and nesting deeper than 32. RFC 8259 §4 leaves duplicate
// keys open, and two readers that disagree on them are a way around a check.
func CheckJSON(data []byte) error {
	if !utf8.Valid(data) {
		return malformed("bad_utf8", "The body is not valid UTF-8.")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := checkValue(dec, 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return malformed("trailing_data", "There is something after the JSON value.")
	}
	return checkEscapes(data)
}

func checkValue(dec *json.Decoder, depth int) error {
	tok, err := dec.Token()
	if err != nil {
		return notJSON()
	}
	switch tok := tok.(type) {
	case string:
		return checkString(tok)
	case json.Number:
		// 1e400 is JSON and no number of ours.
		if _, err := strconv.ParseFloat(tok.String(), 64); err != nil {
			return fault.New(fault.Invalid, "invalid", "A number is out of range.")
		}
	case json.Delim:
		if depth == maxDepth {
			return malformed("too_deep", fmt.Sprintf("The JSON is nested deeper than %d.", maxDepth))
		}
		if tok == '{' {
			return checkObject(dec, depth)
		}
		return checkArray(dec, depth)
	}
	return nil
}

func checkObject(dec *json.Decoder, depth int) error {
	seen := map[string]bool{}
	for dec.More() {
		tok, err := dec.Token()
		key, isString := tok.(string)
		if err != nil || !isString {
			return notJSON()
		}
		if err := checkString(key); err != nil {
			return err
		}
		if seen[key] {
			return malformed("duplicate_key", "A key appears twice in one JSON object.")
		}
		seen[key] = true
		if err := checkValue(dec, depth+1); err != nil {
			return err
		}
	}
	return closing(dec)
}

func checkArray(dec *json.Decoder, depth int) error {
	for dec.More() {
		if err := checkValue(dec, depth+1); err != nil {
			return err
		}
	}
	return closing(dec)
}

func closing(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return notJSON()
	}
	return nil
}

func checkString(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return malformed("nul", "Text must not contain NUL.")
	}
	return nil
}

// checkEscapes finds \u escapes of lone surrogates, which encoding/json turns
// into U+FFFD in silence: what is stored would not be what was sent. data is
// valid JSON, so a backslash occurs inside strings only.
func checkEscapes(data []byte) error {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++
		if data[i] != 'u' {
			continue
		}
		r := hex4(data[i+1:])
		i += 4
		switch {
		case r >= 0xDC00 && r <= 0xDFFF:
			return malformed("bad_utf8", "Text has half of a surrogate pair.")
		case r >= 0xD800 && r <= 0xDBFF:
			if i+6 >= len(data) || data[i+1] != '\\' || data[i+2] != 'u' {
				return malformed("bad_utf8", "Text has half of a surrogate pair.")
			}
			if low := hex4(data[i+3:]); low < 0xDC00 || low > 0xDFFF {
				return malformed("bad_utf8", "Text has half of a surrogate pair.")
			}
			i += 6
		}
	}
	return nil
}

func hex4(b []byte) (r rune) {
	for _, c := range b[:4] {
		r <<= 4
		switch {
		case c >= '0' && c <= '9':
			r |= rune(c - '0')
		case c >= 'a' && c <= 'f':
			r |= rune(c-'a') + 10
		default:
			r |= rune(c-'A') + 10
		}
	}
	return r
}

func notJSON() error { return malformed("bad_json", "The body is not valid JSON.") }

func malformed(code, message string) error { return fault.New(fault.Malformed, code, message) }
