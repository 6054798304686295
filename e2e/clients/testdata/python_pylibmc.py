"""pylibmc, which is libmemcached, against HOST:PORT, by the text or the binary protocol. It ends with the first
answer that is not as expected."""
import sys
import time

import pylibmc


def expect(what, got, want):
    if got != want:
        sys.exit("%s: got %r, not %r" % (what, got, want))


def refused(what, call):
    """Says no: some calls by an error, and others by the one or the other protocol."""
    try:
        got = call()
    except pylibmc.Error:
        return
    expect(what, got, False)


def gone(key):
    """Waits until the key has expired."""
    deadline = time.monotonic() + 10
    while client.get(key) is not None:
        if time.monotonic() > deadline:
            sys.exit("%s: still there after 10 s" % key)
        time.sleep(0.05)


client = pylibmc.Client([sys.argv[1]], binary=sys.argv[2] == "binary", behaviors={
    "cas": True, "connect_timeout": 10000, "receive_timeout": 10000000, "send_timeout": 10000000})
expect("flush_all", client.flush_all(), True)

expect("get of nothing", client.get("a"), None)
refused("replace of nothing", lambda: client.replace("a", "x"))
refused("append to nothing", lambda: client.append("a", "x"))
expect("add", client.add("a", "1"), True)
refused("add of what is there", lambda: client.add("a", "2"))
expect("append", client.append("a", "2"), True)
expect("prepend", client.prepend("a", "0"), True)
expect("get", client.get("a"), "012")
expect("replace", client.replace("a", ["a", "list"]), True)

value, cas = client.gets("a")
expect("gets", value, ["a", "list"])
expect("cas", client.cas("a", "swapped", cas), True)
refused("cas of the old", lambda: client.cas("a", "x", cas))
expect("get after it", client.get("a"), "swapped")

refused("incr of nothing", lambda: client.incr("n", 1))
expect("set", client.set("n", 18446744073709551610), True)
expect("incr", client.incr("n", 5), 18446744073709551615)
expect("decr", client.decr("n", 15), 18446744073709551600)
refused("incr of a text", lambda: client.incr("a", 1))

expect("set for a second", client.set("short", "x", time=1), True)
refused("touch of nothing", lambda: client.touch("nothing", 10))
expect("touch", client.touch("n", 1), True)
gone("short")
gone("n")

many = {"many-%d" % i: str(i) * i for i in range(300)}
expect("set_multi", client.set_multi(many), [])
expect("get_multi", client.get_multi(list(many) + ["missing"]), many)
expect("delete_multi", client.delete_multi(list(many)), True)
expect("get_multi of the deleted", client.get_multi(list(many)), {})

refused("set of 2 MB", lambda: client.set("a", b"x" * (2 << 20)))
client.disconnect_all()
expect("get after it", client.get("a"), None)
expect("set", client.set("a", "x"), True)
expect("delete", client.delete("a"), True)
refused("delete again", lambda: client.delete("a"))
expect("get_stats", client.get_stats()[0][1]["curr_items"], b"0")
