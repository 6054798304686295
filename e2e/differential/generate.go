package differential

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// Few keys, so that the commands meet each other's entries.
var keys = rapid.SampledFrom([]string{"a", "b", "n", "a\x01\xff", longKey})

// longKey is as long as a key may be.
var longKey = strings.Repeat("k", 250)

// Numbers are values and deltas at the limits of 64-bit arithmetic.
var numbers = rapid.SampledFrom([]string{
	"0", "1", "9", "10", "99", "100", "007", "4294967295", "9223372036854775807", "9223372036854775808",
	"18446744073709551614", "18446744073709551615",
})

// notNumbers are values that incr and decr have to refuse, or to take although
// they look odd.
var notNumbers = rapid.SampledFrom([]string{
	"", "x", "-1", "1x", "0x10", " 12", "12 ", "12 x", "00000000000000000000000000012",
	"18446744073709551616", "99999999999999999999999",
})

// texts are values that hold what a parser or a writer may stumble over. None is
// white space alone: there memcached's incr reads on into whatever lies behind.
var texts = rapid.SampledFrom([]string{
	"", "x", "x\r\n", "x\r", "\ny", "\r\nget a\r\n", "END\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n", "\x00\x80\xff", "noreply",
	strings.Repeat("0123456789", 30), strings.Repeat("v", 5000),
})

// longTexts are those that do not fit into one read or one small buffer.
var longTexts = rapid.Custom(func(t *rapid.T) string {
	length := rapid.SampledFrom([]int{16_383, 16_384, 65_535, 65_536, 200_000}).Draw(t, "length")
	return strings.Repeat(string(rune('a'+length%26)), length)
})

// tooLong is over the default -I of every server.
var tooLong = rapid.Just(strings.Repeat("L", 1<<20+1))

// values prefers what is short; what is long is rare, as it takes long.
var values = weighted(
	choice{8, numbers}, choice{6, texts}, choice{4, notNumbers}, choice{1, longTexts},
)

// exptimes are never, at once, long enough for any test, and absolute times that
// are past and to come. None ends while a script runs. Above 2^31-1, memcached's
// versions do not agree in touch and gat.
var exptimes = rapid.SampledFrom([]string{
	"0", "0", "0", "0", "100", "2592000", "-1", "-100", "2592001", "1000000000", "2147483647",
})

var flags = rapid.SampledFrom([]string{"0", "1", "65535", "65536", "4294967295"})

// commands draws one command. Its line and data block are well-formed.
var commands = weighted(
	choice{10, retrieval("get")}, choice{6, retrieval("gets")},
	choice{3, retrievalAndTouch("gat")}, choice{3, retrievalAndTouch("gats")},
	choice{10, storage("set")}, choice{3, storage("add")}, choice{3, storage("replace")},
	choice{3, storage("append")}, choice{3, storage("prepend")}, choice{6, rapid.Custom(drawCas)},
	choice{4, line("delete", rapid.Just(""))}, choice{6, line("incr", numbers)}, choice{5, line("decr", numbers)},
	choice{4, line("touch", exptimes)}, choice{1, rapid.Custom(drawFlush)},
	choice{1, rapid.Just("verbosity 1\r\n")}, choice{1, rapid.Just("mn\r\n")},
	choice{1, rapid.Custom(drawTooLong)}, choice{1, rapid.Custom(drawLongGet)},
)

// Scripts draws scripts of classic commands.
func Scripts() *rapid.Generator[Script] { return scripts(commands) }

// MetaScripts draws scripts of meta and classic commands.
func MetaScripts() *rapid.Generator[Script] {
	return scripts(weighted(choice{3, metaCommands}, choice{1, commands}))
}

func scripts(commands *rapid.Generator[string]) *rapid.Generator[Script] {
	step := rapid.Custom(func(t *rapid.T) Step { return drawStep(t, commands) })
	return rapid.Custom(func(t *rapid.T) Script {
		return settle(rapid.SliceOfN(step, 1, 12).Draw(t, "steps"))
	})
}

