package daemon

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestLoggerForms(t *testing.T) {
	for _, format := range []string{"auto", "json", ""} { // a buffer is no terminal
		var out bytes.Buffer
		log, err := NewLogger(&out, Common{LogLevel: "info", LogFormat: format})
		if err != nil {
			t.Fatal(err)
		}
		log.Info().Str("k", "v").Msg("hello")
		var line map[string]string
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("%s: %q: %v", format, out.String(), err)
		}
		if line["level"] != "info" || line["message"] != "hello" || line["k"] != "v" {
			t.Errorf("%s: %v", format, line)
		}
		if _, err := time.Parse(timeLayout, line["time"]); err != nil {
			t.Errorf("%s: time: %v", format, err)
		}
	}
}

func TestLoggerConsole(t *testing.T) {
	var out bytes.Buffer
	log, err := NewLogger(&out, Common{LogLevel: "info", LogFormat: "console"})
	if err != nil {
		t.Fatal(err)
	}
	log.Info().Str("k", "v").Msg("hello")
	line := out.String()
	mustContain(t, line, "INF", "hello", "k=v")
	if strings.Contains(line, "\x1b") {
		t.Errorf("colours where there is no terminal: %q", line)
	}
	if _, err := time.Parse("15:04:05.000", strings.Fields(line)[0]); err != nil {
		t.Errorf("time of %q: %v", line, err)
	}
}

func TestLoggerLevels(t *testing.T) {
	tests := []struct {
		level   string
		verbose int
		want    zerolog.Level
	}{
		{"", 0, zerolog.InfoLevel},
		{"info", 0, zerolog.InfoLevel},
		{"warn", 0, zerolog.WarnLevel},
		{"trace", 0, zerolog.TraceLevel},
		{"info", 1, zerolog.DebugLevel},
		{"error", 1, zerolog.DebugLevel},
		{"info", 2, zerolog.TraceLevel},
		{"info", 9, zerolog.TraceLevel},
		{"trace", 1, zerolog.TraceLevel},
	}
	for _, tt := range tests {
		log, err := NewLogger(&bytes.Buffer{}, Common{LogLevel: tt.level, Verbose: tt.verbose})
		if err != nil || log.GetLevel() != tt.want {
			t.Errorf("level %q, verbose %d: %v, %v; want %v", tt.level, tt.verbose, log.GetLevel(), err, tt.want)
		}
	}
	_, err := NewLogger(&bytes.Buffer{}, Common{LogLevel: "loud"})
	mustBeConfigError(t, err, "loud")
}

func TestLoggerLevelIsKept(t *testing.T) {
	var out bytes.Buffer
	log, _ := NewLogger(&out, Common{LogLevel: "warn"})
	log.Info().Msg("no")
	log.Warn().Msg("yes")
	if got := strings.Count(out.String(), "\n"); got != 1 {
		t.Errorf("%d lines: %s", got, out.String())
	}
}

func TestTimestamp(t *testing.T) {
	var out bytes.Buffer
	at := time.Date(2025, 1, 2, 3, 4, 5, 6e6, time.UTC)
	log := zerolog.New(&out).Hook(timestamp(func() time.Time { return at }))
	log.Log().Msg("")
	if got := out.String(); got != `{"time":"2025-01-02T03:04:05.006Z"}`+"\n" {
		t.Errorf("line %q", got)
	}
}

func TestClockOnly(t *testing.T) {
	for in, want := range map[any]string{"2025-01-02T03:04:05.006Z": "03:04:05.006", "": "", nil: "", "T1": "1", 7: ""} {
		if got := clockOnly(in); got != want {
			t.Errorf("clockOnly(%v) = %q; want %q", in, got, want)
		}
	}
}

func TestIsTerminal(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if isTerminal(file) || isTerminal(&bytes.Buffer{}) {
		t.Error("neither a file nor a buffer is a terminal")
	}
}
