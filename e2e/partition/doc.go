// Package partition cuts machines off from each other. Consul, three shard nodes and
// two gateways each run in a network namespace of their own, joined by a switch that
// drops what a test tells it to. Clients are served all the while, and a checker
// knows what each was answered. The tests need the build tag "netns", Linux,
// iproute2 and nftables: `make partition-test`. They need root, or a kernel that
// lets anybody make namespaces.
package partition
