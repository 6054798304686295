package registry

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/memactor/memactor/cluster/certs"
)

func TestSettingsNameWhatIsWrong(t *testing.T) {
	t.Setenv("CONSUL_HTTP_ADDR", "")
	for want, s := range map[string]Settings{
		`consul "10.0.0.1"`:               {ConsulSettings: ConsulSettings{Consul: "10.0.0.1"}},
		`consul ":8500"`:                  {ConsulSettings: ConsulSettings{Consul: ":8500"}},
		`consul "x:0"`:                    {ConsulSettings: ConsulSettings{Consul: "x:0"}},
		`consul "ftp://x:1"`:              {ConsulSettings: ConsulSettings{Consul: "ftp://x:1"}},
		`cluster "a b"`:                   {ConsulSettings: ConsulSettings{Consul: "x:1", Cluster: "a b"}},
		`cluster "blue"`:                  {ConsulSettings: ConsulSettings{Cluster: "blue"}},
		`consul-token "*"`:                {ConsulSettings: ConsulSettings{ConsulToken: "secret"}},
		`consul-ca-file "/nowhere"`:       {ConsulSettings: ConsulSettings{Consul: "x:1", ConsulCAFile: "/nowhere"}},
		`consul-token-file "/nowhere"`:    {ConsulSettings: ConsulSettings{Consul: "x:1", ConsulTokenFile: "/nowhere"}},
		`consul-key-file ""`:              {ConsulSettings: ConsulSettings{Consul: "x:1", ConsulCertFile: "/dev/null"}},
		`node "a=h:1"`:                    {ConsulSettings: ConsulSettings{Consul: "x:1"}, Nodes: []string{"a=h:1"}},
		`node "h:1"`:                      {Nodes: []string{"h:1"}},
		`grpc-key-file, too`:              {Mutual: certs.Mutual{CAFile: "/dev/null", CertFile: "/dev/null"}},
		`/nowhere.pem`:                    {Mutual: certs.Mutual{CAFile: "/dev/null", CertFile: "/nowhere.pem", KeyFile: "/dev/null"}},
		`map-copy "/nowhere/at/all/copy"`: {ConsulSettings: ConsulSettings{Consul: "x:1"}, MapCopy: "/nowhere/at/all/copy"},
	} {
		err := s.CheckRegistry()
		if !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "allowed: ") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestSettingsThatAreRight(t *testing.T) {
	t.Setenv("CONSUL_HTTP_ADDR", "")
	for _, s := range []Settings{
		{},
		{Nodes: []string{"a=h:1"}},
		{MapCopy: "/nowhere/at/all/copy"}, // not used
		{ConsulSettings: ConsulSettings{Consul: "10.0.0.1:8500"}, MapCopy: filepath.Join(t.TempDir(), "copy")},
		{ConsulSettings: ConsulSettings{Consul: "[::1]:8500", Cluster: "blue"}},
		{ConsulSettings: ConsulSettings{Consul: "https://consul.example:8501"}},
		{ConsulSettings: ConsulSettings{Consul: "unix:///run/consul.sock"}},
	} {
		if err := s.CheckRegistry(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// Consul's own environment says where it is, not that it is to be used.
func TestConsulByEnvironment(t *testing.T) {
	t.Setenv("CONSUL_HTTP_ADDR", "10.0.0.1:8500")
	for _, test := range []struct {
		settings ConsulSettings
		want     bool
	}{
		{ConsulSettings{}, false},
		{ConsulSettings{Cluster: "blue"}, true},
		{ConsulSettings{Consul: "x:1"}, true},
	} {
		if got := test.settings.UsesConsul(); got != test.want {
			t.Errorf("%+v: %v", test.settings, got)
		}
	}
}

func TestOpenRegistry(t *testing.T) {
	t.Setenv("CONSUL_HTTP_ADDR", "")
	if _, err := (Settings{}).OpenRegistry(0, zerolog.Nop()); !errors.Is(err, ErrNoCluster) {
		t.Error(err)
	}
	static := open(t, Settings{Nodes: []string{"a=h:1"}})
	if _, ok := static.(*Static); !ok {
		t.Errorf("%T", static)
	}
	path := filepath.Join(t.TempDir(), "copy")
	c, ok := open(t, Settings{ConsulSettings: ConsulSettings{Consul: "127.0.0.1:1", Cluster: "blue"}, MapCopy: path}).(*Consul)
	if !ok || c.options.Cluster != "blue" || c.options.Copy != path || c.options.Address != "127.0.0.1:1" || c.options.Shards != 64 {
		t.Errorf("%+v", c.options)
	}
}

func open(t *testing.T, s Settings) Registry {
	t.Helper()
	r, err := s.OpenRegistry(64, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// A copy that is another cluster's is refused before anything is served.
func TestOpenRegistryWithAnotherClustersCopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	m, err := (&Consul{options: ConsulOptions{Cluster: "red"}}).found()
	if err != nil {
		t.Fatal(err)
	}
	if err := saveCopy(path, m); err != nil {
		t.Fatal(err)
	}
	s := Settings{ConsulSettings: ConsulSettings{Consul: "127.0.0.1:1", Cluster: "blue"}, MapCopy: path}
	if r, err := s.OpenRegistry(0, zerolog.Nop()); !errors.Is(err, ErrOtherCluster) || r != nil {
		t.Errorf("%v, %v", r, err)
	}
}
