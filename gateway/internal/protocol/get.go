package protocol

// parseGet reads "<key>+". A last key "noreply" is a key.
func (c *Command) parseGet(args []byte) Error {
	c.Keys = args
	return checkKeys(args)
}

// parseGat reads "<exptime> <key>+".
func (c *Command) parseGat(args []byte) Error {
	exptime, keys := NextKey(args)
	if first, _ := NextKey(keys); len(first) == 0 {
		return ErrBadFormat
	}
	seconds, ok := strictInt32(exptime)
	if !ok {
		return ErrBadExptime
	}
	c.Exptime, c.Keys = int64(seconds), keys
	return checkKeys(keys)
}

// checkKeys holds back the whole command for one key that is too long, before any key is asked for.
func checkKeys(keys []byte) Error {
	key, rest := NextKey(keys)
	if len(key) == 0 {
		return ErrBadFormat
	}
	for len(key) > 0 {
		if len(key) > MaxKey {
			return ErrBadFormat
		}
		key, rest = NextKey(rest)
	}
	return OK
}
