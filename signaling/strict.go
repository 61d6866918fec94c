package signaling

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// encoding/json is lenient where two readers could understand one text
// differently: it takes the last of two equal keys, matches names without
// case, and repairs broken UTF-8. checkJSON refuses such texts before anything
// is decoded, and checkShape (shape.go) compares them with the Go type.

const maxDepth = 32

// checkJSON reports why text is not one clean JSON value: bad grammar or
// trailing data, broken UTF-8 (as bytes or as a lone surrogate escape), NUL,
// an object with the same key twice, a key that means something to JavaScript
// objects, or nesting deeper than maxDepth.
func checkJSON(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("not valid UTF-8")
	}
	if !json.Valid(text) {
		return errors.New("not one JSON value")
	}
	s := &scanner{text: text}
	return s.check(0)
}

// scanner walks a text that json.Valid has accepted, so it checks no grammar.
type scanner struct {
	text []byte
	at   int
}

// peek skips white space and returns the byte there, or 0 at the end.
func (s *scanner) peek() byte {
	for s.at < len(s.text) {
		switch b := s.text[s.at]; b {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return b
		}
	}
	return 0
}

// token returns the string, number or literal here, as written.
func (s *scanner) token() []byte {
	if s.peek() == '"' {
		start := s.at
		for s.at++; s.text[s.at] != '"'; s.at++ {
			if s.text[s.at] == '\\' {
				s.at++
			}
		}
		s.at++
		return s.text[start:s.at]
	}
	start := s.at
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r', ',', ':', ']', '}':
			return s.text[start:s.at]
		}
		s.at++
	}
	return s.text[start:s.at]
}

// each calls fn at every element of the array or object here; key is the key's
// token, nil in an array. fn must consume the value.
func (s *scanner) each(fn func(key []byte) error) error {
	object := s.peek() == '{'
	for s.at++; ; {
		switch s.peek() {
		case ']', '}':
			s.at++
			return nil
		case ',':
			s.at++
			continue
		}
		var key []byte
		if object {
			key = s.token()
			s.peek()
			s.at++ // the colon
		}
		if err := fn(key); err != nil {
			return err
		}
	}
}

// skip passes over the value here.
func (s *scanner) skip() {
	switch s.peek() {
	case '{', '[':
		depth := 0
		for {
			switch s.peek() {
			case '{', '[':
				depth++
				s.at++
			case '}', ']':
				depth--
				s.at++
				if depth == 0 {
					return
				}
			case ',', ':':
				s.at++
			default:
				s.token()
			}
		}
	default:
		s.token()
	}
}

// unescape returns what a string token says. It allocates only for escapes.
func unescape(token []byte) []byte {
	raw := token[1 : len(token)-1]
	if !slices.Contains(raw, '\\') {
		return raw
	}
	var text string
	if json.Unmarshal(token, &text) != nil {
		return raw
	}
	return []byte(text)
}

func (s *scanner) check(depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch s.peek() {
	case '{', '[':
		var keys keySet
		return s.each(func(token []byte) error {
			if token != nil {
				if err := checkString(token); err != nil {
					return err
				}
				key := unescape(token)
				switch string(key) {
				case "__proto__", "constructor", "prototype":
					return fmt.Errorf("key %q is not allowed", key)
				}
				if !keys.add(key) {
					return fmt.Errorf("key %s twice", quoteShort(key))
				}
			}
			return s.check(depth + 1)
		})
	case '"':
		return checkString(s.token())
	default:
		s.token()
		return nil
	}
}

// checkString refuses what a string token may not say: NUL, and half of a
// surrogate pair, which encoding/json would replace silently.
func checkString(token []byte) error {
	for i := 0; i < len(token); i++ {
		if token[i] != '\\' {
			continue
		}
		i++
		if token[i] != 'u' {
			continue
		}
		r := hex4(token[i+1:])
		i += 4
		switch {
		case r == 0:
			return errors.New("a string contains NUL")
		case r >= 0xdc00 && r < 0xe000:
			return errors.New("a string contains half a surrogate pair")
		case r >= 0xd800 && r < 0xdc00:
			if i+6 >= len(token) || token[i+1] != '\\' || token[i+2] != 'u' {
				return errors.New("a string contains half a surrogate pair")
			}
			if low := hex4(token[i+3:]); low < 0xdc00 || low >= 0xe000 {
				return errors.New("a string contains half a surrogate pair")
			}
			i += 6
		}
	}
	return nil
}

// hex4 reads four hexadecimal digits, which the grammar has promised.
func hex4(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		switch {
		case c <= '9':
			r = r<<4 | rune(c-'0')
		case c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			r = r<<4 | rune(c-'a'+10)
		}
	}
	return r
}

// keySet finds repeated keys: a list while it is short, then a map, so that an
// object with thousands of keys takes no quadratic time.
type keySet struct {
	list [][]byte
	set  map[string]struct{}
}

// add reports whether key is new.
func (k *keySet) add(key []byte) bool {
	if k.set != nil {
		before := len(k.set)
		k.set[string(key)] = struct{}{}
		return len(k.set) > before
	}
	for _, have := range k.list {
		if string(have) == string(key) {
			return false
		}
	}
	k.list = append(k.list, key)
	if len(k.list) > 16 {
		k.set = make(map[string]struct{}, 64)
		for _, have := range k.list {
			k.set[string(have)] = struct{}{}
		}
	}
	return true
}

// quoteShort quotes a client's text for a close reason, which has room for
// 123 bytes in all.
func quoteShort(text []byte) string {
	if len(text) > 32 {
		text = text[:32]
	}
	return fmt.Sprintf("%+q", text)
}
