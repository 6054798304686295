package consistency

import (
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// counterPrefix begins the keys that are counted up and never set.
const counterPrefix = "count-"

// Counter returns the name of a key for incr.
func Counter(key string) string { return counterPrefix + key }

func isCounter(key string) bool { return strings.HasPrefix(key, counterPrefix) }

// newValue makes a value that says which key it belongs to and which command
// stored it, at least size bytes long, with a sum so that a torn one is noticed.
func newValue(key string, client, number, size int) string {
	head := fmt.Sprintf("%s/%d/%d/", key, client, number)
	body := head + strings.Repeat(".", max(0, size-len(head)-17))
	return fmt.Sprintf("%s/%016x", body, xxhash.Sum64String(body))
}

// isValueOf reports whether a value is whole and was stored for key.
func isValueOf(key, value string) bool {
	cut := len(value) - 17
	if cut < 0 || !strings.HasPrefix(value, key+"/") {
		return false
	}
	return value[cut:] == fmt.Sprintf("/%016x", xxhash.Sum64String(value[:cut]))
}

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
