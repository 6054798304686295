package daemon

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Foreign is what another program's command line says and ours says otherwise: the
// flags and options of scripts that were written for memcached.
type Foreign struct {
	// Names are the other program's long names of settings that have another one here.
	Names map[string]string
	// Options are what the list setting named OptionsIn takes as name=value, each
	// with the setting that it stands for; without a value it is true. In a layer,
	// the option wins over the setting.
	Options   map[string]string
	OptionsIn string
	// Idle are options that are taken and mean nothing here.
	Idle []string
	// Refused are flags that do not exist here, and what to do instead.
	Refused []Refused
}

// Refused is a flag of the other program.
type Refused struct {
	Short, Name string
	// Switch says that it takes no value.
	Switch bool
	// Instead is what the user is told.
	Instead string
}

// addRefused adds the flags that only say why they are not there.
func (f Foreign) addRefused(set *pflag.FlagSet) {
	for _, r := range f.Refused {
		flag := set.VarPF(refusal{r}, r.Name, r.Short, r.Instead)
		flag.Hidden = true
		if r.Switch {
			flag.NoOptDefVal = "true"
		}
	}
}

// translate is a pflag.NormalizedName function.
func (f Foreign) translate(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if ours, ok := f.Names[name]; ok {
		name = ours
	}
	return pflag.NormalizedName(name)
}

// refusal is a pflag.Value that takes none.
type refusal struct{ Refused }

func (r refusal) String() string { return "" }
func (r refusal) Type() string   { return "text" }

func (r refusal) Set(string) error { return fmt.Errorf("%w: %s", errRefused, r.Instead) }

// expand makes settings of the options in a layer. It returns the names of those that
// mean nothing.
func (f Foreign) expand(l layer) (idle []string, err error) {
	where := l.where[f.OptionsIn]
	for _, option := range splitAll(l.values[f.OptionsIn]) {
		name, value, valued := strings.Cut(option, "=")
		setting, known := f.Options[name]
		switch {
		case known && !valued:
			l.set(setting, where+" "+name, "true")
		case known:
			l.set(setting, where+" "+name, value)
		case slices.Contains(f.Idle, name):
			idle = append(idle, name)
		default:
			return nil, f.unknown(where, option, name)
		}
	}
	return idle, nil
}

func (f Foreign) unknown(where, option, name string) error {
	names := slices.Sorted(maps.Keys(f.Options))
	all := slices.Concat(names, f.Idle)
	return fmt.Errorf("%w: %s: %s %q: unknown option%s; allowed: %s; taken without effect: %s", ErrConfig,
		where, f.OptionsIn, option, DidYouMean(name, all), strings.Join(names, ", "), strings.Join(f.Idle, ", "))
}
