package daemon

import (
	"slices"
	"strings"
	"testing"
)

func TestParseFile(t *testing.T) {
	const text = `
# a comment
port: 1
listen: "0.0.0.0"
max-item-size: 2m
zone-like: &z 010
`
	fields := append(fieldsOf(defaults()), field{name: "zone-like", at: new(string)})
	got, err := parseFile("f.yaml", []byte(text+"mode: *z\nnode:\n  - a=h:1\n  - b=h:2\ncas: yes\n"), fields)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"port": {"1"}, "listen": {"0.0.0.0"}, "max-item-size": {"2m"}, "zone-like": {"010"}, "mode": {"010"},
		"node": {"a=h:1", "b=h:2"}, "cas": {"yes"},
	}
	for key, texts := range want {
		if !slices.Equal(got.values[key], texts) {
			t.Errorf("%s = %q; want %q", key, got.values[key], texts)
		}
	}
	if len(got.values) != len(want) || got.where["port"] != "f.yaml:3" || got.where["node"] != "f.yaml:8" {
		t.Errorf("settings %v at %v", got.values, got.where)
	}
}

func TestParseFileEmpty(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "~", "{}"} {
		got, err := parseFile("f.yaml", []byte(text), fieldsOf(defaults()))
		if err != nil || len(got.values) != 0 {
			t.Errorf("%q: %v, %v", text, got.values, err)
		}
	}
}

func TestParseFileRefuses(t *testing.T) {
	tests := []struct {
		text string
		says []string
	}{
		{"prot: 11", []string{"f.yaml:1", `unknown key "prot" = 11`, `did you mean "port"?`, "allowed: admin, cas, drain-timeout"}},
		{"port: 1\nreplicas: 2", []string{"f.yaml:2", `unknown key "replicas" = 2`}},
		{"port: 1\nport: 2", []string{"f.yaml", "port"}},
		{"port:", []string{`key "port"`, "is not one value", "allowed: a whole number in 0..65535"}},
		{"port: [1]", []string{`key "port" = [1] is not one value`}},
		{"port: {a: 1}", []string{`key "port"`, "is not one value"}},
		{"gateway:\n  port: 1", []string{`unknown key "gateway" = port: 1`}},
		{"node: {a: h}", []string{`key "node"`}},
		{"node: [[a]]", []string{`key "node" holds [a]`}},
		{"- port", []string{"not a map of settings"}},
		{"just text", []string{"not a map of settings"}},
		{"port: 1\n---\nport: 2", []string{"more than one document"}},
		{"port: [", []string{"f.yaml", "yaml"}},
		{"\tport: 1", []string{"f.yaml"}},
		{"log-level: " + strings.Repeat("x", 10) + "\nx: " + strings.Repeat("y", 300), []string{"yyy..."}},
	}
	for _, tt := range tests {
		_, err := parseFile("f.yaml", []byte(tt.text), fieldsOf(defaults()))
		mustBeConfigError(t, err, tt.says...)
	}
}

// All mistakes of a file are reported at once.
func TestParseFileReportsAll(t *testing.T) {
	_, err := parseFile("f.yaml", []byte("prot: 1\nport: 2\nlisen: x\n"), fieldsOf(defaults()))
	mustBeConfigError(t, err, "f.yaml:1", "f.yaml:3", `"listen"`)
}

func TestReadFile(t *testing.T) {
	if got, err := readFile("", nil); err != nil || len(got.values) != 0 {
		t.Errorf("no file: %v, %v", got, err)
	}
	_, err := readFile("/nowhere/memactor.yaml", nil)
	mustBeConfigError(t, err, "/nowhere/memactor.yaml", "no such file")
}

func FuzzParseFile(f *testing.F) {
	for _, seed := range []string{"port: 1", "node: [a, b]", "a: &a [*a]", "? {x: y}\n: z", "- 1", "---\n---", "port: !!binary aGk="} {
		f.Add([]byte(seed))
	}
	fields := fieldsOf(defaults())
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := parseFile("f.yaml", text, fields)
		for key := range got.values {
			if _, ok := find(fields, key); !ok && err == nil {
				t.Errorf("unknown key %q was taken", key)
			}
		}
	})
}
