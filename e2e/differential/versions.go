package differential

import "regexp"

// Change is a difference between memcached 1.6.18, which is what a script is compared with, and 1.6.45, which memactor is like.
type Change struct {
	// Name is the row's in docs/protocol.md, which tells what changed.
	Name string
	// inputs matches the recorded inputs, as the recordings write them, whose answers the change explains.
	inputs *regexp.Regexp
}

// Explains reports whether a recorded input is answered differently because of the change.
func (c Change) Explains(input string) bool { return c.inputs.MatchString(input) }

// Versions are all changes that the recordings of both versions show. What shows one of them is not drawn.
var Versions = []Change{
	{"short line", regexp.MustCompile(`^.?(\\r)?\\n$|^set a 0 0 3\\r\\nabcd\\r|^ms a 2( q\\r\\nx|\\r\\nxyz)\\r`)},
	{"missing words", regexp.MustCompile(`^(get ?|gets|gat|gat 10|verbosity|touch a|delete|mg)\\r|^set( a| a 0| a 0 0)?\\r|^cas a 0 0 1\\r|incr a\\r`)},
	{"further words", regexp.MustCompile(`^flush_all 1 2 3|^set a 0 0 1 2|^delete a (0|b c)`)},
	{"block of a refused line", regexp.MustCompile(`^set (a -1|a x|a 0 x|REP\{k,251\}) |^ms REP\{k,251\} 1|cas a 0 0 1 (18446744073709551616|x|noreply)`)},
	{"line end of an over-long key", regexp.MustCompile(`^get (a )?REP\{k,251\}`)},
	{"length with a sign", regexp.MustCompile(`^set a 0 0 \+1`)},
	{"padding of a counter", regexp.MustCompile(`decr a 100`)},
	{"shutdown refused", regexp.MustCompile(`^shutdown`)},
	{"flag that is no letter", regexp.MustCompile(`^mg a !`)},
	{"flag E", regexp.MustCompile(` E\d+`)},
	{"flag s of ms", regexp.MustCompile(`^ms .* s `)},
	{"flag x of md", regexp.MustCompile(`md a x`)},
	{"flag N of append and prepend", regexp.MustCompile(`M[AP] N`)},
	{"length of a mode", regexp.MustCompile(` M(\\r|add|incr|DECR)`)},
	{"client flags over 32 bits in ms", regexp.MustCompile(`^ms .* F4294967296`)},
	{"sign of exp in me", regexp.MustCompile(`T100\\r\\nx\\r\\nme a`)},
	{"dump begins with OK", regexp.MustCompile(`^lru_crawler metadump all`)},
	{"mgdump", regexp.MustCompile(`^lru_crawler mgdump`)},
}
