//! The atlas: sentences with their vectors and their places on the map, in memory and as a file.

use std::path::Path;
use std::sync::Arc;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::map::Method;
use crate::sentences::encoder::DIMENSIONS;
use enjamb_core::{Error, ErrorKind};
use enjamb_numeric::tensors::{self, Dtype, Tensor, TensorHeader};
use enjamb_numeric::vector::dot;

/// What the files say that they are.
const FORMAT: &str = "enjamb map 1";
/// The greatest coordinate of a layout that is believed.
const MAX_COORDINATE: f32 = 1e6;

/// Sentences on a map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Atlas {
    texts: Vec<Arc<str>>,
    /// `[n, DIMENSIONS]`, each of length 1.
    vectors: Vec<f32>,
    /// `[n]`, as the projection has them.
    layout: Vec<[f32; 2]>,
    sheet: Sheet,
    method: Method,
}

/// How a layout becomes the map's coordinates of -1..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sheet {
    center: [f32; 2],
    /// Half the longer side.
    reach: f32,
}

impl Default for Sheet {
    fn default() -> Self {
        Self { center: [0.0; 2], reach: 1.0 }
    }
}

impl Sheet {
    /// The sheet that a layout fills.
    pub fn around(layout: &[[f32; 2]]) -> Sheet {
        let bounds = |axis: usize| {
            let all = layout.iter().map(|point| point[axis]);
            let (low, high) =
                (all.clone().fold(f32::INFINITY, f32::min), all.fold(-f32::INFINITY, f32::max));
            ((low + high) / 2.0, (high - low) / 2.0)
        };
        if layout.is_empty() {
            return Sheet::default();
        }
        let ((x, half_width), (y, half_height)) = (bounds(0), bounds(1));
        let reach = half_width.max(half_height);
        Sheet { center: [x, y], reach: if reach > 0.0 { reach } else { 1.0 } }
    }

    /// Where a point of the layout is on the map. What lies off the sheet is put on its edge.
    pub fn place(&self, point: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|axis| ((point[axis] - self.center[axis]) / self.reach).clamp(-1.0, 1.0))
    }
}

impl Atlas {
    /// An atlas of sentences with their vectors, `[n, DIMENSIONS]`, and no places yet: all lie in the
    /// middle.
    ///
    /// # Panics
    /// When the vectors do not fit the texts.
    pub fn new(texts: Vec<Arc<str>>, vectors: Vec<f32>) -> Atlas {
        assert_eq!(vectors.len(), texts.len() * DIMENSIONS);
        let layout = vec![[0.0; 2]; texts.len()];
        Atlas { texts, vectors, layout, ..Atlas::default() }
    }

    /// How many sentences there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The sentences.
    pub fn texts(&self) -> &[Arc<str>] {
        &self.texts
    }

    /// Their vectors, `[n, DIMENSIONS]`.
    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// Their places as the projection has them.
    pub fn layout(&self) -> &[[f32; 2]] {
        &self.layout
    }

    /// How the layout lies on the map.
    pub fn sheet(&self) -> Sheet {
        self.sheet
    }

    /// What it was laid out by.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Their places on the map, in -1..1.
    pub fn places(&self) -> Vec<[f32; 2]> {
        self.layout.iter().map(|point| self.sheet.place(*point)).collect()
    }

    /// Lays all sentences out anew.
    ///
    /// # Panics
    /// When there are not as many points as sentences.
    pub fn lay_out(&mut self, layout: Vec<[f32; 2]>, method: Method) {
        assert_eq!(layout.len(), self.len());
        self.method = method;
        self.sheet = Sheet::around(&layout);
        self.layout = layout;
    }

    /// Adds a sentence at a point of the layout; the others stay where they are.
    pub fn add(&mut self, text: Arc<str>, vector: &[f32], point: [f32; 2]) {
        assert_eq!(vector.len(), DIMENSIONS);
        self.texts.push(text);
        self.vectors.extend_from_slice(vector);
        self.layout.push(point);
    }

    /// Takes off all sentences that are one of `texts`; says how many they were.
    pub fn remove(&mut self, texts: &[&str]) -> usize {
        let keep: Vec<bool> = self.texts.iter().map(|text| !texts.contains(&&**text)).collect();
        let mut kept = keep.iter();
        self.texts.retain(|_| kept.next() == Some(&true));
        let mut kept = keep.iter();
        self.layout.retain(|_| kept.next() == Some(&true));
        let vectors = self.vectors.chunks_exact(DIMENSIONS).zip(&keep);
        self.vectors = vectors.filter(|(_, keep)| **keep).flat_map(|(v, _)| v).copied().collect();
        keep.len() - self.len()
    }

