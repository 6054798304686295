package main

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/memactor/memactor/memactor/load"
)

// newProgress draws a bar on out while a run goes on; wipe removes it. Where out is not a terminal nobody is watching:
// there is no bar, and progress is nil.
func newProgress(out io.Writer) (progress func(load.Progress), wipe func()) {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions(barSteps,
		progressbar.OptionSetWriter(file),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionFullWidth(),
		progressbar.OptionClearOnFinish(),
	)
	phase := ""
	return func(p load.Progress) {
			if p.Phase != phase { // describing draws, too
				phase = p.Phase
				bar.Describe(phase)
			}
			_ = bar.Set(int(p.Done * barSteps))
		}, func() {
			_ = bar.Clear()
		}
}

const barSteps = 1000
