package signaling

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"mentara/internal/fault"
)

// Enum is implemented by string types with a closed list of values. Requests
// with any other value are refused, and the TypeScript type is a union.
type Enum interface{ Values() []string }

const maxShapeErrors = 8

// checkShape compares a text that checkJSON has accepted with the type that
// into points at, and names what does not fit, at most maxShapeErrors places:
// names are compared exactly, every field without omitempty must be there, and
// null fits only pointers. The same rules make the TypeScript.
func checkShape(text []byte, into any, location string) []fault.Field {
	w := &shaper{scanner: scanner{text: text}, fields: map[reflect.Type][]field{}}
	w.value(reflect.TypeOf(into).Elem(), location)
	return w.errs
}

type shaper struct {
	scanner
	fields map[reflect.Type][]field
	errs   []fault.Field
}

func (w *shaper) fail(location, message string) {
	if len(w.errs) < maxShapeErrors {
		w.errs = append(w.errs, fault.Field{Location: location, Message: message})
	}
}

// value consumes the value here and compares it with t.
func (w *shaper) value(t reflect.Type, at string) {
	first := w.peek()
	if first == 'n' {
		w.skip()
		if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && t != rawMessage {
			w.fail(at, "must not be null")
		}
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) {
		text := !p.Implements(jsonUnmarshaler) || t == timeType
		if w.skip(); text && first != '"' {
			w.fail(at, "must be a string")
		}
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		w.object(t, first, at)
	case reflect.Map:
		w.dictionary(t, first, at)
	case reflect.Slice, reflect.Array:
		w.list(t, first, at)
	case reflect.Interface:
		w.skip()
	default:
		w.scalar(t, first, at)
	}
}

func (w *shaper) object(t reflect.Type, first byte, at string) {
	if first != '{' {
		w.skip()
		w.fail(at, "must be an object")
		return
	}
	fields := w.fieldsOf(t)
	seen := make([]bool, len(fields))
	_ = w.each(func(token []byte) error {
		name := unescape(token)
		for i := range fields {
			if fields[i].name == string(name) {
				seen[i] = true
				w.value(fields[i].typ, at+"."+fields[i].name)
				return nil
			}
		}
		w.skip()
		w.fail(at+"."+clip(name), "is not a known field")
		return nil
	})
	for i := range fields {
		if !seen[i] && !fields[i].optional {
			w.fail(at+"."+fields[i].name, "is required")
		}
	}
}

func (w *shaper) dictionary(t reflect.Type, first byte, at string) {
	if first != '{' {
		w.skip()
		w.fail(at, "must be an object")
		return
	}
	_ = w.each(func(token []byte) error {
		w.value(t.Elem(), at+"."+clip(unescape(token)))
		return nil
	})
}

func (w *shaper) list(t reflect.Type, first byte, at string) {
	if t.Elem().Kind() == reflect.Uint8 {
		if w.skip(); first != '"' {
			w.fail(at, "must be base64 in a string")
		}
		return
	}
	if first != '[' {
		w.skip()
		w.fail(at, "must be an array")
		return
	}
	n := 0
	_ = w.each(func([]byte) error {
		// The path is only worth its bytes where something is wrong.
		before := len(w.errs)
		w.value(t.Elem(), "")
		for i := before; i < len(w.errs); i++ {
			w.errs[i].Location = at + "[" + strconv.Itoa(n) + "]" + w.errs[i].Location
		}
		n++
		return nil
	})
}

func (w *shaper) scalar(t reflect.Type, first byte, at string) {
	if first == '{' || first == '[' {
		w.skip()
		w.fail(at, "must be "+scalarName(t))
		return
	}
	token := w.token()
	number := first == '-' || first >= '0' && first <= '9'
	ok, outOfRange := false, false
	switch t.Kind() {
	case reflect.String:
		if ok = first == '"'; ok {
			w.enum(t, token, at)
		}
	case reflect.Bool:
		ok = first == 't' || first == 'f'
	case reflect.Float32, reflect.Float64:
		_, err := strconv.ParseFloat(string(token), t.Bits())
		ok, outOfRange = number, number && err != nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		_, err := strconv.ParseInt(string(token), 10, t.Bits())
		ok, outOfRange = number && !strings.ContainsAny(string(token), ".eE"), err != nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		_, err := strconv.ParseUint(string(token), 10, t.Bits())
		ok, outOfRange = number && !strings.ContainsAny(string(token), ".eE"), err != nil
	}
	switch {
	case !ok:
		w.fail(at, "must be "+scalarName(t))
	case outOfRange:
		w.fail(at, "is out of range")
	}
}

func (w *shaper) enum(t reflect.Type, token []byte, at string) {
	values := enumValues(t)
	if values == nil {
		return
	}
	text := string(unescape(token))
	for _, v := range values {
		if v == text {
			return
		}
	}
	w.fail(at, "must be one of "+strings.Join(values, ", "))
}

func enumValues(t reflect.Type) []string {
	if t.Kind() != reflect.String {
		return nil
	}
	if e, ok := reflect.Zero(t).Interface().(Enum); ok {
		return e.Values()
	}
	return nil
}

func scalarName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

func clip(name []byte) string {
	if len(name) > 32 {
		name = name[:32]
	}
	return strings.ToValidUTF8(string(name), "")
}

// field is one field of a struct as JSON sees it.
type field struct {
	name     string
	typ      reflect.Type
	optional bool // may be missing: omitempty, omitzero or a pointer
	nullable bool // a pointer that is written as null when nil
}

func (w *shaper) fieldsOf(t reflect.Type) []field {
	fields, ok := w.fields[t]
	if !ok {
		fields = jsonFields(t)
		w.fields[t] = fields
	}
	return fields
}

// jsonFields lists the fields of a struct in order, embedded structs flattened.
func jsonFields(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			out = append(out, jsonFields(f.Type)...)
			continue
		}
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			panic(fmt.Sprintf("signaling: %v.%s has no json name", t, f.Name))
		}
		omit := strings.Contains(opts, "omitempty") || strings.Contains(opts, "omitzero")
		pointer := f.Type.Kind() == reflect.Pointer
		out = append(out, field{name, f.Type, omit || pointer, pointer && !omit})
	}
	return out
}

// Types that are told apart by identity; never assigned.
var (
	rawMessage      = reflect.TypeFor[json.RawMessage]()
	timeType        = reflect.TypeFor[time.Time]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)
