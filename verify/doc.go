// Package verify has the proof of a mark: the form of an entry of the public
// log, the rules by which entries count, their replay to the state of the
// registry, and the verification of one mark offline.
//
// It reads bytes and gives values; it has no network, no files and no clock
// of its own. Whoever calls it says what is trusted ([Trust]) and what time it
// is. All bytes are hostile: sizes and depths are bounded before anything is
// allocated, and what is accepted has exactly one form.
//
// What it refuses to do: decide. What can go wrong: bytes that are no entry,
// signatures that are wrong or not enough, acts that are not allowed; each is
// an [iotmark.Error] of kind Unverified or Invalid with a stable id, or the
// reason of a void entry.
//
// Formats are those of C2SP (signed-note, tlog-checkpoint, tlog-cosignature,
// tlog-proof, tlog-policy, tlog-tiles) and RFC 8785, 6962, 8032.
package verify
