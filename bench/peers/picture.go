package main

import (
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// bars are what the picture shows of each cell, side by side.
var bars = []struct {
	name string
	color.Color
}{
	{testpmdIO, color.RGBA{0xc8, 0xc8, 0xc8, 0xff}},
	{nitrocardSG, color.RGBA{0x1f, 0x4e, 0x9c, 0xff}},
	{ovsSG, color.RGBA{0xe0, 0x7b, 0x39, 0xff}},
	{nitrocardEncap, color.RGBA{0x7d, 0xa3, 0xdb, 0xff}},
	{ovsEncap, color.RGBA{0xf2, 0xbd, 0x94, 0xff}},
}

// The picture's size, and that of a bar.
const (
	width, height = 24 * vg.Centimeter, 10 * vg.Centimeter
	barWidth      = 16
)

// draw makes the picture of a contest in files, whose names tell of which
// kind: svg, png.
func (c contest) draw(r result, files ...string) error {
	p, top := frame(), 0.0
	for i, b := range bars {
		medians := c.medians(r[b.name])
		top = max(top, slices.Max(medians))
		chart, err := plotter.NewBarChart(medians, barWidth)
		if err != nil {
			return err
		}
		chart.Color, chart.LineStyle.Width = b.Color, 0
		chart.Offset = vg.Length(2*i+1-len(bars)) * barWidth / 2
		p.Add(chart)
		p.Legend.Add(b.name, chart)
	}
	var names []string
	for _, of := range c.cells {
		names = append(names, strings.Replace(of.String(), ", ", "\n", 1)) // two lines, or neighbours would meet
	}
	p.NominalX(names...)
	p.X.Min, p.X.Max = -0.6, float64(len(names))-0.4
	p.Y.Min, p.Y.Max = 0, 1.1*top
	for _, file := range files {
		if err := p.Save(width, height, file); err != nil {
			return err
		}
	}
	return nil
}

// frame is a picture without bars.
func frame() *plot.Plot {
	plot.DefaultFont.Variant = "Sans"
	p := plot.New()
	p.Title.Text = "The same frames from net_pcap: Mpps of CPU time, all threads counted"
	p.Title.Padding = 3 * vg.Millimeter
	p.Y.Label.Text = "Mpps a core"
	p.Legend.Top = true
	lines := plotter.NewGrid()
	lines.Vertical.Color = nil
	p.Add(lines)
	return p
}

// medians are a contender's, by cell.
func (c contest) medians(samples map[cell][]sample) (all plotter.Values) {
	for _, of := range c.cells {
		all = append(all, rates(samples[of]).Median)
	}
	return all
}
