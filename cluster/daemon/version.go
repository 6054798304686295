package daemon

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// version is set by `make build`: -ldflags "-X <this package>.version=1.2.3".
var version string

// Version is the version of this build: what the build was told, else what Go
// recorded of the module or of the commit, else "devel".
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return strings.TrimPrefix(v, "v")
	}
	settings := make(map[string]string, len(info.Settings))
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return "devel"
	}
	v := "devel-" + revision[:min(len(revision), 12)]
	if settings["vcs.modified"] == "true" {
		v += "-modified"
	}
	return v
}

// VersionLine is what --version prints.
func VersionLine(name string) string {
	return fmt.Sprintf("%s %s (%s, %s/%s)", name, Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
