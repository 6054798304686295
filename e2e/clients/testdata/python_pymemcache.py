"""pymemcache against HOST:PORT. It ends with the first answer that is not as expected."""
import sys
import time

from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheClientError, MemcacheServerError


def expect(what, got, want):
    if got != want:
        sys.exit("%s: got %r, not %r" % (what, got, want))


def refused(what, error, call):
    try:
        sys.exit("%s: got %r, not an error" % (what, call()))
    except error:
        pass


def gone(key):
    """Waits until the key has expired."""
    deadline = time.monotonic() + 10
    while client.get(key) is not None:
        if time.monotonic() > deadline:
            sys.exit("%s: still there after 10 s" % key)
        time.sleep(0.05)


host, port = sys.argv[1].rsplit(":", 1)
client = Client((host, int(port)), connect_timeout=10, timeout=10, default_noreply=False)
expect("flush_all", client.flush_all(), True)

expect("get of nothing", client.get("a"), None)
expect("replace of nothing", client.replace("a", "x"), False)
expect("append to nothing", client.append("a", "x"), False)
expect("set", client.set("a", "1"), True)
expect("add of what is there", client.add("a", "2"), False)
expect("append", client.append("a", "2"), True)
expect("prepend", client.prepend("a", "0"), True)
expect("get", client.get("a"), b"012")
expect("replace", client.replace("a", "new", flags=7), True)
expect("set without a reply", client.set("quiet", "x", noreply=True), True)
expect("get of it", client.get("quiet"), b"x")

value, cas = client.gets("a")
expect("gets", value, b"new")
expect("cas", client.cas("a", "swapped", cas), True)
expect("cas of the old", client.cas("a", "x", cas), False)
expect("cas of nothing", client.cas("nothing", "x", cas), None)

expect("incr of nothing", client.incr("n", 1), None)
expect("set", client.set("n", "18446744073709551610"), True)
expect("incr", client.incr("n", 5), 18446744073709551615)
expect("incr around", client.incr("n", 3), 2)
expect("decr", client.decr("n", 9), 0)
refused("incr of a text", MemcacheClientError, lambda: client.incr("a", 1))

expect("set for a second", client.set("short", "x", expire=1), True)
expect("set, expired", client.set("past", "x", expire=-1), True)
expect("get of the expired", client.get("past"), None)
expect("touch of nothing", client.touch("past", 10), False)
expect("touch", client.touch("n", 1), True)
gone("short")
gone("n")

many = {"many-%d" % i: b"%d" % i * i for i in range(300)}
expect("set_many", client.set_many(many), [])
expect("get_many", client.get_many(list(many) + ["missing"]), many)
expect("gets_many", len(client.gets_many(list(many))), 300)
expect("delete_many", client.delete_many(list(many)), True)
expect("get_many of the deleted", client.get_many(many), {})

refused("set of 2 MB", MemcacheServerError, lambda: client.set("a", b"x" * (2 << 20)))
expect("get after it", client.get("a"), None)
expect("delete", client.delete("quiet"), True)
expect("delete again", client.delete("quiet"), False)
expect("version", client.version()[:2], b"1.")
expect("stats", client.stats()[b"curr_items"], 0)
expect("stats settings", client.stats("settings")[b"item_size_max"], 1 << 20)
client.quit()
