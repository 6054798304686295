package gateway

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/memactor/memactor/cluster/certs"
	"github.com/memactor/memactor/cluster/daemon"
	"github.com/memactor/memactor/gateway/internal/server"
)

// SSL are memcached's settings for TLS on the client port, in its words. They hold
// for TCP, not for the unix socket, and not for an address behind "notls:".
type SSL struct {
	EnableSSL bool `name:"enable-ssl" short:"Z" usage:"serve TCP clients by TLS"`

	// SSLChainCert and SSLKey are read again at SIGHUP, by refresh_certs, and when
	// they change; connections that are open go on.
	SSLChainCert string `name:"ssl-chain-cert" usage:"certificate chain (PEM)"`
	SSLKey       string `name:"ssl-key" usage:"private key, if it is not in the file of the chain"`
	SSLKeyFormat string `name:"ssl-keyformat" usage:"form of the file of the key" allowed:"PEM DER"`

	// SSLVerifyMode 3 is 2: TLS as it is spoken here has no renegotiation.
	SSLVerifyMode int    `name:"ssl-verify-mode" usage:"client certificates: 0 none, 1 verified if there is one, 2 and 3 required" range:"0..3"`
	SSLCACert     string `name:"ssl-ca-cert" usage:"CA of the clients' certificates (PEM)"`

	// SSLCiphers are for TLS 1.2 and below; those of 1.3 are not a matter of choice.
	SSLCiphers    string `name:"ssl-ciphers" usage:"cipher suites for TLS 1.2, by OpenSSL's names, separated by colons"`
	SSLMinVersion string `name:"ssl-min-version" usage:"least version of TLS: 0 to 3 for 1.0 to 1.3" allowed:"0 1 2 3 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3"`

	// SSLSessionCache lets clients come back with a ticket instead of a whole
	// handshake. The tickets end when the certificates are read again.
	SSLSessionCache bool `name:"ssl-session-cache" usage:"let clients resume sessions"`
}

func defaultSSL() SSL { return SSL{SSLKeyFormat: "PEM", SSLMinVersion: "tlsv1.2"} }

// openSSL reads the certificates; nil if TLS is off.
func (s SSL) openSSL() (*certs.Store[*tls.Config], error) {
	if err := s.checkSSL(); err != nil || !s.EnableSSL {
		return nil, err
	}
	files := certs.Files{Cert: s.SSLChainCert, Key: s.SSLKey, KeyDER: s.SSLKeyFormat == "DER", CA: s.SSLCACert}
	store, err := certs.Open(files, s.config)
	if err != nil {
		return nil, fmt.Errorf("%w: ssl: %w", daemon.ErrConfig, err)
	}
	return store, nil
}

func (s SSL) checkSSL() error {
	switch {
	case !s.EnableSSL && (s.SSLChainCert != "" || s.SSLKey != "" || s.SSLCACert != "" || s.SSLVerifyMode != 0):
		return fmt.Errorf("%w: enable-ssl %q: allowed: true, with the other ssl settings", daemon.ErrConfig, "false")
	case !s.EnableSSL:
		return nil
	case s.SSLChainCert == "":
		return fmt.Errorf("%w: ssl-chain-cert %q: allowed: a file, with enable-ssl", daemon.ErrConfig, "")
	case s.SSLVerifyMode > 0 && s.SSLCACert == "":
		return fmt.Errorf("%w: ssl-ca-cert %q: allowed: a file, with ssl-verify-mode %d", daemon.ErrConfig, "", s.SSLVerifyMode)
	}
	_, err := s.ciphers()
	return err
}

// config is that of each handshake until the files change.
func (s SSL) config(set certs.Set) (*tls.Config, error) {
	suites, err := s.ciphers()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{set.Certificate}, ClientCAs: set.CA, ClientAuth: s.clientAuth(),
		CipherSuites: suites, MinVersion: s.minVersion(), SessionTicketsDisabled: !s.SSLSessionCache,
		DynamicRecordSizingDisabled: true, // answers are written whole
	}, nil
}

func (s SSL) clientAuth() tls.ClientAuthType {
	return [...]tls.ClientAuthType{
		tls.NoClientCert, tls.VerifyClientCertIfGiven, tls.RequireAndVerifyClientCert, tls.RequireAndVerifyClientCert,
	}[s.SSLVerifyMode]
}

// minVersion takes both ways to write it: 0, and tlsv1.0.
func (s SSL) minVersion() uint16 {
	return tls.VersionTLS10 + uint16(s.SSLMinVersion[len(s.SSLMinVersion)-1]-'0')
}

func (s SSL) minVersionName() string { return fmt.Sprintf("tlsv1.%d", s.minVersion()-tls.VersionTLS10) }

// ciphers are the suites that SSLCiphers names; nil: those that are good.
func (s SSL) ciphers() ([]uint16, error) {
	if s.SSLCiphers == "" {
		return nil, nil
	}
	known := cipherNames()
	var suites []uint16
	for name := range strings.SplitSeq(s.SSLCiphers, ":") {
		id, ok := known[name]
		if !ok {
			var names []string
			for n := range known {
				names = append(names, n)
			}
			slices.Sort(names)
			return nil, fmt.Errorf("%w: ssl-ciphers %q: allowed: %s", daemon.ErrConfig, name, strings.Join(names, ", "))
		}
		suites = append(suites, id)
	}
	return suites, nil
}

// cipherNames are the suites of TLS 1.2 that are secure, by OpenSSL's names:
// ECDHE-RSA-AES128-GCM-SHA256 is TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
func cipherNames() map[string]uint16 {
	shorten := strings.NewReplacer("TLS_", "", "_WITH_", "-", "AES_", "AES", "_POLY1305_SHA256", "-POLY1305", "_", "-")
	names := map[string]uint16{}
	for _, suite := range tls.CipherSuites() {
		if slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			names[shorten.Replace(suite.Name)] = suite.ID
		}
	}
	return names
}

// settings are memcached's lines of `stats settings` for TLS.
func (s SSL) sslSettings() []server.Stat {
	keyFormat := "1" // OpenSSL's number for PEM
	if s.SSLKeyFormat == "DER" {
		keyFormat = "2"
	}
	lines := []server.Stat{{Name: "ssl_enabled", Value: yesNo(s.EnableSSL)}}
	if !s.EnableSSL {
		return lines
	}
	return append(lines,
		server.Stat{Name: "ssl_chain_cert", Value: s.SSLChainCert},
		server.Stat{Name: "ssl_key", Value: orNull(s.SSLKey)},
		server.Stat{Name: "ssl_verify_mode", Value: strconv.Itoa(s.SSLVerifyMode)},
		server.Stat{Name: "ssl_keyformat", Value: keyFormat},
		server.Stat{Name: "ssl_ciphers", Value: orNull(s.SSLCiphers)},
		server.Stat{Name: "ssl_ca_cert", Value: orNull(s.SSLCACert)},
		server.Stat{Name: "ssl_wbuf_size", Value: "16384"}, // a record of TLS
		server.Stat{Name: "ssl_session_cache", Value: yesNo(s.SSLSessionCache)},
		server.Stat{Name: "ssl_kernel_tls", Value: "no"},
		server.Stat{Name: "ssl_min_version", Value: s.minVersionName()},
	)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
