//go:build consul

package registry_test

import "net/http"

// noKeepAlive leaves no idle connections behind a test.
func noKeepAlive() *http.Transport { return &http.Transport{DisableKeepAlives: true} }
