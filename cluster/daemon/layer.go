package daemon

import (
	"errors"
	"fmt"
	"slices"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// A layer is one place that settings come from.
type layer struct {
	// values are the texts given for each setting; only a list has more than one
	values map[string][]string
	// where says how a person finds the value again: "--port",
	// "MEMACTOR_PORT", "gateway.yaml:3"
	where map[string]string
}

func newLayer() layer {
	return layer{values: map[string][]string{}, where: map[string]string{}}
}

func (l layer) set(key, where string, texts ...string) {
	l.values[key] = texts
	l.where[key] = where
}

// A loader fills a config struct from layers. The struct holds the defaults.
type loader struct {
	fields []field
	merged *koanf.Koanf
	where  map[string]string
}

func newLoader(fields []field) *loader {
	return &loader{fields: fields, merged: koanf.New(keyDelimiter), where: map[string]string{}}
}

// keyDelimiter would make a tree of keys; ours are flat, and no name holds it.
const keyDelimiter = "."

// add puts a layer over those that were added before.
func (l *loader) add(from layer) error {
	values := make(map[string]any, len(from.values))
	for key, texts := range from.values {
		values[key] = texts
		l.where[key] = from.where[key]
	}
	return l.merged.Load(confmap.Provider(values, ""), nil)
}

// fill sets the fields, and returns all mistakes in the values at once.
func (l *loader) fill() error {
	var errs []error
	for _, f := range l.fields {
		if !l.merged.Exists(f.name) {
			continue
		}
		texts := l.merged.Strings(f.name)
		if err := f.set(texts); err != nil {
			errs = append(errs, fmt.Errorf("%w: %s: %w", ErrConfig, said(l.where[f.name], f, texts), err))
		}
	}
	return errors.Join(errs...)
}

// said repeats what was written, and where; not the value of a secret.
func said(where string, f field, texts []string) string {
	if f.is("secret") {
		return where
	}
	return fmt.Sprintf("%s: %s %q", where, f.name, lastOf(texts, f))
}

func lastOf(texts []string, f field) string {
	if _, isList := f.at.(*[]string); isList || len(texts) == 0 {
		return fmt.Sprint(texts)
	}
	return texts[len(texts)-1]
}

// source says where the present value of a setting comes from.
func (l *loader) source(f field) string {
	if where, ok := l.where[f.name]; ok {
		return where
	}
	return "default"
}

// find is the field of that name; false is an unknown key.
func find(fields []field, name string) (field, bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return field{}, false
	}
	return fields[i], true
}

func namesOf(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}
