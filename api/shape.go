package api

import (
	"bytes"
	"encoding/json"
	"reflect"
)

var problemType = reflect.TypeFor[Problem]()

// withoutNil returns v with nil slices replaced by empty ones, so that a list
// is [] on the wire, never null. It follows structs, slices and pointers, and
// leaves values that marshal themselves alone.
func withoutNil(v any) any {
	if v == nil {
		return nil
	}
	in := reflect.ValueOf(v)
	if in.Kind() == reflect.Pointer {
		if !in.IsNil() {
			fillNil(in.Elem())
		}
		return v
	}
	out := reflect.New(in.Type()).Elem()
	out.Set(in)
	fillNil(out)
	return out.Interface()
}

var marshaler = reflect.TypeFor[json.Marshaler]()

func fillNil(v reflect.Value) {
	if v.Type().Implements(marshaler) || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fillNil(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fillNil(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() {
			if v.Type().Elem().Kind() != reflect.Uint8 {
				v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			}
			return
		}
		if kind := v.Type().Elem().Kind(); kind == reflect.Struct || kind == reflect.Slice || kind == reflect.Pointer {
			for i := range v.Len() {
				fillNil(v.Index(i))
			}
		}
	}
}

// stableJSON marshals through maps, whose keys encoding/json sorts.
func stableJSON(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(tree, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}
