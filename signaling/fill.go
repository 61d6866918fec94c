package signaling

import "reflect"

// The TypeScript says that a list is never null, and encoding/json writes a nil
// slice as null. filled puts that right for every reply and push, on a copy:
// the caller's data may be shared.

// hasLists reports whether a value of type t can hold a nil slice or map that
// would be written. Asked once per frame type.
func hasLists(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == rawMessage || t == timeType || seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Slice, reflect.Map:
		return true
	case reflect.Array, reflect.Pointer:
		return hasLists(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); (f.IsExported() || f.Anonymous) && hasLists(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

func filled(data any) any {
	v := reflect.ValueOf(data)
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	fill(out)
	return out.Interface()
}

// fill replaces nil lists below v, which is settable and ours alone.
func fill(v reflect.Value) {
	t := v.Type()
	if t == rawMessage || t == timeType {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() && hasLists(t.Elem(), map[reflect.Type]bool{}) {
			own := reflect.New(t.Elem())
			own.Elem().Set(v.Elem())
			fill(own.Elem())
			v.Set(own)
		}
	case reflect.Slice:
		switch {
		case v.IsNil():
			v.Set(reflect.MakeSlice(t, 0, 0))
		case hasLists(t.Elem(), map[reflect.Type]bool{}):
			own := reflect.MakeSlice(t, v.Len(), v.Len())
			reflect.Copy(own, v)
			for i := range own.Len() {
				fill(own.Index(i))
			}
			v.Set(own)
		}
	case reflect.Map:
		switch {
		case v.IsNil():
			v.Set(reflect.MakeMap(t))
		case hasLists(t.Elem(), map[reflect.Type]bool{}):
			own := reflect.MakeMapWithSize(t, v.Len())
			for it := v.MapRange(); it.Next(); {
				value := reflect.New(t.Elem()).Elem()
				value.Set(it.Value())
				fill(value)
				own.SetMapIndex(it.Key(), value)
			}
			v.Set(own)
		}
	}
}
