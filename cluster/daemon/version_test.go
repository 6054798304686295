package daemon

import (
	"runtime/debug"
	"testing"
)

func TestVersionOf(t *testing.T) {
	revision := func(modified string) debug.BuildInfo {
		return debug.BuildInfo{Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}, {Key: "vcs.modified", Value: modified},
		}}
	}
	tests := map[string]debug.BuildInfo{
		"devel":                       {},
		"1.2.3":                       {Main: debug.Module{Version: "v1.2.3"}},
		"devel-0123456789ab":          revision("false"),
		"devel-0123456789ab-modified": revision("true"),
	}
	for want, info := range tests {
		if got := versionOf(&info); got != want {
			t.Errorf("version %q; want %q", got, want)
		}
	}
	devel := debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}
	if got := versionOf(&devel); got != "devel" {
		t.Errorf("version %q", got)
	}
}

func TestVersionOfTheBuild(t *testing.T) {
	if Version() == "" {
		t.Error("no version")
	}
	defer func(before string) { version = before }(version)
	version = "1.2.3"
	if got := Version(); got != "1.2.3" {
		t.Errorf("version %q", got)
	}
	mustContain(t, VersionLine("gateway"), "gateway 1.2.3 (go1.", "linux/")
}
