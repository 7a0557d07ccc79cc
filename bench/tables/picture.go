//go:build linux

package main

import (
	"fmt"
	"image/color"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// bars are what the picture shows of each load, side by side: each side at its
// best.
var bars = []struct {
	side, words string
	color       color.Color
}{
	{"tables", "tables, bursts", color.RGBA{0x1f, 0x4e, 0x9c, 0xff}},
	{"rte_hash", "rte_hash, bursts", color.RGBA{0xe0, 0x7b, 0x39, 0xff}},
	{"map", "Go's map, one at a time", color.RGBA{0xc8, 0xc8, 0xc8, 0xff}},
}

const (
	width, height = 24 * vg.Centimeter, 10 * vg.Centimeter
	barWidth      = 20
)

// draw makes the picture beside a README, as SVG and PNG.
func (r results) draw(readme string) error {
	p := plot.New()
	p.Title.Text = "Look-ups of random keys, 87.5 % full: less is better"
	p.Y.Label.Text = "ns of CPU time a key"
	p.Y.Min = 0
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	var names []string
	for _, size := range keySizes {
		for _, s := range tableSizes {
			names = append(names, fmt.Sprintf("%d B, %s", size, s.name))
		}
	}
	for i, b := range bars {
		chart, err := plotter.NewBarChart(r.bests(b.side), barWidth)
		if err != nil {
			return err
		}
		chart.Color, chart.LineStyle.Width = b.color, 0
		chart.Offset = vg.Length(2*i+1-len(bars)) * barWidth / 2
		p.Add(chart)
		p.Legend.Add(b.words, chart)
	}
	p.NominalX(names...)
	p.X.Min, p.X.Max = -0.5, float64(len(names))-0.5
	for _, kind := range []string{"svg", "png"} {
		if err := p.Save(width, height, filepath.Join(filepath.Dir(readme), "tables."+kind)); err != nil {
			return err
		}
	}
	return nil
}

// bests are a side's medians, by load.
func (r results) bests(side string) (all plotter.Values) {
	for _, size := range keySizes {
		for _, s := range tableSizes {
			all = append(all, r.best(cell{side, size, s.name}))
		}
	}
	return all
}
