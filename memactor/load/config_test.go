package load

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTheDefaultIsValid(t *testing.T) {
	cfg := Default()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		is     error
		says   string
	}{
		{"no port", func(c *Config) { c.Server = "localhost" }, ErrServer, `"localhost": want host:port`},
		{"port 0", func(c *Config) { c.Server = "localhost:0" }, ErrServer, "1 to 65535"},
		{"port of letters", func(c *Config) { c.Server = "localhost:http" }, ErrServer, `port "http"`},
		{"port too high", func(c *Config) { c.Server = "localhost:65536" }, ErrServer, "1 to 65535"},
		{"empty", func(c *Config) { c.Server = "" }, ErrServer, "want host:port"},
		{"no protocol", func(c *Config) { c.Protocol = Meta + 1 }, ErrRange, "protocol 2"},
		{"no connections", func(c *Config) { c.Connections = 0 }, ErrRange, "connections 0"},
		{"too many connections", func(c *Config) { c.Connections = maxConnections + 1 }, ErrRange, "want 1 to 50000"},
		{"no pipeline", func(c *Config) { c.Pipeline = 0 }, ErrRange, "pipeline 0"},
		{"no keys", func(c *Config) { c.Keys = 0 }, ErrRange, "keys 0"},
		{"more keys than digits", func(c *Config) { c.Keys = maxKeys + 1 }, ErrRange, "keys 1000000001"},
		{"no value", func(c *Config) { c.Size = 0 }, ErrRange, "size 0"},
		{"negative multiget", func(c *Config) { c.Multiget = -1 }, ErrRange, "multiget -1"},
		{"window beyond memory", func(c *Config) { c.Pipeline, c.Multiget = 100_000, 10_000 }, ErrRange, "pipeline x multiget"},
		{"no threads", func(c *Config) { c.Threads = 0 }, ErrRange, "threads 0"},
		{"no time", func(c *Config) { c.Duration = 0 }, ErrRange, "duration in milliseconds 0"},
		{"negative time", func(c *Config) { c.Duration = -time.Second }, ErrRange, "duration in milliseconds -1000"},
		{"no timeout", func(c *Config) { c.Timeout = time.Microsecond }, ErrRange, "timeout in milliseconds 0"},
		{"ratio 0:0", func(c *Config) { c.Ratio = Ratio{} }, ErrRatio, "0:0"},
		{"negative ratio", func(c *Config) { c.Ratio = Ratio{Sets: -1, Gets: 2} }, ErrRatio, "-1:2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := Default()
			test.change(&cfg)
			err := cfg.Validate()
			if !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v, want %v saying %q", err, test.is, test.says)
			}
		})
	}
}

func TestValidateNamesAllThatIsOutOfRange(t *testing.T) {
	cfg := Default()
	cfg.Connections, cfg.Size = 0, 0
	err := cfg.Validate()
	if err == nil || !strings.Contains(err.Error(), "connections") || !strings.Contains(err.Error(), "size") {
		t.Fatalf("got %v", err)
	}
}

func TestParseRatio(t *testing.T) {
	for text, want := range map[string]Ratio{
		"1:10": {1, 10},
		"0:1":  {0, 1},
		"1:0":  {1, 0},
		"7:3":  {7, 3},
	} {
		got, err := ParseRatio(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ":", "1", "1:", ":1", "0:0", "-1:1", "1:-1", "1:1:1", "a:b", "1:10 ", "1:65536"} {
		if got, err := ParseRatio(text); !errors.Is(err, ErrRatio) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}

func TestParseProtocol(t *testing.T) {
	for name, want := range map[string]Protocol{"text": Text, "meta": Meta} {
		if got, err := ParseProtocol(name); err != nil || got != want || got.String() != name {
			t.Errorf("%q: got %v, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "Text", "binary"} {
		if got, err := ParseProtocol(name); !errors.Is(err, ErrProtocol) {
			t.Errorf("%q: got %v, %v", name, got, err)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for server, want := range map[string][2]string{
		"127.0.0.1:11211": {"tcp", "127.0.0.1:11211"},
		"[::1]:11211":     {"tcp", "[::1]:11211"},
		"localhost:1":     {"tcp", "localhost:1"},
		":11211":          {"tcp", "127.0.0.1:11211"},
		"/run/mc.sock":    {"unix", "/run/mc.sock"},
		"./mc.sock":       {"unix", "./mc.sock"},
	} {
		cfg := Config{Server: server}
		network, address, err := cfg.endpoint()
		if err != nil || network != want[0] || address != want[1] {
			t.Errorf("%s: got %s %s, %v", server, network, address, err)
		}
	}
}
