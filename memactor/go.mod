module github.com/memactor/memactor/memactor

go 1.26.7

require (
	github.com/memactor/memactor/cluster v0.0.0
	github.com/memactor/memactor/gateway v0.0.0
	github.com/memactor/memactor/protos v0.0.0
	github.com/memactor/memactor/shardnode v0.0.0
)

require (
	github.com/HdrHistogram/hdrhistogram-go v1.4.0
	github.com/inconshreveable/mousetrap v1.1.0
	github.com/jedib0t/go-pretty/v6 v6.8.3
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db
	github.com/rivo/uniseg v0.4.7
	github.com/schollz/progressbar/v3 v3.19.1
	github.com/spf13/cobra v1.10.2
	github.com/spf13/pflag v1.0.9
	go.uber.org/goleak v1.3.0
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.47.0
	pgregory.net/rapid v1.3.0
)

replace github.com/memactor/memactor/protos => ../protos

replace github.com/memactor/memactor/cluster => ../cluster

replace github.com/memactor/memactor/gateway => ../gateway

replace github.com/memactor/memactor/shardnode => ../shardnode