    /// The `k` sentences nearest to a place on the map, nearest first, and how far they are.
    pub fn nearest(&self, place: [f32; 2], k: usize) -> Vec<(usize, f32)> {
        let far = |other: [f32; 2]| (place[0] - other[0]).hypot(place[1] - other[1]);
        first(self.places().into_iter().map(far).collect(), k)
    }

    /// Some sentences in the order of their nearness in meaning to a vector of length 1, and the
    /// cosines.
    pub fn search_among(&self, vector: &[f32], among: Vec<u32>) -> Vec<(usize, f32)> {
        let row = |i: usize| &self.vectors[i * DIMENSIONS..][..DIMENSIONS];
        let cosine = |i: u32| (i as usize, dot(row(i as usize), vector));
        let mut found: Vec<(usize, f32)> = among.into_iter().map(cosine).collect();
        found.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found
    }

    /// The atlas as a safetensors file: `vectors` in half precision, `layout`, and the texts as JSON
    /// in its metadata.
    pub fn to_bytes(&self) -> Vec<u8> {
        let halves: Vec<u8> =
            self.vectors.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect();
        let layout: Vec<u8> =
            self.layout.as_flattened().iter().flat_map(|x| x.to_le_bytes()).collect();
        let (wide, flat) = ([self.len(), DIMENSIONS], [self.len(), 2]);
        let tensors = [
            Tensor { name: "vectors", dtype: Dtype::F16, shape: &wide, bytes: &halves },
            Tensor { name: "layout", dtype: Dtype::F32, shape: &flat, bytes: &layout },
        ];
        let texts: Vec<&str> = self.texts.iter().map(|text| &**text).collect();
        let texts = serde_json::to_string(&texts).expect("texts have a JSON form");
        let metadata = [("format", FORMAT), ("method", self.method.name()), ("texts", &texts)];
        tensors::write(&tensors, &metadata)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// Says what is wrong with the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Atlas, Error> {
        let no_map = |what: String| Error::invalid(format!("this is no map file: {what}"));
        let header = TensorHeader::read(bytes).map_err(no_map)?;
        if header.metadata("format") != Some(FORMAT) {
            return Err(no_map(format!("expected the format '{FORMAT}'")));
        }
        let method = match header.metadata("method") {
            Some(name) => Method::of_name(name)
                .ok_or_else(|| no_map(format!("'{name}' is no method that is known here")))?,
            None => Method::default(),
        };
        let texts = header.metadata("texts").unwrap_or_default();
        let texts: Vec<String> =
            serde_json::from_str(texts).map_err(|e| no_map(format!("its texts: {e}")))?;
        let texts: Vec<Arc<str>> = texts.into_iter().map(Arc::from).collect();
        let tensor = |name: &str, dtype: Dtype, width: usize| {
            let tensor = header.get(name).ok_or_else(|| no_map(format!("it has no {name}")))?;
            let expected = [texts.len(), width];
            match tensor.dtype == dtype && tensor.shape == expected {
                true => Ok(&bytes[tensor.bytes.clone()]),
                false => Err(no_map(format!(
                    "{name} is {:?} of {:?}; expected {expected:?} of {dtype:?}",
                    tensor.shape, tensor.dtype
                ))),
            }
        };
        let vectors = tensor("vectors", Dtype::F16, DIMENSIONS)?;
        let halves: Vec<f16> =
            vectors.as_chunks().0.iter().map(|x| f16::from_le_bytes(*x)).collect();
        let layout = tensor("layout", Dtype::F32, 2)?;
        let layout: Vec<f32> =
            layout.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect();
        let vectors = halves.to_f32_vec();
        if !vectors.iter().all(|x| x.abs() <= 1.01) {
            return Err(no_map("a vector is not of length 1".into()));
        }
        if !layout.iter().all(|x| x.abs() <= MAX_COORDINATE) {
            return Err(no_map("a place is no place".into()));
        }
        let mut atlas = Atlas::new(texts, vectors);
        atlas.lay_out(layout.as_chunks().0.to_vec(), method);
        Ok(atlas)
    }