// settle ends a step before an incr or decr that follows a retrieval in it. In
// memcached a result that is shorter than the old value is padded, unless the old
// value waits to be sent: nothing that could be compared depends on more luck.
func settle(script Script) Script {
	var settled Script
	for _, step := range script {
		retrieved, begin := false, 0
		for i, command := range step.Commands {
			verb, _, _ := strings.Cut(command, " ")
			if retrieved && (verb == "incr" || verb == "decr" || verb == "ma") {
				settled = append(settled, Step{Conn: step.Conn, Commands: step.Commands[begin:i], Cuts: step.Cuts})
				retrieved, begin = false, i
			}
			retrieved = retrieved || strings.HasPrefix(verb, "g") || verb == "mg"
		}
		step.Commands = step.Commands[begin:]
		settled = append(settled, step)
	}
	return settled
}

func drawStep(t *rapid.T, commands *rapid.Generator[string]) Step {
	step := Step{
		Conn:     rapid.IntRange(0, Connections-1).Draw(t, "connection"),
		Commands: rapid.SliceOfN(commands, 1, 12).Draw(t, "commands"),
		Cuts:     rapid.Uint64Range(0, 9).Draw(t, "cuts"),
	}
	if rapid.IntRange(0, 30).Draw(t, "quit") == 30 {
		step.Commands = append(step.Commands, quit)
	}
	return step
}

func retrieval(verb string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return verb + " " + strings.Join(rapid.SliceOfN(keys, 1, 5).Draw(t, "keys"), " ") + "\r\n"
	})
}

func retrievalAndTouch(verb string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		several := strings.Join(rapid.SliceOfN(keys, 1, 3).Draw(t, "keys"), " ")
		return verb + " " + exptimes.Draw(t, "exptime") + " " + several + "\r\n"
	})
}

func storage(verb string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		value := values.Draw(t, "value")
		return fmt.Sprintf("%s %s %s %s %d%s\r\n%s\r\n", verb, keys.Draw(t, "key"), flags.Draw(t, "flags"),
			exptimes.Draw(t, "exptime"), len(value), drawNoreply(t), value)
	})
}

func drawCas(t *rapid.T) string {
	value, key := values.Draw(t, "value"), keys.Draw(t, "key")
	unique := rapid.SampledFrom([]string{"{cas " + key + "}", "{cas " + key + "}", "{cas a}", "0", "18446744073709551615"}).Draw(t, "unique")
	return fmt.Sprintf("cas %s %s %s %d %s%s\r\n%s\r\n", key, flags.Draw(t, "flags"),
		exptimes.Draw(t, "exptime"), len(value), unique, drawNoreply(t), value)
}

// line is a command of one line: verb, key and at most one argument.
func line(verb string, argument *rapid.Generator[string]) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		text := verb + " " + keys.Draw(t, "key")
		if value := argument.Draw(t, "argument"); value != "" {
			text += " " + value
		}
		return text + drawNoreply(t) + "\r\n"
	})
}

func drawFlush(t *rapid.T) string {
	return "flush_all" + rapid.SampledFrom([]string{"", " 0"}).Draw(t, "delay") + drawNoreply(t) + "\r\n"
}

// drawTooLong stores what is too long for the server: the old value goes, too.
func drawTooLong(t *rapid.T) string {
	value := tooLong.Draw(t, "value")
	return fmt.Sprintf("set %s 0 0 %d%s\r\n%s\r\n", keys.Draw(t, "key"), len(value), drawNoreply(t), value)
}

// drawLongGet asks for so many keys that the line is longer than any other
// command's may be.
func drawLongGet(t *rapid.T) string {
	several := rapid.SliceOfN(keys, 1, 5).Draw(t, "keys")
	return "get" + strings.Repeat(" "+strings.Join(several, " "), 200) + "\r\n"
}

func drawNoreply(t *rapid.T) string {
	if rapid.IntRange(0, 4).Draw(t, "noreply") == 4 {
		return " noreply"
	}
	return ""
}

// choice is a generator with its share.
type choice struct {
	share int
	from  *rapid.Generator[string]
}

// weighted draws from each of the choices as often as its share says.
func weighted(choices ...choice) *rapid.Generator[string] {
	var all []*rapid.Generator[string]
	for _, c := range choices {
		for range c.share {
			all = append(all, c.from)
		}
	}
	return rapid.OneOf(all...)
}
