package protocol

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
)

var metaVerbs = map[string]int{"mg": 2, "md": 2, "ma": 2, "me": 2, "ms": 3} // and where their flags begin

var (
	flagWord = regexp.MustCompile(`(?s)^[0-9A-Za-z\[\\\]^_` + "`" + `]`)
	strict64 = regexp.MustCompile(`^[0-9]{1,22}$`)
)

// oracleMeta says what describe must say of a meta command: its words, if all of them are right.
func oracleMeta(verb string, args []string) string {
	words := append([]string{verb}, args...)
	start := metaVerbs[verb]
	if len(words) < start {
		return ErrBadFormat.String()
	}
	flags := words[start:]
	for _, flag := range flags[:min(len(flags), 24-start)] {
		if !flagWord.MatchString(flag) {
			return ErrBadFormat.String()
		}
	}
	swallow := ""
	if verb == "ms" {
		if !isStrict(args[1]) || number(args[1]).Sign() < 0 || number(args[1]).Int64() > 2147483645 {
			return ErrBadFormat.String()
		}
		swallow = fmt.Sprintf(" (swallows %d)", number(args[1]).Int64()+2)
		words[2] = number(args[1]).String()
	}
	key := args[0]
	fault := oracleMetaFlags(verb, key, words, flags)
	if fault != "" {
		return fault + swallow
	}
	if hasFlag(flags, "b") && (verb != "me" || flags[0] == "b") {
		words[1] = base64.StdEncoding.EncodeToString(oracleDecode(key))
	}
	return strings.Join(words, " ")
}

func oracleMetaFlags(verb, key string, words, flags []string) string {
	if verb == "me" {
		if len(key) > 250 || len(flags) > 0 && flags[0] == "b" && len(oracleDecode(key)) == 0 {
			return ErrBadFormat.String()
		}
		return ""
	}
	fault := oracleArguments(key, words, flags)
	mode, opaque := "\x00", "" // as memcached, which takes M and a zero byte for no M
	for _, flag := range flags {
		switch flag[0] {
		case 'M':
			mode = (flag + "?")[1:2]
		case 'O':
			opaque = flag
		}
	}
	switch {
	case fault != "" && verb == "ma":
		return ErrArithmeticFlag.String()
	case fault != "":
		return fault
	case verb == "ms" && !strings.ContainsRune("\x00SREAP", rune(mode[0])):
		return ErrSetMode.String()
	case verb == "ma" && !strings.ContainsRune("\x00I+D-", rune(mode[0])):
		return ErrArithmeticMode.String()
	case len(opaque) > 32:
		return ErrOpaque.String()
	}
	return ""
}

// oracleArguments is the fault that is told of those in the flags.
func oracleArguments(key string, words, flags []string) (fault string) {
	if len(key) > 250 {
		return ErrBadFormat.String()
	}
	if len(words) > 20 {
		return ErrManyFlags.String()
	}
	seen := map[byte]bool{}
	for _, flag := range flags {
		letter, argument := flag[0], flag[1:]
		if seen[letter] {
			return ErrFlagTwice.String()
		}
		seen[letter] = true
		switch {
		case strings.IndexByte("TNR", letter) >= 0 && !isStrict(argument),
			strings.IndexByte("CE", letter) >= 0 && !isStrict64(argument):
			fault = ErrBadToken.String()
		case letter == 'F' && (!regexp.MustCompile(`^[0-9]{1,11}$`).MatchString(argument) || number(argument).BitLen() > 32):
			if fault == "" {
				fault = ErrBadFormat.String()
			}
		case letter == 'J' && !isStrict64(argument):
			fault = ErrBadInitial.String()
		case letter == 'D' && !isStrict64(argument):
			fault = ErrBadMetaDelta.String()
		case letter == 'b' && len(oracleDecode(key)) == 0:
			fault = ErrBadKey.String()
		case strings.IndexByte("TNRCEFJDbqILMOPcfhklstuvx", letter) < 0:
			return ErrNoFlag.String()
		}
	}
	return fault
}

func hasFlag(flags []string, letter string) bool {
	for _, flag := range flags {
		if strings.HasPrefix(flag, letter) {
			return true
		}
	}
	return false
}

func isStrict64(word string) bool { return strict64.MatchString(word) && number(word).IsUint64() }

var noBase64 = regexp.MustCompile(`[^A-Za-z0-9+/=]`)

// oracleDecode leaves the well-formed groups to the standard library.
func oracleDecode(text string) []byte {
	text = string(noBase64.ReplaceAllLiteral([]byte(text), nil))
	if text == "" || len(text)%4 != 0 {
		return nil
	}
	var out []byte
	for ; text != ""; text = text[4:] {
		pad := strings.Count(text[:4], "=")
		group, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text[:4], "=", "A"))
		if err != nil || pad > 2 {
			return nil
		}
		out = append(out, group[:3-pad]...)
		if pad > 0 {
			break
		}
	}
	return out
}
