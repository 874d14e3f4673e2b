//! The log of a run: two tables of comma-separated numbers, which can be read while it runs.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::super::TrainError;
use super::super::plot::Curve;
use super::{Smooth, Validation};

const STEPS: &str = "step,reconstruction,divergence,weight,rate,lines_a_second";
const VALIDATIONS: &str =
    "step,reconstruction,divergence,objective,mutual_information,active_units";

/// The two tables of a run's folder.
pub struct Log {
    steps: Table,
    validations: Table,
}

struct Table {
    path: PathBuf,
    file: File,
    rows: Vec<Vec<f64>>,
}

impl Log {
    /// Opens the tables, without the rows after `step`, which will be written again.
    pub fn open(dir: &Path, step: usize) -> Result<Log, TrainError> {
        Ok(Log {
            steps: Table::open(dir.join("training.csv"), STEPS, step)?,
            validations: Table::open(dir.join("validation.csv"), VALIDATIONS, step)?,
        })
    }

    pub(super) fn step(
        &mut self,
        step: usize,
        smooth: &Smooth,
        weight: f64,
        rate: f32,
    ) -> Result<(), TrainError> {
        self.steps.push(vec![
            step as f64,
            smooth.reconstruction,
            smooth.divergence,
            weight,
            f64::from(rate),
            smooth.lines / smooth.seconds,
        ])
    }

    pub(super) fn validation(&mut self, step: usize, v: &Validation) -> Result<(), TrainError> {
        self.validations.push(vec![
            step as f64,
            v.reconstruction,
            v.divergence,
            v.objective,
            v.mutual_information,
            v.active_units as f64,
        ])
    }

    /// The curves of a picture.
    pub fn curves(&self) -> Vec<Curve> {
        let curve = |name: &str, table: &Table, column: usize| {
            let points = table.rows.iter().map(|row| (row[0], row[column])).collect();
            (name.to_owned(), points)
        };
        vec![
            curve("reconstruction", &self.steps, 1),
            curve("divergence", &self.steps, 2),
            curve("reconstruction, held-out lines", &self.validations, 1),
            curve("divergence, held-out lines", &self.validations, 2),
            curve("mutual information", &self.validations, 4),
        ]
    }
}

impl Table {
    fn open(path: PathBuf, header: &str, last: usize) -> Result<Table, TrainError> {
        let error = |e: std::io::Error| TrainError::new(format!("{}: {e}", path.display()));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(error(e)),
        };
        // A row that was cut off by a kill does not parse, and is written again.
        let width = header.split(',').count();
        let rows: Vec<Vec<f64>> = text
            .lines()
            .skip(1)
            .filter_map(|row| row.split(',').map(|x| x.parse().ok()).collect::<Option<Vec<f64>>>())
            .filter(|row| row.len() == width && row[0] <= last as f64)
            .collect();
        let mut kept = header.to_owned() + "\n";
        rows.iter().for_each(|row| kept += &line(row));
        fs::write(&path, kept).map_err(error)?;
        let file = OpenOptions::new().append(true).open(&path).map_err(error)?;
        Ok(Table { path, file, rows })
    }

    fn push(&mut self, row: Vec<f64>) -> Result<(), TrainError> {
        self.file
            .write_all(line(&row).as_bytes())
            .map_err(|e| TrainError::new(format!("{}: {e}", self.path.display())))?;
        self.rows.push(row);
        Ok(())
    }
}

fn line(row: &[f64]) -> String {
    row.iter().map(|x| format!("{x}")).collect::<Vec<_>>().join(",") + "\n"
}
