//! The regions of a map: the hills of its density, and which point lies on which.
//!
//! Cells are flooded from the highest down. A cell with no neighbour under consideration yet is a
//! peak; one between two hills is the pass between them, and there the lower hill is given to the
//! higher one if it is hardly a hill of its own: if it rises too little above the pass, or is too
//! near. (Persistence-based clustering: Chazal, Guibas, Oudot and Skraba, 2013.)

use crate::map::density::{Density, bandwidth};

/// Cells of the grid along each side of the map.
const CELLS: usize = 128;
/// A hill's pass to a higher one lies at this share of its height at most.
const PASS: f32 = 0.85;
/// Peaks are at least this far apart, in map units.
const APART: f32 = 0.15;

/// The regions of a map.
pub struct Regions {
    /// The densest place of each.
    pub peaks: Vec<[f32; 2]>,
    /// The region of each point.
    pub of: Vec<usize>,
}

impl Regions {
    /// Finds the regions of points. Where there are points, there is at least one region.
    pub fn new(points: &[[f32; 2]]) -> Regions {
        let density = Density::new(points, [CELLS; 2], bandwidth(points));
        let mut hills = Hills { peak: vec![None; density.cells.len()] };
        let mut order: Vec<usize> =
            (0..density.cells.len()).filter(|cell| density.cells[*cell] > 0.0).collect();
        order.sort_by(|a, b| density.cells[*b].total_cmp(&density.cells[*a]).then(a.cmp(b)));
        for cell in order {
            let mut peaks: Vec<usize> =
                neighbours(cell).filter_map(|near| hills.find(near)).collect();
            peaks.sort_by(|a, b| density.cells[*b].total_cmp(&density.cells[*a]).then(a.cmp(b)));
            peaks.dedup();
            let own = peaks.first().copied().unwrap_or(cell);
            hills.peak[cell] = Some(own);
            for lower in peaks.into_iter().skip(1) {
                let (a, b) = (density.centre(own), density.centre(lower));
                let near = (a[0] - b[0]).hypot(a[1] - b[1]) < APART;
                if near || density.cells[cell] > PASS * density.cells[lower] {
                    hills.peak[lower] = Some(own);
                }
            }
        }
        let mut found = Vec::new();
        let mut region = |point: &[f32; 2]| {
            let peak = hills.find(density.cell(*point)).unwrap_or_default();
            found.iter().position(|known| *known == peak).unwrap_or_else(|| {
                found.push(peak);
                found.len() - 1
            })
        };
        let of = points.iter().map(&mut region).collect();
        Regions { peaks: found.into_iter().map(|peak| density.centre(peak)).collect(), of }
    }
}

/// Which hill each cell is on: a forest whose roots are the peaks.
struct Hills {
    /// A cell that is higher up on the same hill, or the cell itself at the peak; none when dry.
    peak: Vec<Option<usize>>,
}

impl Hills {
    /// The peak above a cell.
    fn find(&mut self, cell: usize) -> Option<usize> {
        let up = self.peak[cell]?;
        if up == cell {
            return Some(cell);
        }
        // Hills that were given to others are few, so the way up is short.
        let top = self.find(up);
        self.peak[cell] = top;
        top
    }
}

/// The up to eight cells around one.
fn neighbours(cell: usize) -> impl Iterator<Item = usize> {
    let (row, column) = (cell / CELLS, cell % CELLS);
    let around = |i: usize| i.saturating_sub(1)..(i + 2).min(CELLS);
    around(row)
        .flat_map(move |row| around(column).map(move |column| row * CELLS + column))
        .filter(move |near| *near != cell)
}

#[cfg(test)]
mod test {
    use super::*;

    /// Points on a small grid around each of some places.
    fn heaps(places: &[[f32; 2]]) -> Vec<[f32; 2]> {
        let around = |i: usize| [(i % 7) as f32 * 0.02 - 0.06, (i / 7) as f32 * 0.02 - 0.06];
        places
            .iter()
            .flat_map(|p| (0..49).map(move |i| [p[0] + around(i)[0], p[1] + around(i)[1]]))
            .collect()
    }

    #[test]
    fn heaps_are_regions() {
        let places = [[-0.6, 0.5], [0.5, 0.5], [0.1, -0.7]];
        let regions = Regions::new(&heaps(&places));
        assert_eq!(regions.peaks.len(), 3);
        for (i, place) in places.iter().enumerate() {
            assert!(regions.of[i * 49..(i + 1) * 49].iter().all(|of| *of == i));
            let peak = regions.peaks[i];
            assert!((peak[0] - place[0]).hypot(peak[1] - place[1]) < 0.1, "{peak:?}");
        }
    }

    #[test]
    fn heaps_too_near_are_one() {
        assert_eq!(Regions::new(&heaps(&[[0.0, 0.0], [0.13, 0.0]])).peaks.len(), 1);
    }

    #[test]
    fn few_points() {
        assert!(Regions::new(&[]).peaks.is_empty());
        assert_eq!(Regions::new(&[[1.0, -1.0]]).of, [0]);
        assert_eq!(Regions::new(&[[0.3, 0.3]; 50]).of, [0; 50]);
    }
}
