package transcript

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
)

// pattern is what an answer has to look like: its text, with holes for what varies.
// It works on bytes, each as a rune of its own, for not every answer is UTF-8.
type pattern struct {
	text  *regexp.Regexp
	holes []hole // of the text's groups, in their order
}

// hole is a part of an answer that varies.
type hole struct {
	expr     string // what it looks like
	name     string // of a unique, else ""
	min, max uint64 // the numbers that it may be, if max is not 0
}

// memory is the uniques that were heard in a scene, by name.
type memory map[string]string

// uniqueBytes is the length of a unique in the binary protocol.
const uniqueBytes = 8

// holes are the placeholders of a talk.
var holes = regexp.MustCompile(`\{(?:(number)|(any)|(\d+)\.\.(\d+)|cas:([0-9a-z]+)|(\d+) bytes?)\}`)

// compile makes the pattern of an answer's lines.
func compile(lines []line) (pattern, error) {
	var p pattern
	var expr strings.Builder
	expr.WriteString(`(?s)^`)
	for i := 0; i < len(lines); {
		end := i + 1
		for lines[i].loose && end < len(lines) && lines[end].loose {
			end++
		}
		var orders []string
		for order := range permutations(lines[i:end]) {
			text, err := p.add(order)
			if err != nil {
				return p, err
			}
			orders = append(orders, text)
		}
		expr.WriteString(`(?:` + strings.Join(orders, "|") + `)`)
		i = end
	}
	text, err := regexp.Compile(expr.String() + `$`)
	p.text = text
	return p, err
}

// add returns the expression of lines and appends their holes.
func (p *pattern) add(lines []line) (string, error) {
	var expr strings.Builder
	for _, line := range lines {
		switch line.text {
		case closedMark:
			expr.WriteString(closedMark)
			continue
		case "...":
			expr.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		err := line.each(func(text string) { expr.WriteString(regexp.QuoteMeta(runes(text))) }, func(h hole) error {
			p.holes = append(p.holes, h)
			expr.WriteString("(" + h.expr + ")")
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return expr.String(), nil
}

// match reports whether an answer is as it should be, and remembers its uniques. A
// name means one unique, and two names mean two.
func (p *pattern) match(answer string, known memory) bool {
	groups := p.text.FindStringSubmatch(runes(answer))
	if groups == nil {
		return false
	}
	heard := maps.Clone(known)
	for i, hole := range p.holes {
		if value := groups[i+1]; value != "" && !hole.takes(value, heard) {
			return false
		}
	}
	maps.Copy(known, heard)
	return true
}

func (h hole) takes(value string, heard memory) bool {
	if h.max > 0 {
		n, err := strconv.ParseUint(value, 10, 64)
		return err == nil && h.min <= n && n <= h.max
	}
	if h.name == "" {
		return true
	}
	for name, other := range heard {
		if (name == h.name) != (value == other) {
			return false
		}
	}
	heard[h.name] = value
	return true
}

// say returns the bytes of lines that are sent.
func say(lines []line, known memory) (string, error) {
	var out strings.Builder
	for _, line := range lines {
		err := line.each(func(text string) { out.WriteString(text) }, func(h hole) error {
			value, ok := known[h.name]
			if !ok {
				return fmt.Errorf("transcript: %q was not heard before", h.name)
			}
			for _, r := range value {
				out.WriteByte(byte(r))
			}
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

// each calls plain and placed for the line's bytes and holes as they follow each
// other, its end among them.
func (l line) each(plain func(string), placed func(hole) error) error {
	text := l.text
	if l.hex {
		text, _, _ = strings.Cut(text, "|")
	} else if cut, open := strings.CutSuffix(text, `\`); open && !strings.HasSuffix(cut, `\`) {
		text = cut
	} else {
		text += `\r\n`
	}
	for {
		at := holes.FindStringSubmatchIndex(text)
		if at == nil {
			at = []int{len(text), len(text)}
		}
		bytes, err := l.bytes(text[:at[0]])
		if err != nil {
			return err
		}
		plain(bytes)
		if at[1] == len(text) && at[0] == at[1] {
			return nil
		}
		if err := placed(l.hole(holes.FindStringSubmatch(text[at[0]:at[1]]))); err != nil {
			return err
		}
		text = text[at[1]:]
	}
}

func (l line) hole(parts []string) hole {
	number := func(text string) uint64 { n, _ := strconv.ParseUint(text, 10, 64); return n }
	switch {
	case parts[2] != "":
		return hole{expr: `[^\r\n]*`}
	case parts[4] != "":
		return hole{expr: `[0-9]+`, min: number(parts[3]), max: number(parts[4])}
	case parts[5] != "" && l.hex:
		return hole{expr: fmt.Sprintf(".{%d}", uniqueBytes), name: parts[5]}
	case parts[6] != "":
		return hole{expr: ".{" + parts[6] + "}"}
	}
	return hole{expr: `[0-9]+`, name: parts[5]}
}

// hexToken is what is written in a line of hexadecimal: a text, or a byte.
var hexToken = regexp.MustCompile(`^\s*(?:"([^"]*)"|([0-9a-f]{2})(?:\s|$))`)

// bytes are the bytes that a part of the line without holes stands for.
func (l line) bytes(text string) (string, error) {
	if !l.hex {
		return expand(text)
	}
	var out strings.Builder
	for strings.TrimSpace(text) != "" {
		parts := hexToken.FindStringSubmatch(text)
		if parts == nil {
			return "", fmt.Errorf("transcript: %q is not in hexadecimal", text)
		}
		if parts[2] != "" {
			b, _ := strconv.ParseUint(parts[2], 16, 8)
			out.WriteByte(byte(b))
		}
		out.WriteString(parts[1])
		text = text[len(parts[0]):]
	}
	return out.String(), nil
}

// runes has a rune for each byte of a text.
func runes(text string) string {
	all := make([]rune, len(text))
	for i := range len(text) {
		all[i] = rune(text[i])
	}
	return string(all)
}

// permutations yields all orders of a few lines.
func permutations(lines []line) func(yield func([]line) bool) {
	return func(yield func([]line) bool) { permute(lines, 0, yield) }
}

func permute(lines []line, fixed int, yield func([]line) bool) bool {
	if fixed == len(lines) {
		return yield(lines)
	}
	for i := fixed; i < len(lines); i++ {
		lines[fixed], lines[i] = lines[i], lines[fixed]
		more := permute(lines, fixed+1, yield)
		lines[fixed], lines[i] = lines[i], lines[fixed]
		if !more {
			return false
		}
	}
	return true
}
