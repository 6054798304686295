//go:build race

package service

// underRace skips what would only be slow under the race detector.
const underRace = true
