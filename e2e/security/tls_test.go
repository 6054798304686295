package security

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/memactor/memactor/cluster/certs/certstest"
	"github.com/memactor/memactor/e2e/harness"
)

// trusting is a client that trusts ca, and shows certificates if it has some.
func trusting(t *testing.T, ca *certstest.Authority, own ...certstest.Pair) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(ca.File)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
	config.RootCAs.AppendCertsFromPEM(text)
	for _, pair := range own {
		certificate, err := tls.LoadX509KeyPair(pair.Cert, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = append(config.Certificates, certificate)
	}
	return config
}

// startTLS is a cluster whose gateway serves TLS with a certificate of ca.
func startTLS(t *testing.T, ca *certstest.Authority, args ...string) (*harness.Cluster, certstest.Pair) {
	t.Helper()
	pair := ca.Issue(t, "gateway", "127.0.0.1")
	all := append([]string{"-Z", "-o", "ssl_chain_cert=" + pair.Cert + ",ssl_key=" + pair.Key}, args...)
	return harness.StartCluster(t, harness.ClusterOptions{Nodes: 2, GatewayArgs: all}), pair
}

func TestTLS(t *testing.T) {
	t.Parallel()
	ca, beside := certstest.NewAuthority(t, "ca"), harness.FreeAddress(t)
	c, _ := startTLS(t, ca, "-l", "notls:"+beside)
	conn := harness.DialTLS(t, c.Address(), trusting(t, ca))
	conn.Expect(t, "set a 0 0 3\r\nabc\r\n", "STORED\r\n")
	body := strings.Repeat("0123456789abcdef", 50_000)
	conn.Expect(t, "set big 0 0 800000\r\n"+body+"\r\n", "STORED\r\n")
	conn.Expect(t, "get big\r\n", "VALUE big 0 800000\r\n"+body+"\r\nEND\r\n")
	pipelined := strings.Repeat("get a\r\n", 5000)
	go func() { _ = conn.Send(pipelined) }()
	if replies, err := conn.Replies(5000); err != nil || replies[4999] != "VALUE a 0 3\r\nabc\r\nEND\r\n" {
		t.Errorf("pipelined: %v", err)
	}
	for where, plain := range map[string]string{"notls:": beside, "the unix socket": c.Gateways[0].Socket} {
		if got := harness.Dial(t, plain).Do(t, "get a\r\n"); got != "VALUE a 0 3\r\nabc\r\nEND\r\n" {
			t.Errorf("%s: %q", where, got)
		}
	}
	stranger := harness.Dial(t, c.Address())
	if err := stranger.Send("get a\r\n"); err != nil {
		t.Fatal(err)
	}
	if text, closed := stranger.Drain(5 * time.Second); strings.Contains(text, "abc") || !closed {
		t.Errorf("plain text on the TLS port is answered %q (closed: %v)", text, closed)
	}
	stats := conn.Do(t, "stats\r\n")
	for _, want := range []string{"ssl_handshake_errors 1", "ssl_proto_errors 0"} {
		if !strings.Contains(stats, "STAT "+want+"\r\n") {
			t.Errorf("stats does not say %s", want)
		}
	}
	if settings := conn.Do(t, "stats settings\r\n"); !strings.Contains(settings, "STAT ssl_min_version tlsv1.2\r\n") {
		t.Errorf("stats settings do not name the least version of TLS")
	}
}

// TestOpenSSL is another implementation on the other end.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	ca := certstest.NewAuthority(t, "ca")
	c, _ := startTLS(t, ca, "-o", "ssl_ciphers=ECDHE-ECDSA-AES256-GCM-SHA384,ssl_session_cache")
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		cmd := exec.CommandContext(within(t), openssl, "s_client", "-quiet", "-no_ign_eof", version, "-connect", c.Address(), "-CAfile", ca.File, "-verify_return_error")
		var out, errs harness.Log
		cmd.Stdin = io.MultiReader(strings.NewReader("set a 0 0 3\r\nabc\r\nget a\r\n"), until(t, &out, "END\r\n"))
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil || out.String() != "STORED\r\nVALUE a 0 3\r\nabc\r\nEND\r\n" {
			t.Errorf("%s: %q, %v\n%s", version, out.String(), err, errs.String())
		}
	}
	old := exec.CommandContext(within(t), openssl, "s_client", "-quiet", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-connect", c.Address())
	if err := old.Run(); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
}

