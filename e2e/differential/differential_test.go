package differential

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/memactor/memactor/e2e/harness"
)

// TestMemcachedIsLikeItself proves that what is compared does not vary between
// two runs of one server.
func TestMemcachedIsLikeItself(t *testing.T) {
	left := Reference(t)
	right := Reference(t)
	for seed := range 40 {
		if err := Compare(left, right, Scripts().Example(seed)); err != nil {
			t.Fatalf("example %d: %v", seed, err)
		}
	}
}

func TestMemcachedIsLikeItselfInBinary(t *testing.T) {
	left := Reference(t)
	right := Reference(t)
	for seed := range 40 {
		if err := CompareBinary(left, right, BinaryScripts().Example(seed)); err != nil {
			t.Fatalf("example %d: %v\n%#v", seed, err, BinaryScripts().Example(seed))
		}
	}
}

// TestComparisonSeesBugs plants bugs between the comparison and a memcached. Each
// has to be found within a few hundred random scripts.
func TestComparisonSeesBugs(t *testing.T) {
	left := Reference(t)
	right := Reference(t)
	for name, bug := range bugs() {
		t.Run(name, func(t *testing.T) {
			proxy := harness.Proxy(t, right, bug)
			for seed := range 300 {
				if err := Compare(left, proxy, Scripts().Example(seed)); errors.Is(err, ErrDifferent) {
					return
				}
			}
			t.Error("not found")
		})
	}
}

func bugs() map[string]func() harness.Alter {
	replace := func(right, wrong string) func() harness.Alter {
		return func() harness.Alter {
			return func(reply string, _ func() bool) string { return strings.ReplaceAll(reply, right, wrong) }
		}
	}
	return map[string]func() harness.Alter{
		"replies swapped":      harness.SwapReplies(20),
		"wrong status":         replace("NOT_STORED", "STORED"),
		"exists for not found": replace("EXISTS", "NOT_FOUND"),
		"signed arithmetic":    replace("18446744073709551615", "-1"),
		"flags of 16 bits":     replace(" 65536 ", " 0 "),
		"cas never changes":    constantCas,
	}
}

// constantCas tells the same unique for every entry.
func constantCas() harness.Alter {
	return func(reply string, _ func() bool) string {
		values, last, err := harness.Values(reply)
		if err != nil || len(values) == 0 || values[0].Cas == "" {
			return reply
		}
		var text strings.Builder
		for _, v := range values {
			fmt.Fprintf(&text, "VALUE %s %s %d 7\r\n%s\r\n", v.Key, v.Flags, len(v.Data), v.Data)
		}
		return text.String() + last + "\r\n"
	}
}

// TestMemcachedIsLikeItselfInMeta is the same of meta commands.
func TestMemcachedIsLikeItselfInMeta(t *testing.T) {
	left := Reference(t)
	right := Reference(t)
	for seed := range 40 {
		if err := Compare(left, right, MetaScripts().Example(seed)); err != nil {
			t.Fatalf("example %d: %v", seed, err)
		}
	}
}

func TestScriptsCoverTheCommands(t *testing.T) {
	missing := map[string]bool{}
	for verb := range strings.FieldsSeq("get gets gat gats set add replace append prepend cas delete incr decr touch flush_all quit") {
		missing[verb] = true
	}
	for seed := 0; seed < 300 && len(missing) > 0; seed++ {
		for _, step := range Scripts().Example(seed) {
			for _, command := range step.Commands {
				delete(missing, strings.FieldsFunc(command, func(r rune) bool { return r <= ' ' })[0])
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("never drawn: %v", missing)
	}
}

func TestScriptsCoverTheFaults(t *testing.T) {
	missing := map[string]bool{}
	for _, line := range slices.Concat(faults, metaFaults, closing) {
		missing[line] = true
	}
	for seed := 0; seed < 5000 && len(missing) > 0; seed++ {
		for _, step := range append(Scripts().Example(seed), MetaScripts().Example(seed)...) {
			for _, command := range step.Commands {
				delete(missing, command)
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("never drawn: %q", slices.Sorted(maps.Keys(missing)))
	}
}

// TestEvenIsEven wants the last of a long list about as often as the first.
func TestEvenIsEven(t *testing.T) {
	const n, draws = 50, 20_000
	var drawn [n]int
	numbers := rapid.Custom(func(t *rapid.T) int { return index(t, n) })
	for seed := range draws {
		drawn[numbers.Example(seed)]++
	}
	for i, times := range drawn {
		if times < draws/n/2 || times > draws/n*2 {
			t.Errorf("%d is drawn %d times of %d", i, times, draws)
		}
	}
}

func TestHushed(t *testing.T) {
	for command, want := range map[string]string{
		"mg a v\r\n": "mg a v q\r\n", "mg a\r\n": "mg a q\r\n", "mg a q v\r\n": "mg a q v\r\n", "ms q 1\r\nx\r\n": "ms q 1 q\r\nx\r\n",
		"ma n N0 v\r\n": "ma n N0 v\r\n", "ma N v\r\n": "ma N v q\r\n", "mg a N0\r\n": "mg a N0 q\r\n",
	} {
		if got := hushed(command); got != want {
			t.Errorf("%q becomes %q", command, got)
		}
	}
}

func TestSame(t *testing.T) {
	equal := []string{"STORED\r\n", "END\r\n"}
	if err := same(equal, equal); err != nil {
		t.Error(err)
	}
	for _, got := range [][]string{nil, equal[:1], {"STORED\r\n", "ERROR\r\n"}, append(equal, "MN\r\n")} {
		if same(equal, got) == nil {
			t.Errorf("%q passes for %q", got, equal)
		}
	}
}

func TestUniquesAreNamedAndFilledIn(t *testing.T) {
	s := newServer("")
	if got := s.fill("cas a 0 0 1 {cas a}\r\n"); got != "cas a 0 0 1 0\r\n" {
		t.Error(got)
	}
	s.name("VALUE b 0 1 11\r\nx\r\nEND\r\n")
	got := s.name("VALUE a 0 1 12\r\nx\r\nVALUE b 0 1 11\r\nx\r\nEND\r\n")
	if want := "VALUE a 0 1 {unique 1}\r\nx\r\nVALUE b 0 1 {unique 0}\r\nx\r\nEND\r\n"; got != want {
		t.Error(got)
	}
	if got := s.fill("{cas a} {cas b}"); got != "12 11" {
		t.Error(got)
	}
}

func TestSettle(t *testing.T) {
	script := Script{{Conn: 1, Commands: []string{"get a\r\n", "set a", "incr a 1\r\n", "decr a 1\r\n", "gat 0 a\r\n", "decr a 1\r\n", "get " + tooLongKey + "\r\n"}, Cuts: 3}}
	var got []int
	for _, step := range settle(script) {
		got = append(got, len(step.Commands))
		if step.Conn != 1 || step.Cuts != 3 {
			t.Errorf("%+v", step)
		}
	}
	if fmt.Sprint(got) != "[2 3 1 1]" {
		t.Errorf("steps of %v commands", got)
	}
}
