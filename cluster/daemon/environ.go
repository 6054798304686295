package daemon

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// envPrefix begins every environment key of memactor.
const envPrefix = "MEMACTOR_"

// envConfig is the environment's form of --config.
const envConfig = "config"

// environment reads the settings out of environ (as os.Environ gives it).
// MEMACTOR_PORT is for every process that has a port; MEMACTOR_GATEWAY_PORT is
// for the process gateway alone, and wins. Keys of the other processes are left
// alone, any other unknown key is an error: a misspelt setting must not be a
// silent default.
func environment(environ []string, process string, processes []string, fields []field) (layer, error) {
	general, own := newLayer(), newLayer()
	var errs []error
	for _, pair := range sorted(environ) {
		name, value, _ := strings.Cut(pair, "=")
		key, ours := strings.CutPrefix(name, envPrefix)
		if !ours {
			continue
		}
		into := general
		if section := sectionOf(key, processes); section != "" {
			if section != process {
				continue
			}
			into, key = own, key[len(section)+1:]
		}
		key = settingName(key)
		if _, ok := find(fields, key); !ok && key != envConfig {
			errs = append(errs, unknownVariable(name, value, fields))
			continue
		}
		into.set(key, name, value)
	}
	for key, texts := range own.values {
		general.set(key, own.where[key], texts...)
	}
	return general, errors.Join(errs...)
}

// sectionOf is the process that a key without prefix is for, "" for all.
func sectionOf(key string, processes []string) string {
	i := slices.IndexFunc(processes, func(p string) bool {
		return strings.HasPrefix(key, strings.ToUpper(p)+"_")
	})
	if i < 0 {
		return ""
	}
	return processes[i]
}

func settingName(key string) string {
	return strings.ReplaceAll(strings.ToLower(key), "_", "-")
}

// variableName is the environment key of a setting.
func variableName(setting string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

func unknownVariable(name, value string, fields []field) error {
	known := []string{variableName(envConfig)}
	for _, f := range fields {
		known = append(known, variableName(f.name))
	}
	return fmt.Errorf("%w: environment: unknown key %s=%q%s; allowed: %s", ErrConfig,
		name, value, DidYouMean(name, known), strings.Join(sorted(known), ", "))
}
