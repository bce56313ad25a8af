package verify

// Fill makes a replayer that has no room for more.
func (r *Replayer) Fill() { r.arena.chunks = make([][]byte, maxChunks) }
