package daemon

import (
	"errors"
	"net"
	"strings"
	"testing"
)

func TestAdvertised(t *testing.T) {
	const one = "127.0.0.1/8 fe80::1/64 10.1.2.3/16 203.0.113.9/24 fd00::1/8"
	for _, test := range []struct{ given, listen, addresses, want string }{
		{"", "10.0.0.7:7411", "", "10.0.0.7:7411"},
		{"", "127.0.0.1:7411", one, "127.0.0.1:7411"},
		{"", "0.0.0.0:7411", one, "10.1.2.3:7411"},
		{"", "[::]:7411", one, "10.1.2.3:7411"},
		{"n1.example:80", "0.0.0.0:7411", "", "n1.example:80"},
		{"n1.example:0", "[::]:7411", "", "n1.example:7411"},
		{"", "0.0.0.0:7411", "127.0.0.1/8", "no private IPv4 address"},
		{"", "0.0.0.0:7411", one + " 192.168.0.1/24", "10.1.2.3, 192.168.0.1"},
		{"0.0.0.0:80", "0.0.0.0:7411", one, "others can connect to"},
	} {
		got, err := advertised(test.given, test.listen, func() ([]net.Addr, error) { return addresses(t, test.addresses), nil })
		if err != nil {
			got = err.Error()
			if !errors.Is(err, ErrConfig) || !strings.Contains(got, "advertise") || !strings.Contains(got, "allowed") {
				t.Errorf("%+v: %v", test, err)
			}
		}
		if got != test.want && (err == nil || !strings.Contains(got, test.want)) {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func addresses(t *testing.T, text string) []net.Addr {
	t.Helper()
	var all []net.Addr
	for word := range strings.FieldsSeq(text) {
		ip, network, err := net.ParseCIDR(word)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &net.IPNet{IP: ip, Mask: network.Mask})
	}
	return all
}
