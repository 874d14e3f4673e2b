//! A picture of a run: losses over steps, as SVG.

use std::path::Path;

use plotters::prelude::*;

use super::TrainError;

/// A curve: its name and its points (step, value).
pub type Curve = (String, Vec<(f64, f64)>);

const COLOURS: [RGBColor; 6] = [
    RGBColor(31, 78, 121),
    RGBColor(192, 80, 46),
    RGBColor(84, 130, 53),
    RGBColor(120, 80, 150),
    RGBColor(150, 120, 40),
    RGBColor(90, 90, 90),
];

/// Draws the curves into one frame, from zero to a little above the highest of them.
///
/// # Errors
/// When the file cannot be written.
pub fn write(path: &Path, title: &str, curves: &[Curve]) -> Result<(), TrainError> {
    let points = || curves.iter().flat_map(|(_, points)| points);
    let right = points().map(|p| p.0).fold(1.0, f64::max);
    let mut heights: Vec<f64> = points().map(|p| p.1).filter(|y| y.is_finite()).collect();
    heights.sort_by(f64::total_cmp);
    // The first steps tower over the rest; the frame is for what comes after.
    let top = heights.get(heights.len() * 98 / 100).map_or(1.0, |y| y * 1.15);
    let svg = {
        let mut text = String::new();
        let draw = |text: &mut String| -> Result<(), Box<dyn std::error::Error>> {
            let area = SVGBackend::with_string(text, (960, 540)).into_drawing_area();
            area.fill(&WHITE)?;
            let mut chart = ChartBuilder::on(&area)
                .caption(title, ("serif", 22))
                .margin(18)
                .x_label_area_size(36)
                .y_label_area_size(48)
                .build_cartesian_2d(0.0..right, 0.0..top)?;
            chart
                .configure_mesh()
                .light_line_style(WHITE)
                .bold_line_style(RGBColor(230, 230, 226))
                .x_desc("step")
                .y_desc("nats a line")
                .label_style(("serif", 14))
                .draw()?;
            for ((name, points), colour) in curves.iter().zip(COLOURS.iter().cycle()) {
                let points = points.iter().map(|&(x, y)| (x, y.min(top)));
                chart
                    .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
                    .label(name)
                    .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], *colour));
            }
            chart
                .configure_series_labels()
                .background_style(WHITE.mix(0.85))
                .label_font(("serif", 14))
                .draw()?;
            area.present()?;
            Ok(())
        };
        draw(&mut text).map_err(|error| TrainError::new(error.to_string()))?;
        text
    };
    std::fs::write(path, svg).map_err(|e| TrainError::new(format!("{}: {e}", path.display())))
}
