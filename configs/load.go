package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// envPrefix begins every variable that is ours. MENTARA_TEST_*, MENTARA_E2E_*
// and MENTARA_CHROMIUM belong to the tests.
const envPrefix = "MENTARA_"

// Error is one thing that was refused: where, and what was expected.
type Error struct {
	Where   string // "mentara.yaml:12", "MENTARA_LISTEN", "--listen"
	Key     string // "media.port"; empty if the whole source is at fault
	Message string
}

func (e *Error) Error() string {
	if e.Key == "" {
		return e.Where + ": " + e.Message
	}
	return e.Where + ": " + e.Key + ": " + e.Message
}

// Load reads path (none if empty), overlays environ (as os.Environ) and then
// overrides (key path → value, from flags), and checks the whole. Every fault
// found is in the error, one *Error each, joined.
func Load(path string, environ []string, overrides map[string]string) (Config, error) {
	var data []byte
	if path != "" {
		var err error
		if data, err = readFile(path); err != nil {
			return Config{}, &Error{Where: path, Message: err.Error()}
		}
	}
	return assemble(path, data, environ, overrides)
}

// assemble is Load with the file in hand.
func assemble(path string, data []byte, environ []string, overrides map[string]string) (Config, error) {
	cfg := Default()
	l := loader{target: reflect.ValueOf(&cfg).Elem(), origin: map[string]string{}}
	l.file(path, data)
	l.environment(environ)
	for _, key := range slices.Sorted(mapKeys(overrides)) {
		l.text("--"+flagName(key), key, overrides[key])
	}
	if len(l.errs) == 0 {
		l.errs = append(l.errs, check(cfg, l.where)...)
	}
	if len(l.errs) > 0 {
		return Config{}, errors.Join(l.errs...)
	}
	return cfg, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("larger than %d bytes", maxFile)
	}
	return data, err
}

// loader fills target and remembers where each key came from.
type loader struct {
	target reflect.Value
	origin map[string]string
	errs   []error
}

func (l *loader) refuse(where, key, format string, args ...any) {
	l.errs = append(l.errs, &Error{Where: where, Key: key, Message: fmt.Sprintf(format, args...)})
}

// where tells the source of a key, for rules that are checked at the end.
func (l *loader) where(key string) string {
	if w, ok := l.origin[key]; ok {
		return w
	}
	return "default"
}

func (l *loader) file(name string, data []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			l.refuse(name, "", "%s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		return
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		l.refuse(name, "", "one document was expected")
		return
	}
	if root := doc.Content[0]; root.Tag != "!!null" {
		l.mapping(name, "", root, l.target)
	}
}

func (l *loader) mapping(name, path string, n *yaml.Node, target reflect.Value) {
	at := func(n *yaml.Node) string { return fmt.Sprintf("%s:%d", name, n.Line) }
	if n.Kind != yaml.MappingNode {
		l.refuse(at(n), path, "expected keys and values")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		key := joinKey(path, k.Value)
		field, ok := fieldOf(target, k.Value)
		switch {
		case !ok:
			l.refuse(at(k), key, "unknown key%s", suggest(k.Value, keysOf(target)))
		case seen[k.Value]:
			l.refuse(at(k), key, "given twice")
		case v.Kind == yaml.AliasNode:
			l.refuse(at(v), key, "aliases are not supported")
		case isSection(field):
			if v.Tag != "!!null" {
				l.mapping(name, key, v, field)
			}
		case field.Kind() == reflect.Slice:
			l.origin[key] = at(k)
			l.list(at, key, v, field)
		case v.Kind != yaml.ScalarNode || v.Tag == "!!null":
			l.refuse(at(v), key, "expected %s", expected(field))
		default:
			l.origin[key] = at(k)
			if err := setScalar(field, v.Value); err != nil {
				l.refuse(at(v), key, "expected %s, got %q", expected(field), v.Value)
			}
		}
		seen[k.Value] = true
	}
}

func (l *loader) list(at func(*yaml.Node) string, key string, n *yaml.Node, field reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		l.refuse(at(n), key, "expected a list of %s", expected(field))
		return
	}
	out := reflect.MakeSlice(field.Type(), 0, len(n.Content))
	for _, item := range n.Content {
		v := reflect.New(field.Type().Elem()).Elem()
		if item.Kind != yaml.ScalarNode || setScalar(v, item.Value) != nil {
			l.refuse(at(item), key, "expected a list of %s, got %q", expected(field), item.Value)
			return
		}
		out = reflect.Append(out, v)
	}
	field.Set(out)
}

func (l *loader) environment(environ []string) {
	known := map[string]string{}
	for _, key := range leaves("", l.target) {
		known[EnvName(key)] = key
	}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		rest, ours := strings.CutPrefix(name, envPrefix)
		if !ours || rest == "CHROMIUM" || strings.HasPrefix(rest, "TEST_") || strings.HasPrefix(rest, "E2E_") {
			continue
		}
		key, ok := known[name]
		if !ok {
			l.refuse(name, "", "unknown variable%s", suggest(name, slices.Collect(mapKeys(known))))
			continue
		}
		l.text(name, key, value)
	}
}

// text sets a key from one string; lists are separated by commas.
func (l *loader) text(where, key, value string) {
	field := l.target
	for part := range strings.SplitSeq(key, ".") {
		var ok bool
		if field, ok = fieldOf(field, part); !ok {
			l.refuse(where, key, "unknown key")
			return
		}
	}
	l.origin[key] = where
	if field.Kind() == reflect.Slice {
		out := reflect.MakeSlice(field.Type(), 0, 4)
		for item := range strings.SplitSeq(value, ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			v := reflect.New(field.Type().Elem()).Elem()
			if setScalar(v, item) != nil {
				l.refuse(where, key, "expected a list of %s, got %q", expected(field), item)
				return
			}
			out = reflect.Append(out, v)
		}
		field.Set(out)
		return
	}
	if setScalar(field, value) != nil {
		l.refuse(where, key, "expected %s, got %q", expected(field), value)
	}
}

// EnvName is the environment variable of a key: "media.publicIPs" is
// MENTARA_MEDIA_PUBLIC_IPS.
func EnvName(key string) string {
	return envPrefix + strings.ToUpper(separate(key, '_'))
}

// flagName is the flag of a key: "media.port" is media-port.
func flagName(key string) string { return separate(key, '-') }

// separate splits a dotted camelCase key into lower-case words.
func separate(key string, by rune) string {
	var b strings.Builder
	var last rune = '.'
	for _, r := range key {
		switch {
		case r == '.':
			b.WriteRune(by)
		case unicode.IsUpper(r):
			if last != '.' && !unicode.IsUpper(last) {
				b.WriteRune(by)
			}
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}
