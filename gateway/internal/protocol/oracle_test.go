package protocol

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// oracle says what describe must say of a line. It is the rules once more, slowly: words in a slice, numbers by
// regular expression and big integers.
func oracle(line string) string {
	if len(line) < 2 {
		return ErrBadFormat.String()
	}
	words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' })
	verb, _, _ := strings.Cut(line, " ")
	if !slices.Contains(columnZero, verb) {
		verb = ""
		if len(words) > 0 && slices.Contains(indented, words[0]) {
			verb = words[0]
		}
	}
	quiet := ""
	if len(words) > 1 && words[len(words)-1] == "noreply" {
		quiet = " noreply"
	}
	return oracleArgs(verb, words[min(1, len(words)):], quiet)
}

var (
	columnZero = strings.Fields("get gets gat gats set add replace append prepend cas delete incr decr touch mg ms md ma me mn quit stats version")
	indented   = strings.Fields("flush_all verbosity shutdown")
)

func oracleArgs(verb string, args []string, quiet string) string {
	silent := strings.Replace(quiet, "noreply", "(silent)", 1)
	switch verb {
	case "mg", "ms", "md", "ma", "me":
		return oracleMeta(verb, args)
	case "mn", "quit", "version":
		return verb
	case "stats", "shutdown":
		return strings.Join(append([]string{verb}, args...), " ")
	case "verbosity":
		if len(args) == 0 || !regexp.MustCompile(`^[0-9]{1,11}$`).MatchString(args[0]) || number(args[0]).BitLen() > 32 {
			return ErrBadFormat.String() + silent
		}
		return verb + " 0" + quiet
	case "flush_all":
		if len(args) == 0 || quiet != "" && len(args) == 1 {
			return verb + " 0" + quiet
		}
		if !isStrict(args[0]) {
			return ErrBadExptime.String() + silent
		}
		return fmt.Sprintf("%s %d%s", verb, number(args[0]), quiet)
	case "get", "gets":
		return oracleKeys(verb, args)
	case "gat", "gats":
		if len(args) >= 2 && !isStrict(args[0]) {
			return ErrBadExptime.String()
		}
		if len(args) >= 2 {
			return oracleKeys(fmt.Sprintf("%s %d", verb, number(args[0])), args[1:])
		}
		return ErrBadFormat.String()
	case "delete", "incr", "decr", "touch":
		return oracleKey(verb, args, quiet, silent)
	case "":
		if len(args) > 0 && strings.HasPrefix(args[len(args)-1], "HTTP/") {
			return "<closed>"
		}
		return ErrUnknown.String() + silent
	}
	return oracleStore(verb, args, quiet, silent)
}

func oracleKeys(prefix string, keys []string) string {
	if len(keys) == 0 || slices.ContainsFunc(keys, func(key string) bool { return len(key) > 250 }) {
		return ErrBadFormat.String()
	}
	return prefix + " " + strings.Join(keys, " ")
}

func oracleKey(verb string, args []string, quiet, silent string) string {
	need := map[string]int{"delete": 1, "incr": 2, "decr": 2, "touch": 2}[verb]
	if len(args) < need {
		return ErrBadFormat.String()
	}
	if len(args[0]) > 250 {
		return ErrBadFormat.String() + silent
	}
	switch verb {
	case "delete":
		return verb + " " + args[0] + quiet
	case "touch":
		if seconds, ok := long(args[1]); ok {
			return fmt.Sprintf("%s %s %d%s", verb, args[0], seconds, quiet)
		}
		return ErrBadExptime.String() + silent
	}
	if delta, ok := unsignedLong(args[1]); ok {
		return fmt.Sprintf("%s %s %d%s", verb, args[0], delta, quiet)
	}
	return ErrBadDelta.String() + silent
}

func oracleStore(verb string, args []string, quiet, silent string) string {
	if len(args) < 4 || !isStrict(args[3]) {
		return ErrBadFormat.String()
	}
	length := number(args[3]).Int64()
	if length < 0 || length > 2147483645 {
		return ErrBadFormat.String()
	}
	flags, okFlags := unsignedLong(args[1])
	seconds, okExptime := long(args[2])
	ok := len(args[0]) <= 250 && okFlags && okExptime
	unique := ""
	if verb == "cas" {
		v, okUnique := uint64(0), false
		if len(args) > 4 {
			v, okUnique = unsignedLong(args[4])
		}
		unique, ok = fmt.Sprintf(" %d", v), ok && okUnique
	}
	if !ok {
		return fmt.Sprintf("%s%s (swallows %d)", ErrBadFormat, silent, length+2)
	}
	return fmt.Sprintf("%s %s %d %d %d%s%s", verb, args[0], uint32(flags), seconds, length, unique, quiet)
}

// number is for digits behind an optional minus; a lone minus is 0.
func number(word string) *big.Int {
	n, ok := new(big.Int).SetString(word, 10)
	if !ok {
		return new(big.Int)
	}
	return n
}

func isStrict(word string) bool {
	n := number(word)
	return len(word) <= 11 && regexp.MustCompile(`^-?[0-9]+$|^-$`).MatchString(word) && n.IsInt64() && n.Int64() == int64(int32(n.Int64()))
}

var cNumber = regexp.MustCompile(`(?s)^[\t-\r]*([+-]?)([0-9]+)([\t-\r].*)?$`)

// long is C's strtol, cut to 32 bits.
func long(word string) (int32, bool) {
	parts := cNumber.FindStringSubmatch(word)
	if parts == nil {
		return 0, false
	}
	n := number(strings.TrimPrefix(parts[1], "+") + parts[2])
	return int32(n.Int64()), n.IsInt64()
}

// unsignedLong is C's strtoull, without the negative numbers that come out as large ones.
func unsignedLong(word string) (uint64, bool) {
	parts := cNumber.FindStringSubmatch(word)
	if parts == nil || !number(parts[2]).IsUint64() {
		return 0, false
	}
	n := number(parts[2]).Uint64()
	if parts[1] == "-" {
		return -n, int64(-n) >= 0
	}
	return n, true
}
