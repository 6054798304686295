package client

import (
	"strings"

	"google.golang.org/grpc/status"
)

// Reason is what a gRPC error says to people: its message, without the code and
// without what gRPC has wrapped around the cause. Of another error it is the text.
func Reason(err error) string {
	s, ok := status.FromError(err)
	if !ok {
		return err.Error()
	}
	_, inner, wrapped := strings.Cut(s.Message(), `desc = "`)
	if !wrapped {
		return s.Message()
	}
	return strings.TrimPrefix(strings.TrimSuffix(inner, `"`), "transport: Error while dialing: ")
}

// plain is a gRPC error whose text is its Reason.
type plain struct{ error }

func (p plain) Error() string { return Reason(p.error) }
func (p plain) Unwrap() error { return p.error }
