package signaling

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// TypeScript writes the frame types of a mux as events.gen.ts: an interface per
// struct, Requests (type → request and response) and Pushes (type → data). It
// follows the rules of checkShape: omitempty is optional, a pointer without it
// may be missing or null, slices and maps are never null when we send them.
func TypeScript(m *Mux) []byte {
	g := &generator{names: map[reflect.Type]string{}}
	var roots []reflect.Type
	for _, name := range slices.Sorted(maps.Keys(m.requests)) {
		roots = append(roots, m.requests[name].req, m.requests[name].res)
	}
	for _, name := range slices.Sorted(maps.Keys(m.pushes)) {
		roots = append(roots, m.pushes[name].data)
	}
	for _, t := range roots {
		g.collect(t)
	}
	g.name()

	var out bytes.Buffer
	out.WriteString("// Written by the program from its frame types; do not edit.\n")
	for _, t := range g.sorted() {
		g.declare(&out, t)
	}
	out.WriteString("\n/** Client → server: what to send, and what the reply holds. */\nexport interface Requests {\n")
	for _, name := range slices.Sorted(maps.Keys(m.requests)) {
		r := m.requests[name]
		fmt.Fprintf(&out, "  '%s': { request: %s; response: %s };\n", name, g.ref(r.req), g.ref(r.res))
	}
	out.WriteString("}\n\n/** Server → client, directly or on a topic. */\nexport interface Pushes {\n")
	for _, name := range slices.Sorted(maps.Keys(m.pushes)) {
		fmt.Fprintf(&out, "  '%s': %s;\n", name, g.ref(m.pushes[name].data))
	}
	out.WriteString("}\n")
	return out.Bytes()
}

// generator collects named types first, because two packages may use one name.
type generator struct {
	names map[reflect.Type]string
}

// collect finds every named struct and enum below t.
func (g *generator) collect(t reflect.Type) {
	if _, seen := g.names[t]; seen || t == timeType || t == rawMessage {
		return
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		g.collect(t.Elem())
	case reflect.Map:
		g.collect(t.Key())
		g.collect(t.Elem())
	case reflect.String:
		if enumValues(t) != nil {
			g.names[t] = exported(t.Name())
		}
	case reflect.Struct:
		if isText(t) {
			return
		}
		if t.Name() != "" {
			g.names[t] = exported(t.Name())
		}
		for _, f := range jsonFields(t) {
			g.collect(f.typ)
		}
	}
}

// name settles names that several types share by adding their package.
func (g *generator) name() {
	users := map[string][]reflect.Type{}
	for t, name := range g.names {
		users[name] = append(users[name], t)
	}
	for name, types := range users {
		if len(types) == 1 {
			continue
		}
		for _, t := range types {
			pkg := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
			g.names[t] = exported(pkg) + name
		}
	}
	taken := map[string]bool{"Requests": true, "Pushes": true}
	for _, t := range g.sorted() {
		if taken[g.names[t]] {
			panic("signaling: two TypeScript types named " + g.names[t])
		}
		taken[g.names[t]] = true
	}
}

func (g *generator) sorted() []reflect.Type {
	return slices.SortedFunc(maps.Keys(g.names), func(a, b reflect.Type) int {
		return strings.Compare(g.names[a], g.names[b])
	})
}

func (g *generator) declare(out *bytes.Buffer, t reflect.Type) {
	if values := enumValues(t); values != nil {
		fmt.Fprintf(out, "\nexport type %s = %s;\n", g.names[t], union(values))
		return
	}
	fields := jsonFields(t)
	if len(fields) == 0 {
		fmt.Fprintf(out, "\nexport type %s = Record<string, never>;\n", g.names[t])
		return
	}
	fmt.Fprintf(out, "\nexport interface %s {\n%s}\n", g.names[t], g.fields(fields, "  "))
}

func (g *generator) fields(fields []field, indent string) string {
	var b strings.Builder
	for _, f := range fields {
		mark, null := "", ""
		if f.optional {
			mark = "?"
		}
		if f.nullable {
			null = " | null"
		}
		fmt.Fprintf(&b, "%s%s%s: %s%s;\n", indent, property(f.name), mark, g.ref(f.typ), null)
	}
	return b.String()
}

// ref writes a type where it is used.
func (g *generator) ref(t reflect.Type) string {
	if name, ok := g.names[t]; ok {
		return name
	}
	if t == timeType || t.Kind() != reflect.Pointer && t != rawMessage && isText(t) {
		return "string"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.ref(t.Elem())
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Slice, reflect.Array:
		if t == rawMessage {
			return "unknown"
		}
		if t.Elem().Kind() == reflect.Uint8 {
			return "string" // base64
		}
		elem := g.ref(t.Elem())
		if strings.ContainsAny(elem, " |") {
			elem = "(" + elem + ")"
		}
		return elem + "[]"
	case reflect.Map:
		return "Record<" + g.ref(t.Key()) + ", " + g.ref(t.Elem()) + ">"
	case reflect.Struct:
		fields := jsonFields(t)
		if len(fields) == 0 {
			return "Record<string, never>"
		}
		return "{ " + strings.ReplaceAll(strings.TrimSpace(g.fields(fields, "")), "\n", " ") + " }"
	case reflect.Interface:
		return "unknown"
	default:
		return "number"
	}
}

// isText reports whether t is written as a JSON string by its own method.
func isText(t reflect.Type) bool {
	return t == timeType || reflect.PointerTo(t).Implements(textUnmarshaler)
}

func union(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quoteTS(v)
	}
	return strings.Join(quoted, " | ")
}

func quoteTS(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	inner := strings.ReplaceAll(string(b[1:len(b)-1]), `\"`, `"`)
	return "'" + strings.ReplaceAll(inner, "'", `\'`) + "'"
}

// property quotes a name that TypeScript could not take bare.
func property(name string) string {
	for i, r := range name {
		if r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || i > 0 && r >= '0' && r <= '9' {
			continue
		}
		return quoteTS(name)
	}
	return name
}

func exported(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
