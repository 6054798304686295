package differential

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"
)

// The meta commands, right and wrong, as far as Debian's memcached knows them: what it answers otherwise than 1.6.45 is in
// [Versions], and is not drawn.

// binaryKey is asked for in base64 only, and its form is never asked for by a mg: an item of memcached remembers whether
// ms stored it under a key in base64.
const binaryKey = "YmluIGtleQ=="

var metaCommands = weighted(
	choice{8, metaLine("mg", getFlags)}, choice{8, rapid.Custom(drawMetaSet)},
	choice{4, metaLine("md", deleteFlags)}, choice{5, metaLine("ma", countFlags)},
	choice{1, rapid.Custom(func(t *rapid.T) string { return "me " + metaKeys.Draw(t, "key") + "\r\n" })},
	choice{1, ordered}, choice{3, even(metaFaults...)}, choice{1, badBlocks(drawMetaSetHead)},
)

// quietRuns are what a client sends that wants to hear of exceptions only: quiet commands, and mn, which tells where they end.
var quietRuns = rapid.Custom(func(t *rapid.T) []string {
	quiet := weighted(
		choice{4, metaLine("mg", getFlags)}, choice{4, rapid.Custom(drawMetaSet)},
		choice{2, metaLine("md", deleteFlags)}, choice{2, metaLine("ma", countFlags)},
	)
	run := rapid.SliceOfN(rapid.Map(quiet, hushed), 2, 12).Draw(t, "run")
	return append(run, lastCommand)
})

// hushed gives a meta command the flag q, if it may have it.
func hushed(command string) string {
	line, block, _ := strings.Cut(command, "\r\n")
	words := strings.Fields(line)[2:]
	if slices.Contains(words, "q") || strings.HasPrefix(line, "ma") && slices.ContainsFunc(words, makes) {
		return command
	}
	return line + " q\r\n" + block
}

// makes reports whether a flag of ma makes an item: of that 1.6.18 tells though it is quiet.
func makes(flag string) bool { return flag[0] == 'N' }

var metaKeys = rapid.SampledFrom([]string{"a", "b", "n", longKey, "\x80\x01"})

// metaTimes end long after a script does. Those that are past are not drawn where a time left may be asked for.
var metaTimes = rapid.SampledFrom([]string{"0", "0", "100", "2592000"})

// recaches are far from what is left of any of metaTimes: a second may end between the two servers.
var recaches = rapid.SampledFrom([]string{"0", "10", "500"})

// flag draws a flag with its argument; key is the command's.
type flag func(t *rapid.T, key string) string

func plain(letter string) flag { return func(*rapid.T, string) string { return letter } }

func seconds(letter string) flag {
	return func(t *rapid.T, _ string) string { return letter + metaTimes.Draw(t, "seconds") }
}

func recache(t *rapid.T, _ string) string { return "R" + recaches.Draw(t, "recache") }

func opaque(t *rapid.T, _ string) string {
	return "O" + rapid.SampledFrom([]string{"", "1", "abc", strings.Repeat("o", 31)}).Draw(t, "opaque")
}

// compared is the unique that was last told for the key, or one that nothing has. Never that of another key: with I it counts which
// is older, and uniques of two keys are of two nodes.
func compared(t *rapid.T, key string) string {
	return "C" + rapid.SampledFrom([]string{"{cas " + key + "}", "{cas " + key + "}", "18446744073709551615"}).Draw(t, "unique")
}

func number(letter string) flag {
	return func(t *rapid.T, _ string) string { return letter + numbers.Filter(isShort).Draw(t, "number") }
}

func isShort(digits string) bool { return !strings.HasPrefix(digits, "00") }

func mode(modes ...string) flag {
	return func(t *rapid.T, _ string) string { return "M" + rapid.SampledFrom(modes).Draw(t, "mode") }
}

// ordered are commands with T beside N or R: all of them act in their order, and only some orders are told to the actor.
var ordered = rapid.SampledFrom([]string{
	"mg a N100 T2592000 t\r\n", "mg a T100 N2592000 t\r\n", "mg a t N0 T100\r\n", "mg a N0 T100 v c\r\n", "mg a T2592000 R500 t\r\n",
	"mg a R500 T100\r\n", "mg a t R500 T100\r\n",
})

var (
	getFlags = []flag{
		plain("v"), plain("v"), plain("f"), plain("s"), plain("t"), plain("c"), plain("h"), plain("k"), plain("q"), plain("u"),
		opaque, seconds("T"), seconds("N"), recache, plain("P"), plain("L100"), plain("F5"), plain("I"),
	}
	setFlags    = []flag{plain("c"), plain("c"), plain("k"), plain("q"), opaque, plain("F5"), plain("F4294967295"), seconds("T"), plain("I"), compared, mode("E", "A", "P", "R", "S")}
	deleteFlags = []flag{plain("k"), plain("q"), opaque, compared, plain("I"), seconds("T"), plain("v")}
	countFlags  = []flag{
		plain("v"), plain("v"), plain("t"), plain("c"), plain("k"), plain("q"), opaque, seconds("N"), compared,
		number("J"), number("D"), mode("I", "+", "D", "-"),
	}
)

// metaLine draws a command of one line.
func metaLine(verb string, flags []flag) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string { return drawMeta(t, verb, "", flags) + "\r\n" })
}

// drawMeta draws verb, key, what stands behind it, and some of the flags, each letter once.
func drawMeta(t *rapid.T, verb, middle string, flags []flag) string {
	key := metaKeys.Draw(t, "key")
	seen := map[byte]bool{}
	inBase64 := index(t, 8) == 7
	if inBase64 {
		key, seen['k'] = binaryKey, verb == "mg"
	}
	words := []string{verb, key}
	if middle != "" {
		words = append(words, middle)
	}
	if inBase64 {
		words = append(words, "b")
	}
	for _, draw := range rapid.SliceOfN(even(flags...), 0, 8).Draw(t, "flags") {
		word := draw(t, key)
		if !seen[word[0]] {
			words = append(words, word)
		}
		seen[word[0]] = true
		switch word[0] {
		case 'T': // see ordered
			seen['N'], seen['R'] = true, true
		case 'N', 'R':
			seen['T'] = true
		}
		if verb == "ma" && (word[0] == 'q' || word[0] == 'N') { // a ma that makes an item is not quiet in 1.6.18
			seen['q'], seen['N'] = true, true
		}
	}
	return strings.Join(words, " ")
}

func drawMetaSet(t *rapid.T) string {
	value := values.Draw(t, "value")
	return fmt.Sprintf("%s\r\n%s\r\n", drawMeta(t, "ms", strconv.Itoa(len(value)), setFlags), value)
}
