package daemon

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
)

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// NewLogger writes to w in the form and from the level on that c asks for. w is
// asked whether it is a terminal only where the form is auto.
func NewLogger(w io.Writer, c Common) (zerolog.Logger, error) {
	level, err := c.level()
	if err != nil {
		return zerolog.Nop(), err
	}
	if c.LogFormat == "console" || c.LogFormat != "json" && isTerminal(w) {
		w = console(w)
	}
	return zerolog.New(w).Level(level).Hook(timestamp(time.Now)), nil
}

// level takes the more talkative of --log-level and -v.
func (c *Common) level() (zerolog.Level, error) {
	level, err := zerolog.ParseLevel(c.LogLevel)
	if err != nil {
		return level, fmt.Errorf("%w: log-level %q: %w", ErrConfig, c.LogLevel, err)
	}
	if c.LogLevel == "" {
		level = zerolog.InfoLevel
	}
	switch c.Verbose {
	case 0:
		return level, nil
	case 1:
		return min(level, zerolog.DebugLevel), nil
	}
	return min(level, zerolog.TraceLevel), nil
}

// timestamp adds the time with milliseconds. zerolog's own way would be a
// package variable, which a library has no business to set.
func timestamp(now func() time.Time) zerolog.HookFunc {
	return func(e *zerolog.Event, _ zerolog.Level, _ string) {
		e.Str(zerolog.TimestampFieldName, now().Format(timeLayout))
	}
}

func console(w io.Writer) io.Writer {
	return zerolog.ConsoleWriter{Out: w, NoColor: !isTerminal(w), FormatTimestamp: clockOnly}
}

// clockOnly leaves the day out: on a terminal it is today.
func clockOnly(stamp any) string {
	text, _ := stamp.(string)
	_, clock, _ := strings.Cut(text, "T")
	return clock[:min(len(clock), len("15:04:05.000"))]
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
