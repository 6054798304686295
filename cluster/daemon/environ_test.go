package daemon

import (
	"slices"
	"testing"
)

func TestEnvironment(t *testing.T) {
	got, err := environment([]string{
		"PATH=/bin",
		"MEMACTOR=not ours",
		"XMEMACTOR_PORT=not ours",
		"MEMACTOR_PORT=1",
		"MEMACTOR_MAX_ITEM_SIZE=2m",
		"MEMACTOR_GATEWAY_PORT=2",
		"MEMACTOR_SHARDNODE_ANYTHING=of another process",
		"MEMACTOR_CONFIG=/etc/memactor.yaml",
		"MEMACTOR_TOKEN=a=b",
		"MEMACTOR_PEER=",
	}, "gateway", processes(), fieldsOf(defaults()))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"port": "2", "max-item-size": "2m", "config": "/etc/memactor.yaml", "token": "a=b", "peer": "",
	}
	for key, value := range want {
		if !slices.Equal(got.values[key], []string{value}) {
			t.Errorf("%s = %q; want %q", key, got.values[key], value)
		}
	}
	if len(got.values) != len(want) {
		t.Errorf("settings %v; want %v", got.values, want)
	}
	if got.where["port"] != "MEMACTOR_GATEWAY_PORT" || got.where["token"] != "MEMACTOR_TOKEN" {
		t.Errorf("found at %v", got.where)
	}
}

func TestEnvironmentRefusesUnknownKeys(t *testing.T) {
	tests := []struct {
		pair string
		says []string
	}{
		{"MEMACTOR_PROT=1", []string{`MEMACTOR_PROT="1"`, `did you mean "MEMACTOR_PORT"?`, "MEMACTOR_CONFIG", "MEMACTOR_LOG_LEVEL"}},
		{"MEMACTOR_GATEWAY_PROT=1", []string{`MEMACTOR_GATEWAY_PROT="1"`, "allowed: MEMACTOR_ADMIN"}},
		{"MEMACTOR_REPLICAS=1", []string{`unknown key MEMACTOR_REPLICAS="1"`}},
		{"MEMACTOR_=1", []string{`unknown key MEMACTOR_="1"`}},
	}
	for _, tt := range tests {
		_, err := environment([]string{tt.pair}, "gateway", processes(), fieldsOf(defaults()))
		mustBeConfigError(t, err, tt.says...)
	}
}

// A process whose name begins like a setting does not take the setting away.
func TestEnvironmentSections(t *testing.T) {
	for key, want := range map[string]string{
		"GATEWAY_PORT": "gateway", "GATEWAYS": "", "GATEWAY": "", "PORT": "", "DEV_NODES": "dev", "NODES": "", "NODE": "",
	} {
		if got := sectionOf(key, processes()); got != want {
			t.Errorf("sectionOf(%q) = %q; want %q", key, got, want)
		}
	}
}

func TestVariableName(t *testing.T) {
	for _, f := range fieldsOf(defaults()) {
		if back := settingName(variableName(f.name)[len(envPrefix):]); back != f.name {
			t.Errorf("%s is %s, which is %s", f.name, variableName(f.name), back)
		}
	}
}
