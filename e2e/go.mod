module github.com/memactor/memactor/e2e

go 1.26.7

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/bradfitz/gomemcache v0.0.0-20260422231931-4d751bb6e37c
	github.com/cespare/xxhash/v2 v2.3.0
	github.com/jedib0t/go-pretty/v6 v6.8.3
	github.com/memactor/memactor/memactor v0.0.0
	github.com/memactor/memactor/protos v0.0.0
	google.golang.org/grpc v1.85.0
	pgregory.net/rapid v1.3.0
)

require (
	github.com/HdrHistogram/hdrhistogram-go v1.4.0 // indirect
	github.com/mattn/go-runewidth v0.0.16 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260817212433-ac3dfec99bb1 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/memactor/memactor/protos => ../protos

replace github.com/memactor/memactor/cluster => ../cluster

replace github.com/memactor/memactor/gateway => ../gateway

replace github.com/memactor/memactor/shardnode => ../shardnode

replace github.com/memactor/memactor/memactor => ../memactor
