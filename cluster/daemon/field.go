package daemon

import (
	"fmt"
	"reflect"
	"strings"
)

// A field is one setting: one exported field of a config struct that has a
// `name` tag. The tags:
//
//	name    the flag, the YAML key and, in capitals, the environment key
//	short   the one-letter flag
//	usage   one line for --help
//	allowed the words that are allowed, separated by spaces
//	range   "low..high", both included, for int and Size; one may be left out
//	unit    for Size: what a number without a suffix counts (default 1b)
//	kind    "address": host:port; "port0" may follow where port 0 makes sense
//	        "count": an int that grows by one each time the flag is given
//	        "secret": its value is never printed
type field struct {
	name, short, usage string
	allowed            []string
	limits             string
	unit               Size
	kind               string

	// at points into the config struct: *string, *int, ...
	at any
}

// fieldsOf lists the settings of a config struct, those of embedded structs in
// their place. config is a pointer to a struct. A mistake in the tags is a
// mistake of the programmer, and panics.
func fieldsOf(config any) []field {
	v := reflect.ValueOf(config)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("daemon: %T is not a pointer to a config struct", config))
	}
	return appendFields(nil, v.Elem())
}

func appendFields(fields []field, v reflect.Value) []field {
	for i := range v.NumField() {
		t := v.Type().Field(i)
		switch {
		case t.Anonymous && t.Type.Kind() == reflect.Struct:
			fields = appendFields(fields, v.Field(i))
		case t.Tag.Get("name") != "":
			fields = append(fields, newField(t, v.Field(i)))
		}
	}
	return fields
}

func newField(t reflect.StructField, v reflect.Value) field {
	f := field{
		name:    t.Tag.Get("name"),
		short:   t.Tag.Get("short"),
		usage:   t.Tag.Get("usage"),
		allowed: strings.Fields(t.Tag.Get("allowed")),
		limits:  t.Tag.Get("range"),
		unit:    Byte,
		kind:    t.Tag.Get("kind"),
		at:      v.Addr().Interface(),
	}
	if text := t.Tag.Get("unit"); text != "" {
		unit, err := ParseSize(text, Byte)
		if err != nil || unit == 0 {
			panic(fmt.Sprintf("daemon: setting %s: unit: %q", f.name, text))
		}
		f.unit = unit
	}
	f.mustBeKnown()
	return f
}

// mustBeKnown panics for a type that settings cannot have, or a bad range tag.
func (f field) mustBeKnown() {
	if f.typeName() == "" {
		panic(fmt.Sprintf("daemon: setting %s has the type %T", f.name, f.at))
	}
	if _, _, err := f.bounds(); err != nil {
		panic(fmt.Sprintf("daemon: setting %s: range: %v", f.name, err))
	}
}

func (f field) is(kind string) bool {
	return strings.Contains(" "+f.kind+" ", " "+kind+" ")
}
