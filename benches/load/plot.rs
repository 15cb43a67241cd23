//! A drawing of latency over load, on a background of its own: pages are light or dark.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::http::HttpError;
use super::latencies::Spread;
use super::report::Report;

const SIZE: (u32, u32) = (880, 520);
const FONT: &str = "sans-serif";

/// The lines, in colours that differ in brightness as well.
const LINES: [Line; 2] = [
    Line {
        name: "p99",
        colour: RGBColor(200, 70, 0),
        latency: |spread| spread.p99_ms,
    },
    Line {
        name: "p50, with the number of clients",
        colour: RGBColor(0, 70, 140),
        latency: |spread| spread.p50_ms,
    },
];

struct Line {
    name: &'static str,
    colour: RGBColor,
    latency: fn(Spread) -> f64,
}

/// Draws throughput to the right and the latency from submission to result upwards, with the number
/// of clients at each point.
pub(crate) fn draw(file: &Path, reports: &[Report]) -> Result<(), HttpError> {
    let points: Vec<(f64, Spread, usize)> = reports
        .iter()
        .filter_map(|report| Some((report.tasks_per_second, report.result?, report.concurrency)))
        .collect();
    let first = reports.first().ok_or("there is nothing to draw")?;
    let fastest = points.iter().map(|(rate, ..)| *rate).fold(0.0, f64::max);
    let latencies = points
        .iter()
        .flat_map(|(_, spread, _)| [spread.p50_ms, spread.p99_ms]);
    let (least, most) = latencies.fold((f64::MAX, 0.0_f64), |(least, most), latency| {
        (least.min(latency), most.max(latency))
    });
    let ticks = ticks(least, most);
    let range = ticks[0]..ticks[ticks.len() - 1];

    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let caption = format!("{:?}, {:?}: latency over load", first.storage, first.mode);
    let mut chart = ChartBuilder::on(&area)
        .caption(caption, (FONT, 20))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d(
            0.0..fastest * 1.08,
            range.log_scale().with_key_points(ticks),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(220, 220, 220))
        .label_style((FONT, 15))
        .x_desc("tasks/s, submitted and fetched")
        .y_desc("from submission to result, ms")
        .y_label_formatter(&|latency| format!("{latency}"))
        .x_label_formatter(&|rate| format!("{rate:.0}"))
        .draw()?;
    for Line {
        name,
        colour,
        latency,
    } in LINES
    {
        let series = || {
            points
                .iter()
                .map(|(rate, spread, _)| (*rate, latency(*spread)))
        };
        chart
            .draw_series(LineSeries::new(series(), colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(3)));
        chart.draw_series(series().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    let style = (FONT, 13)
        .into_font()
        .into_text_style(&area)
        .pos(Pos::new(HPos::Left, VPos::Top));
    chart.draw_series(points.iter().map(|(rate, spread, clients)| {
        EmptyElement::at((*rate, spread.p50_ms))
            + Text::new(clients.to_string(), (6, 3), style.clone())
    }))?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font((FONT, 15))
        .background_style(WHITE)
        .border_style(RGBColor(220, 220, 220))
        .draw()?;
    area.present()?;
    Ok(())
}

/// Round figures, three to each power of ten, from below the least to above the most.
fn ticks(least: f64, most: f64) -> Vec<f64> {
    let round = (-3..6).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
    let round: Vec<f64> = round.collect();
    let from = round.iter().rposition(|tick| *tick < least).unwrap_or(0);
    let to = round.iter().position(|tick| *tick > most);
    round[from..=to.unwrap_or(round.len() - 1)].to_vec()
}
