"""python-binary-memcached against HOST:PORT, with a user and a password if they are given. It ends with the first
answer that is not as expected."""
import sys
import time

import bmemcached


def expect(what, got, want):
    if got != want:
        sys.exit("%s: got %r, not %r" % (what, got, want))


def gone(key):
    """Waits until the key has expired."""
    deadline = time.monotonic() + 10
    while client.get(key) is not None:
        if time.monotonic() > deadline:
            sys.exit("%s: still there after 10 s" % key)
        time.sleep(0.05)


client = bmemcached.Client([sys.argv[1]], *sys.argv[3:], socket_timeout=10)
expect("flush_all", client.flush_all(), True)

expect("get of nothing", client.get("a"), None)
expect("replace of nothing", client.replace("a", "x"), False)
expect("add", client.add("a", "1"), True)
expect("add of what is there", client.add("a", "2"), False)
expect("get", client.get("a"), "1")
expect("replace", client.replace("a", ["a", "list"]), True)

value, cas = client.gets("a")
expect("gets", value, ["a", "list"])
expect("cas", client.cas("a", "swapped", cas), True)
expect("cas of the old", client.cas("a", "x", cas), False)
value, cas = client.gets("a")
expect("delete of another", client.delete("a", cas=cas + 1), False)
expect("delete of the same", client.delete("a", cas=cas), True)

expect("incr of nothing, with 40 to begin with", client.incr("n", 1, default=40, time=0), 40)
expect("incr", client.incr("n", 2), 42)
expect("decr", client.decr("n", 50), 0)
expect("decr of nothing, with 7 to begin with", client.decr("m", 1, default=7, time=1), 7)
gone("m")

expect("set for a second", client.set("short", "x", time=1), True)
gone("short")

many = {"many-%d" % i: str(i) * i for i in range(300)}
expect("set_multi", client.set_multi(many), [])
expect("get_multi", client.get_multi(list(many) + ["missing"]), many)
expect("delete_multi", client.delete_multi(list(many)), True)
expect("get_multi of the deleted", client.get_multi(list(many)), {})

expect("set", client.set("a", "x" * 500000), True)
expect("get", client.get("a"), "x" * 500000)
expect("delete", client.delete("a"), True)
expect("delete again", client.delete("a"), True)  # it says so of a key that is not there
stats = client.stats()[sys.argv[1]]
expect("stats", int(stats["curr_items"]), 1)
client.disconnect_all()
