package daemon

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Advertised is the address that other processes are told for a socket that
// listens on listen. What the configuration gives goes first; its port 0 is
// listen's. Where nothing is given and listen is on all interfaces, it is the
// machine's private IPv4 address, as Consul and Nomad do it: if there are none or
// several, somebody has to choose, and the error is ErrConfig.
func Advertised(given, listen string) (string, error) {
	return advertised(given, listen, net.InterfaceAddrs)
}

func advertised(given, listen string, all func() ([]net.Addr, error)) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("%w: advertise: %w", ErrConfig, err)
	}
	if given != "" {
		return withPort(given, port)
	}
	if !unspecified(host) {
		return listen, nil
	}
	addresses, err := all()
	if err != nil {
		return "", fmt.Errorf("%w: advertise: the addresses of this machine: %w", ErrConfig, err)
	}
	private := privateAddresses(addresses)
	if len(private) != 1 {
		return "", fmt.Errorf("%w: advertise %q: allowed: the HOST:PORT of this machine that the others reach: "+
			"it listens on %s, and has %s", ErrConfig, given, listen, describe(private))
	}
	return net.JoinHostPort(private[0], port), nil
}

func withPort(given, port string) (string, error) {
	host, own, err := net.SplitHostPort(given)
	switch {
	case err != nil:
		return "", fmt.Errorf("%w: advertise %q: allowed: HOST:PORT: %w", ErrConfig, given, err)
	case unspecified(host):
		return "", fmt.Errorf("%w: advertise %q: allowed: an address that others can connect to", ErrConfig, given)
	case own == "0":
		return net.JoinHostPort(host, port), nil
	}
	return given, nil
}

// unspecified tells a host that stands for all interfaces.
func unspecified(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

func privateAddresses(all []net.Addr) []string {
	var private []string
	for _, a := range all {
		network, ok := a.(*net.IPNet)
		if ok && network.IP.To4() != nil && network.IP.IsPrivate() {
			private = append(private, network.IP.String())
		}
	}
	return private
}

func describe(private []string) string {
	if len(private) == 0 {
		return "no private IPv4 address"
	}
	return "the private IPv4 addresses " + strings.Join(private, ", ")
}
