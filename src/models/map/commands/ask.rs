//! What can be asked of a map as it is: places, neighbours, words, density.

use super::Live;
use super::inputs::{density, nearest, place, search};
use crate::map::density::{Density, bandwidth};
use crate::map::labels::labels;
use enjamb_core::model::{Error, Run};
use enjamb_core::signature::Values;
use enjamb_core::value::Value;
use std::sync::Arc;

/// The commands that change nothing: those are answered while the map is laid out anew, too.
pub const COMMANDS: [&str; 6] = ["place", "nearest", "search", "labels", "density", "show"];

impl Live {
    /// Runs one of [`COMMANDS`].
    pub(super) fn ask(
        &mut self,
        command: &str,
        inputs: &Values,
        run: &mut Run,
    ) -> Result<Values, Error> {
        match command {
            "place" => self.place(inputs),
            "nearest" => Ok(self.nearest(inputs)),
            "search" => self.search(inputs),
            "labels" => Ok(self.labels(inputs)),
            "density" => Ok(self.density(inputs)),
            "show" => {
                self.show(run)?;
                Ok(Values::new().with("count", self.atlas.len()))
            }
            other => Err(format!("there is no command '{other}'").into()),
        }
    }

    fn place(&mut self, inputs: &Values) -> Result<Values, Error> {
        let vector = match inputs[place::TEXT].trim() {
            "" => inputs[place::VECTOR].to_vec(),
            text => self.embed(&[text])?,
        };
        if vector.iter().all(|x| *x == 0.0) {
            return Err("neither text nor vector: expected a sentence".into());
        }
        let point = self.point_of(&vector)?;
        let [x, y] = self.atlas.sheet().place(point);
        Ok(Values::new().with("x", f64::from(x)).with("y", f64::from(y)))
    }

    fn nearest(&self, inputs: &Values) -> Values {
        let place = [inputs[nearest::X] as f32, inputs[nearest::Y] as f32];
        let found = self.atlas.nearest(place, inputs[nearest::K] as usize);
        self.found(&found).with("distances", numbers(&found))
    }

    fn search(&mut self, inputs: &Values) -> Result<Values, Error> {
        let vector = self.embed(&[&inputs[search::TEXT]])?;
        let found = match &self.places {
            Some(places) => {
                let k = inputs[search::K] as usize;
                self.atlas.search_among(&vector, places.nearest(&vector, k)?.0)
            }
            None => Vec::new(),
        };
        Ok(self.found(&found).with("similarities", numbers(&found)))
    }

    fn found(&self, found: &[(usize, f32)]) -> Values {
        let places = self.atlas.places();
        let texts: Vec<Value> =
            found.iter().map(|(i, _)| Value::Text(Arc::clone(&self.atlas.texts()[*i]))).collect();
        let points: Vec<Value> = found.iter().map(|(i, _)| places[*i].to_vec().into()).collect();
        Values::new().with("texts", texts).with("points", points)
    }

    fn labels(&self, inputs: &Values) -> Values {
        let count = inputs[super::inputs::labels::COUNT] as usize;
        let mut found = labels(self.atlas.texts(), &self.atlas.places());
        found.truncate(count);
        let texts: Vec<Value> = found.iter().map(|label| label.text.as_str().into()).collect();
        let points: Vec<Value> = found.iter().map(|label| label.place.to_vec().into()).collect();
        let counts: Vec<Value> = found.iter().map(|label| (label.count as f64).into()).collect();
        Values::new().with("texts", texts).with("points", points).with("counts", counts)
    }

    fn density(&self, inputs: &Values) -> Values {
        let (columns, rows) = (inputs[density::COLUMNS] as usize, inputs[density::ROWS] as usize);
        let places = self.atlas.places();
        let width = match inputs[density::BANDWIDTH] as f32 {
            0.0 => bandwidth(&places),
            width => width,
        };
        let cells = Density::new(&places, [columns, rows], width).cells;
        let cells: Vec<Value> = cells.into_iter().map(|x| f64::from(x).into()).collect();
        Values::new().with("cells", cells)
    }
}

fn numbers(found: &[(usize, f32)]) -> Vec<Value> {
    found.iter().map(|(_, number)| f64::from(*number).into()).collect()
}
