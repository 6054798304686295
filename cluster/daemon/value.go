package daemon

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// typeName is how the type of a setting is called in --help; "" is a type that
// settings cannot have.
func (f field) typeName() string {
	switch f.at.(type) {
	case *string:
		return "text"
	case *[]string:
		return "list"
	case *int:
		return "number"
	case *float64:
		return "decimal"
	case *bool:
		return "yes/no"
	case *time.Duration:
		return "duration"
	case *Size:
		return "size"
	}
	return ""
}

// set parses texts into the config struct. A setting that is not a list takes
// the last of them.
func (f field) set(texts []string) error {
	if list, ok := f.at.(*[]string); ok {
		*list = splitAll(texts)
		return f.check()
	}
	if len(texts) == 0 {
		return f.wrong("no value")
	}
	if err := f.parse(texts[len(texts)-1]); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	f.completeAddress()
	return nil
}

// completeAddress writes out the host that an address leaves out.
func (f field) completeAddress() {
	at, ok := f.at.(*string)
	if !ok || *at == "" || !f.is("address") {
		return
	}
	if full, err := checkAddress(*at, f.is("port0")); err == nil {
		*at = full
	}
}

func (f field) parse(text string) (err error) {
	switch at := f.at.(type) {
	case *string:
		*at = text
	case *int:
		*at, err = strconv.Atoi(text)
	case *float64:
		*at, err = strconv.ParseFloat(text, 64)
	case *bool:
		*at, err = parseBool(text)
	case *time.Duration:
		*at, err = time.ParseDuration(text)
	case *Size:
		*at, err = ParseSize(text, f.unit)
	}
	if err != nil {
		return f.wrong("not a " + f.typeName())
	}
	return nil
}

func parseBool(text string) (bool, error) {
	switch text {
	case "yes", "on":
		return true, nil
	case "no", "off":
		return false, nil
	}
	return strconv.ParseBool(text)
}

// splitAll lets a list be repeated, and be written with commas in one value.
func splitAll(texts []string) []string {
	var all []string
	for _, text := range texts {
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				all = append(all, item)
			}
		}
	}
	return all
}

// texts is the present value in the form that set takes.
func (f field) texts() []string {
	switch at := f.at.(type) {
	case *[]string:
		return slices.Clone(*at)
	case *string:
		return []string{*at}
	case *bool:
		return []string{strconv.FormatBool(*at)}
	case *int:
		return []string{strconv.Itoa(*at)}
	case *float64:
		return []string{strconv.FormatFloat(*at, 'g', -1, 64)}
	case *time.Duration:
		return []string{at.String()}
	case *Size:
		return []string{at.String()}
	}
	return nil
}

// String is the present value, for people.
func (f field) String() string {
	text := strings.Join(f.texts(), ",")
	if f.is("secret") && text != "" {
		return "(secret)"
	}
	return text
}

// check holds the present value against the tags.
func (f field) check() error {
	switch at := f.at.(type) {
	case *string:
		return f.checkText(*at)
	case *[]string:
		for _, item := range *at {
			if err := f.checkText(item); err != nil {
				return err
			}
		}
	case *int:
		return f.checkBounds(int64(*at))
	case *Size:
		return f.checkBounds(int64(*at))
	}
	return nil
}

func (f field) checkText(text string) error {
	if len(f.allowed) > 0 && !slices.Contains(f.allowed, text) {
		return f.wrong("not one of them" + DidYouMean(text, f.allowed))
	}
	if f.is("address") && text != "" {
		if _, err := checkAddress(text, f.is("port0")); err != nil {
			return f.wrong(err.Error())
		}
	}
	return nil
}

func (f field) checkBounds(n int64) error {
	low, high, _ := f.bounds()
	if low != nil && n < *low || high != nil && n > *high {
		return f.wrong("out of range")
	}
	return nil
}

// bounds reads the range tag; nil is no bound.
func (f field) bounds() (low, high *int64, err error) {
	if f.limits == "" {
		return nil, nil, nil
	}
	from, to, ok := strings.Cut(f.limits, "..")
	if !ok {
		return nil, nil, fmt.Errorf("%q has no %q", f.limits, "..")
	}
	if low, err = f.bound(from); err != nil {
		return nil, nil, err
	}
	high, err = f.bound(to)
	return low, high, err
}

func (f field) bound(text string) (*int64, error) {
	if text == "" {
		return nil, nil
	}
	if _, isSize := f.at.(*Size); isSize {
		size, err := ParseSize(text, f.unit)
		n := int64(size)
		return &n, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return &n, err
}

// wrong is the error for a value; it says what would have been right.
func (f field) wrong(what string) error {
	return fmt.Errorf("%s; allowed: %s", what, f.allows())
}

// allows says in words which values a setting may have.
func (f field) allows() string {
	switch {
	case len(f.allowed) > 0:
		return strings.Join(f.allowed, ", ")
	case f.is("address"):
		return "host:port" + f.orPort0()
	}
	switch f.at.(type) {
	case *int:
		return "a whole number" + f.within()
	case *float64:
		return "a number"
	case *bool:
		return "true, false"
	case *time.Duration:
		return "a duration such as 500ms, 5s, 2m"
	case *Size:
		return "a size such as 512k, 64m, 1g" + f.within() + f.plainUnit()
	}
	return "text"
}

func (f field) orPort0() string {
	if f.is("port0") {
		return " (port 0: any free port)"
	}
	return ""
}

func (f field) within() string {
	if f.limits == "" {
		return ""
	}
	return " in " + f.limits
}

func (f field) plainUnit() string {
	return " (a plain number counts " + f.unit.String() + ")"
}

// checkAddress takes host:port apart and puts it together again. A host that
// is left out is 127.0.0.1: nothing listens on more than loopback unless it is
// asked to, in so many words (0.0.0.0 or [::]).
func checkAddress(text string, port0 bool) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf("%q is not host:port", text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 && !port0 {
		return "", fmt.Errorf("%q has no port from 1 to 65535", text)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
