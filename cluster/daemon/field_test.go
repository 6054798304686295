package daemon

import (
	"slices"
	"testing"
)

func TestFieldsOf(t *testing.T) {
	want := []string{
		"admin", "log-level", "log-format", "verbose", "drain-timeout",
		"listen", "port", "max-item-size", "memory", "timeout", "node", "peer", "ratio", "cas", "mode", "token",
	}
	if got := namesOf(fieldsOf(defaults())); !slices.Equal(got, want) {
		t.Errorf("settings %v; want %v", got, want)
	}
}

// A mistake in the tags is found by the first test that touches the struct.
func TestFieldsOfPanics(t *testing.T) {
	tests := map[string]any{
		"no pointer":   everything{},
		"not a struct": new(int),
		"unknown type": &struct {
			X uint8 `name:"x"`
		}{},
		"unit": &struct {
			X Size `name:"x" unit:"lots"`
		}{},
		"unit of zero": &struct {
			X Size `name:"x" unit:"0"`
		}{},
		"range": &struct {
			X int `name:"x" range:"7"`
		}{},
		"range bound": &struct {
			X int `name:"x" range:"a..b"`
		}{},
		"upper bound": &struct {
			X int `name:"x" range:"1..b"`
		}{},
		"range of sizes": &struct {
			X Size `name:"x" range:"1q.."`
		}{},
	}
	for name, config := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			fieldsOf(config)
		})
	}
}

func TestFieldIs(t *testing.T) {
	f := field{kind: "address port0"}
	for kind, want := range map[string]bool{"address": true, "port0": true, "port": false, "count": false} {
		if got := f.is(kind); got != want {
			t.Errorf("is(%q) = %v", kind, got)
		}
	}
}