// TestRenewedCertificateOfTheClientPort: a new certificate is taken at SIGHUP, for new
// connections; one that is of no use is not.
func TestRenewedCertificateOfTheClientPort(t *testing.T) {
	t.Parallel()
	ca, next := certstest.NewAuthority(t, "ca"), certstest.NewAuthority(t, "next")
	c, pair := startTLS(t, ca)
	gateway := c.Gateways[0]
	conn := harness.DialTLS(t, c.Address(), trusting(t, ca))
	conn.Expect(t, "set a 0 0 1\r\nx\r\n", "STORED\r\n")

	next.Renew(t, pair, "renewed", "127.0.0.1")
	gateway.Signal(t, syscall.SIGHUP)
	harness.Eventually(t, patience, "the new certificate is shown", func() bool {
		fresh, err := harness.OpenTLS(c.Address(), trusting(t, next))
		if err == nil {
			fresh.Close()
		}
		return err == nil
	})
	if _, err := harness.OpenTLS(c.Address(), trusting(t, ca)); err == nil {
		t.Error("the old certificate is shown as well")
	}
	if err := os.WriteFile(pair.Cert, []byte("half a certifi"), 0o600); err != nil {
		t.Fatal(err)
	}
	gateway.Signal(t, syscall.SIGHUP)
	harness.Eventually(t, patience, "the log says that it goes on", func() bool {
		return strings.Contains(gateway.Out.String(), "goes on as before")
	})
	harness.DialTLS(t, c.Address(), trusting(t, next)).Expect(t, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n")
	conn.Expect(t, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n")
}

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ca, clients := certstest.NewAuthority(t, "ca"), certstest.NewAuthority(t, "clients")
	mine, forged := clients.Issue(t, "client"), certstest.NewAuthority(t, "clients").Issue(t, "client")
	for mode, served := range map[string]map[string]bool{
		"0": {"none": true, "good": true, "forged": true},
		"1": {"none": true, "good": true, "forged": false},
		"2": {"none": false, "good": true, "forged": false},
		"3": {"none": false, "good": true, "forged": false},
	} {
		c, _ := startTLS(t, ca, "-o", "ssl_verify_mode="+mode+",ssl_ca_cert="+clients.File)
		for who, config := range map[string]*tls.Config{
			"none": trusting(t, ca), "good": trusting(t, ca, mine), "forged": trusting(t, ca, forged),
		} {
			conn, err := harness.OpenTLS(c.Address(), config)
			if err == nil {
				_ = conn.Send("mn\r\n")
				var text string
				text, err = conn.ReadFull(4)
				if text != "MN\r\n" && err == nil {
					t.Errorf("mode %s, %s: %q", mode, who, text)
				}
				conn.Close()
			}
			if (err == nil) != served[who] {
				t.Errorf("mode %s, certificate %s: %v", mode, who, err)
			}
		}
	}
}

func TestWrongSSLSettings(t *testing.T) {
	t.Parallel()
	pair := certstest.NewAuthority(t, "ca").Issue(t, "gateway")
	for says, args := range map[string][]string{
		"ssl-chain-cert":              {"-Z"},
		"enable-ssl":                  {"--ssl-chain-cert", pair.Cert},
		"nowhere.pem":                 {"-Z", "--ssl-chain-cert", "nowhere.pem"},
		"ssl-ca-cert":                 {"-Z", "--ssl-chain-cert", pair.Cert, "--ssl-key", pair.Key, "-o", "ssl_verify_mode=2"},
		"ECDHE-RSA-AES128-GCM-SHA256": {"-Z", "--ssl-chain-cert", pair.Cert, "--ssl-key", pair.Key, "-o", "ssl_ciphers=HIGH"},
		"ssl-min-version":             {"-Z", "--ssl-chain-cert", pair.Cert, "--ssl-key", pair.Key, "-o", "ssl_min_version=4"},
		"unknown option":              {"-o", "ssl_chian_cert=x"},
	} {
		p := harness.Start(t, "gateway", harness.Binary(t, harness.GatewayProgram), append(args, "--node", "a=127.0.0.1:1", "-p", "-1")...)
		if code := p.ExitCode(t); code != 2 || !strings.Contains(p.Out.String(), says) {
			t.Errorf("%v: exit code %d, does not say %q:\n%s", args, code, says, p.Out)
		}
	}
}

// until is an input that ends when the output does so with last.
func until(t *testing.T, out *harness.Log, last string) io.Reader {
	t.Helper()
	r, w := net.Pipe()
	go func() {
		for end := time.Now().Add(patience); !strings.HasSuffix(out.String(), last) && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
		_ = w.Close()
	}()
	return r
}
