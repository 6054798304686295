// Package inspect looks at a running cluster: who should be there, who is, what
// each node holds and acts on. Gathering (Look) and rendering (Tables) are apart:
// a View is plain data, and so is its JSON, whose names are documented in
// docs/operations.md and do not change.
package inspect
