package daemon

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

type withOptions struct {
	Common
	Port     int      `name:"port" short:"p" usage:"TCP port" range:"0..65535"`
	Cache    bool     `name:"cache" usage:"a switch"`
	Extended []string `name:"extended" short:"o" usage:"options"`
}

func (*withOptions) Validate() error { return nil }

// invokeForeign runs a command that knows another program's words.
func invokeForeign(t *testing.T, args ...string) (cfg withOptions, code int, errOut string) {
	t.Helper()
	cfg = withOptions{Common: DefaultCommon(), Port: 1}
	command := Command(Spec{
		Name: "gateway", Config: &cfg, Environ: []string{"HOME=/nowhere"}, Signals: make(chan os.Signal),
		Run: func(context.Context, Process) error { return nil },
		Foreign: Foreign{
			Names:     map[string]string{"tcp-port": "port"},
			OptionsIn: "extended", Options: map[string]string{"tcp_port": "port", "cache": "cache"}, Idle: []string{"modern"},
			Refused: []Refused{
				{Short: "d", Name: "daemon", Switch: true, Instead: "let systemd keep it"},
				{Short: "u", Name: "user", Instead: "start it as that user"},
			},
		},
	})
	var out, errs bytes.Buffer
	command.SetOut(&out)
	command.SetErr(&errs)
	code = Execute(t.Context(), command, args)
	return cfg, code, errs.String()
}

func TestOptionsAreSettings(t *testing.T) {
	cfg, code, said := invokeForeign(t, "-p", "7", "-o", "modern,tcp_port=9", "-o", "cache")
	if code != ExitOK || cfg.Port != 9 || !cfg.Cache {
		t.Errorf("exit code %d, %+v", code, cfg)
	}
	if !strings.Contains(said, "modern") || !strings.Contains(said, "mean nothing") {
		t.Errorf("nothing is said of what means nothing: %q", said)
	}
	if _, _, said := invokeForeign(t, "-o", "cache"); strings.Contains(said, "nothing") {
		t.Errorf("all means something, and still: %q", said)
	}
}

func TestNamesAreTranslated(t *testing.T) {
	if cfg, code, said := invokeForeign(t, "--tcp-port", "9"); code != ExitOK || cfg.Port != 9 {
		t.Errorf("exit code %d, port %d: %s", code, cfg.Port, said)
	}
	if _, _, said := invokeForeign(t, "--help"); strings.Contains(said, "tcp-port") {
		t.Error("they are in --help")
	}
}

func TestWrongOptions(t *testing.T) {
	for _, test := range []struct{ option, says string }{
		{"tcp_prt=9", `unknown option; did you mean "tcp_port"?`},
		{"tcp_prt=9", "allowed: cache, tcp_port; taken without effect: modern"},
		{"tcp_port=99999", `--extended tcp_port: port "99999"`},
		{"cache=perhaps", `cache "perhaps"`},
	} {
		if _, code, said := invokeForeign(t, "-o", test.option); code != ExitUsage || !strings.Contains(said, test.says) {
			t.Errorf("%s: exit code %d, %q does not say %q", test.option, code, said, test.says)
		}
	}
}

func TestRefusedFlagsSayWhatToDo(t *testing.T) {
	for _, test := range []struct{ args, says string }{
		{"-d", "let systemd keep it"}, {"--daemon", "let systemd keep it"},
		{"-u nobody", "start it as that user"}, {"--user=nobody", "start it as that user"}, {"-du nobody", "systemd"},
	} {
		if _, code, said := invokeForeign(t, strings.Fields(test.args)...); code != ExitUsage || !strings.Contains(said, test.says) {
			t.Errorf("%s: exit code %d, %q", test.args, code, said)
		}
	}
	if _, _, said := invokeForeign(t, "--help"); strings.Contains(said, "systemd") {
		t.Error("they are in --help")
	}
}
