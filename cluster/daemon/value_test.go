package daemon

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func settingOf(t *testing.T, config *everything, name string) field {
	t.Helper()
	f, ok := find(fieldsOf(config), name)
	if !ok {
		t.Fatalf("no setting %q", name)
	}
	return f
}

func TestSetting(t *testing.T) {
	tests := []struct {
		name  string
		texts []string
		got   func(*everything) any
		want  any
	}{
		{"listen", []string{"::1"}, func(e *everything) any { return e.Listen }, "::1"},
		{"listen", []string{"a", "b"}, func(e *everything) any { return e.Listen }, "b"},
		{"listen", []string{""}, func(e *everything) any { return e.Listen }, ""},
		{"port", []string{"0"}, func(e *everything) any { return e.Port }, 0},
		{"port", []string{"65535"}, func(e *everything) any { return e.Port }, 65535},
		{"max-item-size", []string{"2m"}, func(e *everything) any { return e.Item }, 2 * MiB},
		{"max-item-size", []string{"2048"}, func(e *everything) any { return e.Item }, 2 * KiB},
		{"memory", []string{"64"}, func(e *everything) any { return e.Memory }, 64 * MiB},
		{"memory", []string{"1g"}, func(e *everything) any { return e.Memory }, GiB},
		{"timeout", []string{"250ms"}, func(e *everything) any { return e.Timeout }, 250 * time.Millisecond},
		{"node", []string{"a=h:1", "b=h:2"}, func(e *everything) any { return e.Nodes }, []string{"a=h:1", "b=h:2"}},
		{"node", []string{"a=h:1, b=h:2,", "c=h:3"}, func(e *everything) any { return e.Nodes }, []string{"a=h:1", "b=h:2", "c=h:3"}},
		{"peer", []string{"host:80"}, func(e *everything) any { return e.Peer }, "host:80"},
		{"peer", []string{""}, func(e *everything) any { return e.Peer }, ""},
		{"admin", []string{"127.0.0.1:0"}, func(e *everything) any { return e.Admin }, "127.0.0.1:0"},
		{"admin", []string{":80"}, func(e *everything) any { return e.Admin }, "127.0.0.1:80"},
		{"ratio", []string{"0.25"}, func(e *everything) any { return e.Ratio }, 0.25},
		{"cas", []string{"yes"}, func(e *everything) any { return e.Cas }, true},
		{"cas", []string{"off"}, func(e *everything) any { return e.Cas }, false},
		{"mode", []string{"async"}, func(e *everything) any { return e.Mode }, "async"},
	}
	for _, tt := range tests {
		config := defaults()
		if err := settingOf(t, config, tt.name).set(tt.texts); err != nil {
			t.Errorf("%s = %q: %v", tt.name, tt.texts, err)
		}
		if got := tt.got(config); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s = %q gives %v; want %v", tt.name, tt.texts, got, tt.want)
		}
	}
}

func TestSettingRefuses(t *testing.T) {
	tests := []struct{ name, text, says string }{
		{"port", "", "not a number; allowed: a whole number in 0..65535"},
		{"port", "http", "not a number"},
		{"port", "1.5", "not a number"},
		{"port", "-1", "out of range"},
		{"port", "65536", "out of range; allowed: a whole number in 0..65535"},
		{"port", "99999999999999999999", "not a number"},
		{"max-item-size", "1023", "out of range; allowed: a size such as 512k, 64m, 1g in 1k..1g"},
		{"max-item-size", "2g", "out of range"},
		{"max-item-size", "much", "not a size"},
		{"memory", "0", "out of range"},
		{"memory", "1k", "out of range; allowed: a size such as 512k, 64m, 1g in 1m.. (a plain number counts 1m)"},
		{"timeout", "5", "not a duration; allowed: a duration such as 500ms, 5s, 2m"},
		{"ratio", "half", "not a decimal; allowed: a number"},
		{"cas", "perhaps", "not a yes/no; allowed: true, false"},
		{"mode", "asinc", `not one of them; did you mean "async"?; allowed: sync, async`},
		{"mode", "", "not one of them; allowed: sync, async"},
		{"peer", "host", `"host" is not host:port; allowed: host:port`},
		{"peer", "host:0", "has no port from 1 to 65535"},
		{"peer", "host:http", "has no port from 1 to 65535"},
		{"peer", "::1:80", "is not host:port"},
		{"admin", "127.0.0.1:65536", "allowed: host:port (port 0: any free port)"},
	}
	for _, tt := range tests {
		err := settingOf(t, defaults(), tt.name).set([]string{tt.text})
		if err == nil {
			t.Errorf("%s = %q is taken", tt.name, tt.text)
			continue
		}
		if !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s = %q: %q does not say %q", tt.name, tt.text, err, tt.says)
		}
	}
}

// The text of a value, as --test and --help show it, sets the same value again.
func TestSettingTextsRoundTrip(t *testing.T) {
	for _, f := range fieldsOf(defaults()) {
		before := f.String()
		if err := f.set(f.texts()); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		if after := f.String(); after != before {
			t.Errorf("%s: %q became %q", f.name, before, after)
		}
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	config := defaults()
	f := settingOf(t, config, "token")
	if got := f.String(); got != "" {
		t.Errorf("no secret prints %q", got)
	}
	config.Token = "hunter2"
	if got := f.String(); got != "(secret)" {
		t.Errorf("a secret prints %q", got)
	}
}

func TestCheckAddress(t *testing.T) {
	tests := map[string]string{
		":80":         "127.0.0.1:80", // no more than loopback unless asked
		"0.0.0.0:80":  "0.0.0.0:80",
		"[::]:80":     "[::]:80",
		"host:80":     "host:80",
		"[::1]:65535": "[::1]:65535",
	}
	for text, want := range tests {
		if got, err := checkAddress(text, false); err != nil || got != want {
			t.Errorf("checkAddress(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	if got, err := checkAddress(":0", true); err != nil || got != "127.0.0.1:0" {
		t.Errorf("checkAddress(:0) = %q, %v", got, err)
	}
}
