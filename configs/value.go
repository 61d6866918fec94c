package configs

import (
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// setScalar parses one value into a field of a supported type.
func setScalar(field reflect.Value, text string) error {
	switch p := field.Addr().Interface().(type) {
	case *string:
		if strings.ContainsRune(text, 0) {
			return fmt.Errorf("NUL in text")
		}
		*p = text
		return nil
	case *bool:
		v, err := strconv.ParseBool(text)
		*p = v
		return err
	case *int:
		v, err := strconv.Atoi(text)
		*p = v
		return err
	case *time.Duration:
		v, err := time.ParseDuration(text)
		*p = v
		return err
	case *netip.Addr:
		v, err := netip.ParseAddr(text)
		*p = v
		return err
	case *netip.Prefix:
		v, err := netip.ParsePrefix(text)
		*p = v
		return err
	}
	return fmt.Errorf("unsupported type %s", field.Type())
}

// expected names, in the operator's words, what a field takes.
func expected(field reflect.Value) string {
	t := field.Type()
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch reflect.Zero(t).Interface().(type) {
	case bool:
		return "true or false"
	case int:
		return "a whole number"
	case time.Duration:
		return "a duration such as 30s or 15m"
	case netip.Addr:
		return "an IP address"
	case netip.Prefix:
		return "a network such as 10.0.0.0/8"
	default:
		return "text"
	}
}

// isSection reports whether a field holds further keys.
func isSection(field reflect.Value) bool {
	return field.Kind() == reflect.Struct && field.NumField() > 0 && field.Type().Field(0).Tag.Get("yaml") != ""
}

func fieldOf(section reflect.Value, key string) (reflect.Value, bool) {
	if section.Kind() != reflect.Struct {
		return reflect.Value{}, false
	}
	for i := range section.NumField() {
		if section.Type().Field(i).Tag.Get("yaml") == key {
			return section.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func keysOf(section reflect.Value) []string {
	var out []string
	for i := range section.NumField() {
		out = append(out, section.Type().Field(i).Tag.Get("yaml"))
	}
	return out
}

// leaves lists every key path that holds a value.
func leaves(path string, section reflect.Value) []string {
	var out []string
	for _, key := range keysOf(section) {
		field, _ := fieldOf(section, key)
		if isSection(field) {
			out = append(out, leaves(joinKey(path, key), field)...)
			continue
		}
		out = append(out, joinKey(path, key))
	}
	return out
}

func joinKey(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

// suggest names the known word nearest to a mistyped one, if any is near.
func suggest(word string, known []string) string {
	best, distance := "", len(word)/2+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %s?", best)
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
