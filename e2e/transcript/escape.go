package transcript

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// repeat is REP{text,n} in an input.
var repeat = regexp.MustCompile(`REP\{(.*?),(\d+)\}`)

// Sends returns the texts that a case's input sends, one after the other.
func (c Case) Sends() ([]string, error) {
	var sends []string
	for part := range strings.SplitSeq(c.Input, " || ") {
		text, err := expand(part)
		if err != nil {
			return nil, fmt.Errorf("transcript: %q: %w", c.Input, err)
		}
		sends = append(sends, text)
	}
	return sends, nil
}

// expand reads a text with repetitions and escapes.
func expand(text string) (string, error) {
	var out strings.Builder
	for text != "" {
		at, n := repeat.FindStringSubmatchIndex(text), 1
		if at == nil {
			at = []int{len(text), len(text), 0, 0}
		} else {
			n, _ = strconv.Atoi(text[at[4]:at[5]])
		}
		plain, err := unescape(text[:at[0]])
		if err != nil {
			return "", err
		}
		again, err := unescape(text[at[2]:at[3]])
		if err != nil {
			return "", err
		}
		out.WriteString(plain + strings.Repeat(again, n))
		text = text[at[1]:]
	}
	return out.String(), nil
}

// unescape reads a text with escapes, of which these are in use: \r \n \t \\ \xHH.
func unescape(text string) (string, error) {
	var out strings.Builder
	for {
		plain, rest, found := strings.Cut(text, `\`)
		out.WriteString(plain)
		if !found {
			return out.String(), nil
		}
		value, _, tail, err := strconv.UnquoteChar(`\`+rest, 0)
		if err != nil {
			return "", fmt.Errorf("escape %q: %w", rest, err)
		}
		out.WriteByte(byte(value))
		text = tail
	}
}

// closedMark says in an answer that the server closed the connection.
const closedMark = "<closed>"

// show writes an answer as a recording does: with escapes, and cut if it is long.
func show(answer string, closed bool) string {
	var text strings.Builder
	for i := range len(answer) {
		text.WriteString(escape(answer[i]))
	}
	shown := text.String()
	if len(shown) > 400 {
		shown = fmt.Sprintf("%s ...(%d bytes)... %s", shown[:200], len(answer), shown[len(shown)-60:])
	}
	if closed {
		shown += closedMark
	}
	return shown
}

func escape(b byte) string {
	switch {
	case b == '\r':
		return `\r`
	case b == '\n':
		return `\n`
	case b == '\t':
		return `\t`
	case b == '\\':
		return `\\`
	case b < ' ' || b > '~':
		return fmt.Sprintf(`\x%02x`, b)
	}
	return string(b)
}

// version is a server's version, which says nothing about its behaviour.
var version = regexp.MustCompile(`VERSION [^\\]+`)

// unique is a cas unique in an answer to a meta command; 0 is none.
var unique = regexp.MustCompile(`( c| cas=)([1-9][0-9]*)`)

// Same reports whether two answers, as recordings write them, are the same
// except for what varies between two servers that behave alike: their version, and
// the numbers of cas uniques, though not which of them are equal.
func Same(a, b string) bool { return a == b || plain(a) == plain(b) }

func plain(answer string) string {
	names := map[string]int{}
	answer = unique.ReplaceAllStringFunc(answer, func(text string) string {
		parts := unique.FindStringSubmatch(text)
		if _, known := names[parts[2]]; !known {
			names[parts[2]] = len(names)
		}
		return fmt.Sprintf("%s{unique %d}", parts[1], names[parts[2]])
	})
	return version.ReplaceAllString(answer, "VERSION")
}
