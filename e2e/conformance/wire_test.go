package conformance

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/memactor/memactor/e2e/harness"
	"github.com/memactor/memactor/e2e/transcript"
)

// wire is where the talks are that document the protocol.
const wire = "../testdata/wire"

// silence is how long a server may take for an answer. Only a wrong one takes it.
const silence = 30 * time.Second

// TestWire plays every talk against memcached and against a cluster, whole and byte
// by byte. What only 1.6.45 answers is played against a memcached that is no older.
func TestWire(t *testing.T) {
	t.Parallel()
	old := isOld(t)
	for _, talk := range talks(t) {
		t.Run(strings.TrimSuffix(talk.File, ".txt"), func(t *testing.T) {
			t.Parallel()
			options := installed(t, talk.Options)
			t.Run("memcached", func(t *testing.T) {
				_, address := harness.Memcached(t, options...)
				playWire(t, address, talk, func(s transcript.Scene) bool { return s.Only == "" || s.Only == "1.6.45" && !old })
			})
			t.Run("memactor", func(t *testing.T) {
				c := harness.StartCluster(t, harness.ClusterOptions{Nodes: 3, GatewayArgs: options})
				playWire(t, c.Address(), talk, func(transcript.Scene) bool { return true })
			})
		})
	}
}

func playWire(t *testing.T, address string, talk transcript.Talk, holds func(transcript.Scene) bool) {
	t.Helper()
	for name, chunks := range map[string]func() harness.Chunks{
		"whole": func() harness.Chunks { return harness.Whole }, "byte by byte": harness.ByteByByte,
	} {
		stage := transcript.Stage{Address: address, Login: login(talk), Chunks: chunks, Silence: silence}
		for _, scene := range talk.Scenes {
			if !holds(scene) {
				continue
			}
			if err := playScene(stage, scene); err != nil {
				t.Errorf("%s, %q, %s: %v", talk.File, scene.Title, name, err)
			}
		}
	}
}

// playScene plays a scene, again if it is about seconds, of which some may have passed
// unseen.
func playScene(stage transcript.Stage, scene transcript.Scene) error {
	err := stage.Play(scene)
	for try := 0; try < 5 && err != nil && scene.TellsTime(); try++ {
		err = stage.Play(scene)
	}
	return err
}

// TestWireOnly holds "only" to its purpose: what only the newer memcached or memactor
// answers, Debian's memcached answers otherwise.
func TestWireOnly(t *testing.T) {
	t.Parallel()
	if !isOld(t) {
		t.Skip("this memcached is not 1.6.18")
	}
	for _, talk := range talks(t) {
		_, address := harness.Memcached(t, installed(t, talk.Options)...)
		stage := transcript.Stage{
			Address: address, Login: login(talk), Silence: 300 * time.Millisecond,
			Chunks: func() harness.Chunks { return harness.Whole },
		}
		for _, scene := range talk.Scenes {
			if scene.Only != "" && alwaysPlays(stage, scene) {
				t.Errorf("%s, %q: memcached 1.6.18 answers so, too", talk.File, scene.Title)
			}
		}
	}
}

// alwaysPlays tells whether a scene goes as written each of several times: by chance one may, as when
// memcached's maintainer moves an entry to where cachedump looks, just then.
func alwaysPlays(stage transcript.Stage, scene transcript.Scene) bool {
	for range 5 {
		if stage.Play(scene) != nil {
			return false
		}
	}
	return true
}

// isOld tells whether the memcached of this machine is Debian's 1.6.18.
func isOld(t *testing.T) bool {
	t.Helper()
	_, address := harness.Memcached(t)
	return strings.Contains(harness.Ask(address, "version\r\n"), " 1.6.18")
}

func talks(t *testing.T) []transcript.Talk {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(wire, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no talks: %v", err)
	}
	var all []transcript.Talk
	for _, path := range paths {
		talk, err := transcript.LoadTalk(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, talk)
	}
	return all
}

// login is what the player says first at a server that asks who it is.
func login(talk transcript.Talk) string {
	if slices.Contains(talk.Options, "-Y") {
		return "set x 0 0 10\r\nann secret\r\n"
	}
	return ""
}

// installed returns a talk's options, with the files that they name where everybody
// may read them: memcached runs as nobody.
func installed(t *testing.T, options []string) []string {
	t.Helper()
	options = slices.Clone(options)
	for i, option := range options {
		text, err := os.ReadFile(filepath.Join(wire, option))
		if err == nil {
			options[i] = harness.PublicFile(t, string(text))
		}
	}
	return options
}
