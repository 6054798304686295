// Package region is the actor runtime of a shard node: the shards that the node
// hosts, the key actors in them, and the delivery of envelopes to those.
//
// # The life of an envelope
//
//  1. A stream's goroutine has a Deliverer and calls Deliver (deliver.go).
//  2. The envelope is checked, and the hosted shard is looked up in the snapshot
//     of the shard map (check.go, hosting.go).
//  3. Under the shard's lock the actor of the key begins to run: it is put on
//     the shard's list of running actors, with what it holds (hosted.go). If it
//     is on the list already, the envelope becomes mail in its mailbox
//     (mailbox.go), or is answered STATUS_BUSY.
//  4. Without any lock the actor takes its turn: entry.Step, the memory for what
//     is to be stored, the reply (turn.go).
//  5. Under the lock again the turn is committed, and the actor's next mail is
//     taken; without mail the actor is at rest (commit.go).
//  6. The delivering goroutine runs the mail that came meanwhile too; after
//     maxTurns turns the actor gets a goroutine of its own.
//
// So each key's messages are handled one at a time in order of arrival, an actor
// at rest has no goroutine and no mailbox, and an actor that holds nothing does not
// exist: a miss leaves nothing behind.
//
// # Who may touch what
//
// All of a hosted shard is guarded by its lock, except the block of a running
// actor: that belongs to whoever runs it. The key within a block never changes,
// so it may be compared under the lock at any time. No lock is held during a turn,
// and no two locks at once, except that Region.mu is outside of all others.
package region
