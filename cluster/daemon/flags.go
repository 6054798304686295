package daemon

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// flagValue collects what one flag was given. It parses nothing: the layers are
// parsed in one place, so that a bad value reads the same wherever it was
// written.
type flagValue struct {
	of    field
	texts []string
	shown string
}

// Set implements pflag.Value.
func (v *flagValue) Set(text string) error {
	v.texts = append(v.texts, text)
	return nil
}

// String implements pflag.Value: what --help shows as the default.
func (v *flagValue) String() string { return v.shown }

// Type implements pflag.Value: what --help calls the argument. "bool" and
// "count" are names that pflag knows to need none.
func (v *flagValue) Type() string {
	switch name := v.of.typeName(); {
	case v.of.is("count"):
		return "count"
	case name == "yes/no":
		return "bool"
	default:
		return name
	}
}

// usage is the line of --help: what the setting is for, and the words it takes.
func usage(f field) string {
	if len(f.allowed) == 0 {
		return f.usage
	}
	return f.usage + ": " + strings.Join(f.allowed, ", ")
}

// addFlags makes a flag of each field. The result reads them after parsing.
func addFlags(set *pflag.FlagSet, fields []field) []*flagValue {
	values := make([]*flagValue, len(fields))
	for i, f := range fields {
		values[i] = &flagValue{of: f, shown: f.String()}
		flag := set.VarPF(values[i], f.name, f.short, usage(f))
		flag.NoOptDefVal = implied(f)
	}
	return values
}

// implied is the value of a flag that is given without one.
func implied(f field) string {
	if _, isBool := f.at.(*bool); isBool {
		return "true"
	}
	if f.is("count") {
		return again
	}
	return ""
}

// again stands for one more occurrence of a counting flag.
const again = "+1"

// flagLayer is the layer of the flags that were given.
func flagLayer(values []*flagValue) layer {
	given := newLayer()
	for _, v := range values {
		if len(v.texts) == 0 {
			continue
		}
		texts := v.texts
		if v.of.is("count") {
			texts = []string{counted(texts)}
		}
		given.set(v.of.name, "--"+v.of.name, texts...)
	}
	return given
}

// counted adds up -v -v and --verbose=2; a text that is no number stays, and
// fails when it is parsed.
func counted(texts []string) string {
	n := 0
	for _, text := range texts {
		if text == again {
			n++
			continue
		}
		given, err := strconv.Atoi(text)
		if err != nil {
			return text
		}
		n = given
	}
	return strconv.Itoa(n)
}

// explainFlag adds the nearest flag to pflag's "unknown flag".
func explainFlag(set *pflag.FlagSet, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	var names []string
	set.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return fmt.Errorf("%w: %w%s (--help lists them)", ErrConfig, err, DidYouMean(missing.GetSpecifiedName(), names))
}
