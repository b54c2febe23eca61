//! Bar charts, written by hand.

use std::fmt::Write as _;

/// A chart of horizontal bars.
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// In which unit, and under which conditions.
    pub subtitle: String,
    /// From top to bottom.
    pub bars: Vec<Bar>,
    /// A line across, with what it says.
    pub mark: Option<(f64, &'static str)>,
    /// Whether each step is ten times the one before it.
    pub is_logarithmic: bool,
}

/// One bar.
pub struct Bar {
    /// Left of it.
    pub label: String,
    /// How long it is; none for a line of text without a bar.
    pub value: Option<f64>,
    /// Right of it.
    pub text: String,
    /// In which colour.
    pub tone: Tone,
}

/// What a bar's colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Ours.
    Ours,
    /// A measure for the others.
    Fixed,
    /// Somebody else's.
    Peer,
}

impl Tone {
    fn colour(self) -> &'static str {
        match self {
            Self::Ours => "#c2410c",
            Self::Fixed => "#64748b",
            Self::Peer => "#94b3d4",
        }
    }
}

const WIDTH: f64 = 860.0;
const LEFT: f64 = 290.0;
const RIGHT: f64 = 130.0;
const TOP: f64 = 84.0;
const ROW: f64 = 26.0;

/// Draws it.
pub fn draw(chart: &Chart) -> String {
    let height = TOP + ROW * chart.bars.len() as f64 + 34.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"DejaVu Sans, Verdana, Helvetica, Arial, sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" fill=\"#ffffff\"/>\n"
    );
    text(
        &mut svg,
        (20.0, 32.0),
        "start",
        "font-size=\"17\" font-weight=\"bold\" fill=\"#0f172a\"",
        &chart.title,
    );
    text(&mut svg, (20.0, 54.0), "start", "font-size=\"12\" fill=\"#475569\"", &chart.subtitle);
    let scale = Scale::of(chart);
    let bottom = TOP + ROW * chart.bars.len() as f64;
    for (value, label) in scale.ticks() {
        let x = scale.x(value);
        line(&mut svg, x, TOP - 4.0, bottom + 2.0, "stroke=\"#e2e8f0\"");
        text(&mut svg, (x, bottom + 18.0), "middle", "font-size=\"11\" fill=\"#64748b\"", &label);
    }
    if let Some((value, label)) = chart.mark {
        let x = scale.x(value);
        line(&mut svg, x, TOP - 4.0, bottom + 2.0, "stroke=\"#0f172a\" stroke-dasharray=\"4 3\"");
        text(&mut svg, (x, TOP - 9.0), "middle", "font-size=\"11\" fill=\"#0f172a\"", label);
    }
    for (row, bar) in chart.bars.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        draw_bar(&mut svg, bar, y, &scale);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_bar(svg: &mut String, bar: &Bar, y: f64, scale: &Scale) {
    let weight = if bar.tone == Tone::Ours { "font-weight=\"bold\" " } else { "" };
    let style = format!("{weight}fill=\"#0f172a\"");
    text(svg, (LEFT - 10.0, y + 17.0), "end", &style, &bar.label);
    let end = bar.value.map_or(LEFT, |value| scale.x(value).max(LEFT + 2.0));
    if bar.value.is_some() {
        let (width, colour) = (end - LEFT, bar.tone.colour());
        let _ = writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"2\" fill=\"{colour}\"/>",
            y + 4.0,
            ROW - 8.0
        );
    }
    // A line that runs through the text stops around it.
    let style = format!("{style} stroke=\"#ffffff\" stroke-width=\"4\" paint-order=\"stroke\"");
    text(svg, (end + 8.0, y + 17.0), "start", &style, &bar.text);
}

fn line(svg: &mut String, x: f64, from: f64, to: f64, style: &str) {
    let _ = writeln!(svg, "<line x1=\"{x:.1}\" y1=\"{from:.1}\" x2=\"{x:.1}\" y2=\"{to:.1}\" {style}/>");
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, style: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{words}</text>");
}

struct Scale {
    low: f64,
    high: f64,
    is_logarithmic: bool,
}

impl Scale {
    fn of(chart: &Chart) -> Self {
        let values = chart.bars.iter().filter_map(|bar| bar.value);
        let high = values.clone().chain(chart.mark.map(|mark| mark.0)).fold(0.0_f64, f64::max).max(1e-9);
        let low = values.filter(|value| *value > 0.0).fold(high, f64::min);
        if chart.is_logarithmic {
            Self {
                low: 10_f64.powf(low.log10().floor()),
                high: 10_f64.powf(high.log10().ceil()),
                is_logarithmic: true,
            }
        } else {
            Self { low: 0.0, high: high * 1.02, is_logarithmic: false }
        }
    }

    fn x(&self, value: f64) -> f64 {
        let share = if self.is_logarithmic {
            (value.max(self.low) / self.low).log10() / (self.high / self.low).log10().max(1.0)
        } else {
            value / self.high
        };
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        let mut ticks = Vec::new();
        let step = if self.is_logarithmic { 0.0 } else { nice(self.high / 6.0) };
        let mut value = self.low;
        while value <= self.high * 1.000_1 && ticks.len() < 20 {
            ticks.push((value, short(value)));
            value = if self.is_logarithmic { value * 10.0 } else { value + step };
        }
        ticks
    }
}

/// The next of 1, 2, 5, 10, …
fn nice(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps.iter().map(|factor| factor * power).find(|nice| *nice >= step).unwrap_or(step)
}

fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
