package region

// SetIncarnation tells which run of the node this is: shards of an earlier run of
// its process are not its own. Call it before the first SetMap.
func (r *Region) SetIncarnation(incarnation uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opts.Incarnation = incarnation
}
