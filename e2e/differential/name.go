package differential

import (
	"regexp"
	"strconv"
	"strings"
)

// What is compared of a reply to a meta command: all but the numbers of uniques, of which is told which are equal; seconds,
// which go on while the servers are asked one after the other; and, of me, memcached's class of slabs, and the sign of exp,
// which Debian's version has wrong.
var (
	metaHead   = regexp.MustCompile(`^(VA \d+|HD|EN|NF|NS|EX|ME) ?[^\r]*`)
	metaUnique = regexp.MustCompile(`( c| cas=)([1-9]\d*)`)
	metaLeft   = regexp.MustCompile(` t(\d+)`)
	metaKey    = regexp.MustCompile(` k(\S+)`)
	metaDebug  = regexp.MustCompile(` (exp=-?[1-9]\d+|la=\d+|cls=\d+)`)
)

// nameMeta replaces what may differ in the head of a meta command's reply, and learns its unique if it tells the key.
func (s *server) nameMeta(reply string) string {
	head := metaHead.FindString(reply)
	if head == "" {
		return reply
	}
	tail := strings.TrimPrefix(reply, head)
	key, unique := metaKey.FindStringSubmatch(head), metaUnique.FindStringSubmatch(head)
	if key != nil && unique != nil {
		s.learned[key[1]] = unique[2]
	}
	head = metaUnique.ReplaceAllStringFunc(head, func(text string) string {
		return metaUnique.ReplaceAllString(text, "$1") + s.nameOf(metaUnique.FindStringSubmatch(text)[2])
	})
	head = metaLeft.ReplaceAllStringFunc(head, func(text string) string {
		return " t" + aboutLeft(text[2:])
	})
	if strings.HasPrefix(head, "ME ") {
		head = metaDebug.ReplaceAllString(head, " ...")
	}
	return head + tail
}

// aboutLeft is the time that was set, if a minute or less of it has gone.
func aboutLeft(text string) string {
	left, err := strconv.Atoi(text)
	if err != nil || left == 0 {
		return text
	}
	for _, set := range []int{100, 2592000} {
		if left <= set && left > set-60 {
			return strconv.Itoa(set)
		}
	}
	if left > 2592000 {
		return "{absolute}"
	}
	return text
}
