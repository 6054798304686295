//go:build race

package region

// underRace skips what would only be slow under the race detector.
const underRace = true
