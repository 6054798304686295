package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"time"
)

// startBefore starts an older build of memactor, which may be too old for the meta commands.
func startBefore(ctx context.Context, bin string) (*system, error) {
	s, err := startMemactor(ctx, beforeName, bin)
	if err != nil {
		return nil, err
	}
	knows, err := knowsMeta(ctx, s.address)
	if err != nil {
		s.stop()
		return nil, err
	}
	s.noMeta = !knows
	return s, nil
}

// knowsMeta asks a server for a key that it does not have. (The first builds knew mn, and no other meta command.)
func knowsMeta(ctx context.Context, address string) (bool, error) {
	dialer := net.Dialer{Timeout: clientTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(clientTimeout)); err != nil {
		return false, err
	}
	if _, err := conn.Write([]byte("mg missing v\r\n")); err != nil {
		return false, err
	}
	switch line, err := bufio.NewReader(conn).ReadString('\n'); {
	case err != nil:
		return false, err
	case line == "EN\r\n", line == "ERROR\r\n":
		return line == "EN\r\n", nil
	default:
		return false, fmt.Errorf("%w: mg is answered by %q", errReplies, line)
	}
}
