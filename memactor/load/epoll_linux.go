package load

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// waitForEvents is epoll_wait, for at most checkEvery, as a raw system call: the Go scheduler is not told that the thread
// blocks, keeps its processor bound to it, and has nothing to do when it wakes. See the package comment for what that
// saves, and [GOMAXPROCS] for what it needs.
func waitForEvents(epoll int, events []unix.EpollEvent) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), //nolint:gosec // what the kernel fills in
		uintptr(checkEvery.Milliseconds()), 0, 0)
	if errno == unix.EINTR { // a signal, for example the runtime's own
		return 0, nil
	}
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
