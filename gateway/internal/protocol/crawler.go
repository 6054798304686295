package protocol

import "bytes"

// lru_crawler, slabs and lru. memactor has one class of items, 1, and its sweeper and policy have nothing to tune:
// these commands are checked as memcached checks them, answered, and change nothing. Only the dumps do something.

// maxClass is the highest slab class that memcached may have.
const maxClass = 63

// ItemClass is the class that holds all items here.
const ItemClass = 1

// parseCrawler reads "crawl|metadump|mgdump <classes>", "tocrawl|sleep <n>", "enable" and "disable".
func (c *Command) parseCrawler(args []byte) Error {
	c.NoReply = noReply(args)
	what, rest := NextKey(args)
	value, rest := NextKey(rest)
	more, _ := NextKey(rest)
	if string(what) == "enable" || string(what) == "disable" {
		return unless(len(value) == 0, ErrUnknown)
	}
	if len(value) == 0 || len(more) > 0 {
		return ErrUnknown
	}
	switch string(what) {
	case "crawl":
		return c.parseClasses(value)
	case "metadump":
		c.Kind, c.Verb = Barrier, VerbMetadump
		return c.parseClasses(value)
	case "mgdump":
		c.Kind, c.Verb = Barrier, VerbMgdump
		return c.parseClasses(value)
	case "tocrawl":
		return unless(isStrictUint32(value), ErrBadFormat)
	case "sleep":
		return checkSleep(value)
	}
	return ErrUnknown
}

// checkSleep looks at a number of microseconds.
func checkSleep(word []byte) Error {
	const second = 1_000_000
	if !isStrictUint32(word) {
		return ErrBadFormat
	}
	n, _, _ := digits(word)
	return unless(n <= second, ErrCrawlerSleep)
}

// unless is e unless ok.
func unless(ok bool, e Error) Error {
	if ok {
		return OK
	}
	return e
}

// parseClasses reads "all", "hash" or a list of classes. Empty says that there are no items in them.
func (c *Command) parseClasses(list []byte) Error {
	if string(list) == "all" || string(list) == "hash" {
		return OK
	}
	c.Empty = true
	classes := 0
	for word := range bytes.SplitSeq(list, []byte(",")) {
		if len(word) == 0 {
			continue
		}
		class, n, fits := digits(word)
		if n != len(word) || !fits || class < ItemClass || class > maxClass {
			return ErrBadClass
		}
		c.Empty = c.Empty && class != ItemClass
		classes++
	}
	return unless(classes > 0, ErrNothingToCrawl)
}

// parseSlabs reads "reassign <src> <dst>" and "automove ...".
func (c *Command) parseSlabs(args []byte) Error {
	c.NoReply = noReply(args)
	what, rest := NextKey(args)
	first, rest := NextKey(rest)
	second, rest := NextKey(rest)
	more, _ := NextKey(rest)
	switch {
	case string(what) == "reassign" && len(second) > 0 && len(more) == 0:
		return checkReassign(first, second)
	case string(what) == "automove" && len(first) > 0:
		return checkAutomove(first, second)
	}
	return ErrUnknown
}

// checkReassign looks at two classes, of which no page is ever to spare.
func checkReassign(from, to []byte) Error {
	src, okSrc := strictInt32(from)
	dst, okDst := strictInt32(to)
	switch {
	case !okSrc || !okDst:
		return ErrBadFormat
	case src == dst:
		return ErrSameClass
	case src < -1 || src > maxClass || dst < 0 || dst > maxClass:
		return ErrBadSlabClass
	}
	return ErrNoSparePages
}

func checkAutomove(what, value []byte) Error {
	switch string(what) {
	case "ratio", "freeratio":
		return unless(isFloat(value), ErrUnknown)
	case "window":
		return unless(isStrictUint32(value), ErrBadFormat)
	}
	if !isStrictUint32(what) {
		return ErrBadFormat
	}
	level, _, _ := digits(what)
	return unless(level <= 2, ErrUnknown)
}

// parseLRU reads "tune <hot> <warm> <factor> <factor>", "mode <mode>" and "temp_ttl <ttl>".
func (c *Command) parseLRU(args []byte) Error {
	c.NoReply = noReply(args)
	what, rest := NextKey(args)
	first, rest := NextKey(rest)
	switch string(what) {
	case "tune":
		return checkTune(first, rest)
	case "mode":
		return unless(string(first) == "flat" || string(first) == "segmented", ErrUnknown)
	case "temp_ttl":
		_, ok := strictInt32(first)
		return unless(ok, ErrUnknown)
	}
	return ErrUnknown
}

// checkTune looks at the shares of two queues in percent, and how much older each may be.
func checkTune(hot, rest []byte) Error {
	const most = 80
	warm, rest := NextKey(rest)
	hotFactor, rest := NextKey(rest)
	warmFactor, _ := NextKey(rest)
	if !isStrictUint32(hot) || !isStrictUint32(warm) || !isFloat(hotFactor) || !isFloat(warmFactor) {
		return ErrUnknown
	}
	h, _, _ := digits(hot)
	w, _, _ := digits(warm)
	switch {
	case h+w > most:
		return ErrLRUShares
	case !isPositive(hotFactor) || !isPositive(warmFactor):
		return ErrLRUFactors
	}
	return OK
}
