package daemon

import (
	"testing"

	"pgregory.net/rapid"
)

func TestDidYouMean(t *testing.T) {
	names := []string{"admin", "listen", "log-format", "log-level", "max-item-size", "memory", "node", "port"}
	tests := map[string]string{
		"prot":          "port",
		"pot":           "port",
		"portt":         "port",
		"lisen":         "listen",
		"loglevel":      "log-level",
		"log_level":     "log-level",
		"max-itemsize":  "max-item-size",
		"nodes":         "node",
		"Memory":        "memory",
		"replicas":      "",
		"":              "",
		"x":             "",
		"completely-so": "",
	}
	for word, want := range tests {
		if want != "" {
			want = `; did you mean "` + want + `"?`
		}
		if got := DidYouMean(word, names); got != want {
			t.Errorf("DidYouMean(%q) = %q; want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "acb", 1}, {"abc", "ab", 1}, {"abc", "xbc", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d; want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestDistanceIsSymmetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringN(0, 8, 8).Draw(t, "a"), rapid.StringN(0, 8, 8).Draw(t, "b")
		d := distance(a, b)
		if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			t.Fatalf("distance(%q, %q) = %d, other way %d", a, b, d, distance(b, a))
		}
	})
}