    /// Reads a map file.
    ///
    /// # Errors
    /// Names the file and says what is wrong.
    pub fn load(path: &Path) -> Result<Atlas, Error> {
        let read = std::fs::read(path).map_err(|e| Error::new(ErrorKind::Io, e.to_string()));
        let atlas = read.and_then(|bytes| Atlas::from_bytes(&bytes));
        atlas.map_err(|error| error.context(path.display()))
    }

    /// Writes a map file, whole or not at all.
    ///
    /// # Errors
    /// Names the file and says what is wrong.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let error = |e: std::io::Error| {
            Error::new(ErrorKind::Io, format!("{} can't be written: {e}", path.display()))
        };
        let partial = path.with_extension("partial");
        std::fs::write(&partial, self.to_bytes()).map_err(error)?;
        std::fs::rename(&partial, path).map_err(error)
    }
}

/// The numbers of the `k` least, least first, and what they are; of equals the first.
fn first(all: Vec<f32>, k: usize) -> Vec<(usize, f32)> {
    let mut all: Vec<(usize, f32)> = all.into_iter().enumerate().collect();
    let order = |a: &(usize, f32), b: &(usize, f32)| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0));
    if k < all.len() {
        all.select_nth_unstable_by(k, order);
        all.truncate(k);
    }
    all.sort_unstable_by(order);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(at: usize) -> Vec<f32> {
        (0..DIMENSIONS).map(|i| if i == at { 1.0 } else { 0.0 }).collect()
    }

    fn atlas(n: usize) -> Atlas {
        let texts = (0..n).map(|i| format!("line {i}, \"quoted\"").into()).collect();
        let mut atlas = Atlas::new(texts, (0..n).flat_map(unit).collect());
        let layout = (0..n).map(|i| [10.0 * i as f32, (i * i) as f32]).collect();
        atlas.lay_out(layout, Method::Umap);
        atlas
    }

    #[test]
    fn the_map_is_a_square_around_the_layout() {
        let places = atlas(5).places();
        assert_eq!(places[0], [-1.0, -0.4]);
        assert_eq!(places[4], [1.0, 0.4]);
        assert_eq!(atlas(1).places(), [[0.0, 0.0]]);
        assert!(Atlas::default().places().is_empty());
        assert_eq!(atlas(5).sheet().place([1e9, -1e9]), [1.0, -1.0]);
    }

    #[test]
    fn the_nearest_come_first() {
        let atlas = atlas(6);
        let near = atlas.nearest(atlas.places()[2], 3);
        assert_eq!((near[0], near.len()), ((2, 0.0), 3));
        assert!(near[1].1 <= near[2].1);
        let mut between = unit(4);
        (between[4], between[1]) = (0.8, 0.6);
        let found = atlas.search_among(&between, vec![1, 4, 5]);
        assert_eq!(found.iter().map(|(i, _)| *i).collect::<Vec<_>>(), [4, 1, 5]);
        assert!((found[0].1 - 0.8).abs() < 1e-6);
        assert!(Atlas::default().nearest([0.0; 2], 3).is_empty());
    }

    #[test]
    fn what_is_added_and_removed_moves_nobody() {
        let mut atlas = atlas(4);
        let places = atlas.places();
        atlas.add("new".into(), &unit(9), [5.0, 2.0]);
        assert_eq!(atlas.places()[..4], places);
        assert_eq!(atlas.remove(&["line 1, \"quoted\"", "not there"]), 1);
        assert_eq!((atlas.len(), atlas.places()[0]), (4, places[0]));
        assert_eq!(atlas.places()[1], places[2]);
        assert_eq!(atlas.search_among(&unit(9), vec![0, 1, 2, 3])[0].0, 3);
    }

    #[test]
    fn a_file_comes_back_and_a_damaged_one_is_refused() {
        let atlas = atlas(3);
        let bytes = atlas.to_bytes();
        assert_eq!(Atlas::from_bytes(&bytes), Ok(atlas));
        assert_eq!(Atlas::from_bytes(&Atlas::default().to_bytes()), Ok(Atlas::default()));
        for end in [0, 7, 40, bytes.len() - 1] {
            assert!(
                Atlas::from_bytes(&bytes[..end]).unwrap_err().message().contains("no map file")
            );
        }
        let mut damaged = bytes.clone();
        let n = damaged.len();
        damaged[n - 1] = 0x7f;
        damaged[n - 2] = 0xff;
        assert!(Atlas::from_bytes(&damaged).is_err());
    }
}
