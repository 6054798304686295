package differential

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// Few keys, so that the commands meet each other's entries.
var keys = rapid.SampledFrom([]string{"a", "b", "n", "a\x01\xff", longKey, "a\tb", "a\rb", "\r", "\x7f\x80"})

// longKey is as long as a key may be.
var longKey = strings.Repeat("k", 250)

// Numbers are values and deltas at the limits of 64-bit arithmetic.
var numbers = rapid.SampledFrom([]string{
	"0", "1", "9", "10", "99", "100", "007", "4294967295", "9223372036854775807", "9223372036854775808",
	"18446744073709551614", "18446744073709551615",
})

// notNumbers are values that incr and decr have to refuse, or to take although
// they look odd. None has a minus sign: one that is left in memory behind a number
// from 2^63 on makes that no number for 1.6.18, which looks for it up to a zero byte.
var notNumbers = rapid.SampledFrom([]string{
	"", "x", "1x", "0x10", " 12", "12 ", "12 x", "00000000000000000000000000012",
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
// are past and to come. None ends while a script runs.
var exptimes = even(
	"0", "0", "0", "0", "100", "2592000", "-1", "-100", "2592001", "1000000000", "2147483647", "-2147483648", "-0", "00100",
)

// wideTimes are exptimes and some that do not fit into 32 bits, of which memcached takes the lower ones, except in gat, which
// 1.6.45 lets refuse them.
var wideTimes = oneOf([]*rapid.Generator[string]{exptimes, exptimes, exptimes, even(
	"2147483648", "4294967296", "9223372036854775807", "-2147483649", "-9223372036854775808",
)})

var flags = even("0", "0", "1", "65535", "65536", "4294967295", "4294967296", "18446744073709551615", "00001")

// commands draws one command. The line and the data block of most are well-formed.
var commands = weighted(
	choice{16, retrieval("get")}, choice{8, retrieval("gets")},
	choice{3, retrievalAndTouch("gat")}, choice{3, retrievalAndTouch("gats")},
	choice{14, storage("set")}, choice{3, storage("add")}, choice{3, storage("replace")},
	choice{3, storage("append")}, choice{3, storage("prepend")}, choice{6, rapid.Custom(drawCas)},
	choice{4, line("delete", rapid.Just(""))}, choice{6, line("incr", numbers)}, choice{5, line("decr", numbers)},
	choice{4, line("touch", wideTimes)}, choice{6, even(faults...)}, choice{2, badBlocks(drawStoreHead)}, choice{1, rare},
)

// rare are commands that take long, or leave nothing to look at.
var rare = weighted(
	choice{4, rapid.Custom(drawFlush)}, choice{1, rapid.Just("verbosity 1\r\n")}, choice{1, rapid.Just("mn\r\n")},
	choice{1, rapid.Custom(drawTooLong)}, choice{1, rapid.Custom(drawLongGet)},
)

// Scripts draws scripts of classic commands.
func Scripts() *rapid.Generator[Script] { return scripts(commands, nil) }

// MetaScripts draws scripts of meta and classic commands.
func MetaScripts() *rapid.Generator[Script] {
	return scripts(weighted(choice{3, metaCommands}, choice{1, commands}), quietRuns)
}

// scripts draws steps of commands and, if there are any, of runs that belong together.
func scripts(commands *rapid.Generator[string], runs *rapid.Generator[[]string]) *rapid.Generator[Script] {
	step := rapid.Custom(func(t *rapid.T) Step { return drawStep(t, commands, runs) })
	return rapid.Custom(func(t *rapid.T) Script {
		return settle(rapid.SliceOfN(step, 1, 12).Draw(t, "steps"))
	})
}

// settle ends a step before an incr or decr that follows a retrieval in it. In
// memcached a result that is shorter than the old value is padded, unless the old
// value waits to be sent: nothing that could be compared depends on more luck. It
// ends one also before a retrieval of a key that is too long, at which memcached
// drops the replies that wait to be sent.
func settle(script Script) Script {
	var settled Script
	for _, step := range script {
		retrieved, begin := false, 0
		for i, command := range step.Commands {
			verb, _, _ := strings.Cut(command, " ")
			counts, retrieves := verb == "incr" || verb == "decr" || verb == "ma", strings.HasPrefix(verb, "g") || verb == "mg"
			if i > begin && (retrieved && counts || retrieves && strings.Contains(command, tooLongKey)) {
				settled = append(settled, Step{Conn: step.Conn, Commands: step.Commands[begin:i], Cuts: step.Cuts})
				retrieved, begin = false, i
			}
			retrieved = retrieved || retrieves
		}
		step.Commands = step.Commands[begin:]
		settled = append(settled, step)
	}
	return settled
}

func drawStep(t *rapid.T, commands *rapid.Generator[string], runs *rapid.Generator[[]string]) Step {
	step := Step{Conn: rapid.IntRange(0, Connections-1).Draw(t, "connection"), Cuts: cuts.Draw(t, "cuts")}
	switch kind := index(t, 32); {
	case kind == 31:
		step.Commands = []string{endings.Draw(t, "ending")} // memcached may drop the replies ahead of it
	case kind > 24 && runs != nil:
		step.Commands = runs.Draw(t, "run")
	default:
		step.Commands = rapid.SliceOfN(commands, 1, 12).Draw(t, "commands")
	}
	if index(t, 32) == 31 && !step.quits() {
		step.Commands = append(step.Commands, quit)
	}
	return step
}

// cuts draws seeds, whole, and, seldom as it takes long, byteByByte.
var cuts = even(whole, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, byteByByte)

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
			wideTimes.Draw(t, "exptime"), len(value), drawNoreply(t), value)
	})
}

func drawCas(t *rapid.T) string {
	value, key := values.Draw(t, "value"), keys.Draw(t, "key")
	unique := rapid.SampledFrom([]string{"{cas " + key + "}", "{cas " + key + "}", "{cas a}", "0", "18446744073709551615"}).Draw(t, "unique")
	return fmt.Sprintf("cas %s %s %s %d %s%s\r\n%s\r\n", key, flags.Draw(t, "flags"),
		wideTimes.Draw(t, "exptime"), len(value), unique, drawNoreply(t), value)
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
