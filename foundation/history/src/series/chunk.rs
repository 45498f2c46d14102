//! 60 points of every series, in memory and as bytes.
//!
//! The bytes are a version and then, for each series, its name, its downsampling, its values and the number of samples of each
//! value. Equal numbers are written once, so the figures of an idle server need little space.

use std::collections::BTreeMap;

use outrigger_telemetry::Downsample;

use super::tier::POINTS;

/// The maximum number of series in a chunk.
pub(super) const SERIES_MAX: usize = 256;
/// The version that [`Chunk::encode`] writes.
const VERSION: u8 = 1;
/// One number follows, for all points.
const EQUAL: u8 = 0;
/// One number per point follows.
const EACH: u8 = 1;

/// 60 points of every series.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Chunk {
    columns: BTreeMap<String, Column>,
}

/// The points of one series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) downsample: Downsample,
    pub(super) points: Vec<Point>,
}

/// A value and the number of its samples. Zero samples mean that there is no value.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Point {
    pub(super) value: f64,
    pub(super) samples: u16,
}

impl Point {
    /// Creates a point of one sample.
    pub(super) const fn of(value: f64) -> Self {
        Self { value, samples: 1 }
    }

    /// Merges another point into this one.
    pub(super) fn add(&mut self, other: Self, downsample: Downsample) {
        if self.samples == 0 || other.samples == 0 {
            if self.samples == 0 {
                *self = other;
            }
            return;
        }
        let (own, others) = (f64::from(self.samples), f64::from(other.samples));
        self.value = match downsample {
            // Weighted first, because the sum of huge values would overflow.
            Downsample::Mean => {
                self.value * (own / (own + others)) + other.value * (others / (own + others))
            }
            Downsample::Max => self.value.max(other.value),
        };
        self.samples = self.samples.saturating_add(other.samples);
    }

    /// Returns the value if there is one.
    pub(super) fn known(self) -> Option<f64> {
        (self.samples > 0).then_some(self.value)
    }
}

impl Column {
    pub(super) fn new(downsample: Downsample, points: usize) -> Self {
        Self {
            downsample,
            points: vec![Point::default(); points],
        }
    }
}

impl Chunk {
    /// Adds a sample of a series to the point at `index`. Ignores series beyond the limit and names longer than 255 bytes.
    pub(super) fn add(&mut self, index: usize, name: &str, value: f64, downsample: Downsample) {
        if let Some(column) = self.column(name, downsample)
            && let Some(point) = column.points.get_mut(index)
        {
            point.add(Point::of(value), downsample);
        }
    }

    /// Merges all points of `other`.
    pub(super) fn merge(&mut self, other: &Self) {
        for (name, column) in &other.columns {
            let downsample = column.downsample;
            if let Some(own) = self.column(name, downsample) {
                for (point, other) in own.points.iter_mut().zip(&column.points) {
                    point.add(*other, downsample);
                }
            }
        }
    }

    /// Returns the series and their names.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&String, &Column)> {
        self.columns.iter()
    }

    fn column(&mut self, name: &str, downsample: Downsample) -> Option<&mut Column> {
        if !self.columns.contains_key(name) {
            if self.columns.len() >= SERIES_MAX || u8::try_from(name.len()).is_err() {
                return None;
            }
            let column = Column::new(downsample, POINTS);
            self.columns.insert(name.to_owned(), column);
        }
        let column = self.columns.get_mut(name)?;
        // A newer release may downsample the series differently.
        column.downsample = downsample;
        Some(column)
    }

    /// Returns the chunk as bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        for (name, column) in &self.columns {
            // `column` ignores longer names.
            let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
            bytes.push(length);
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(match column.downsample {
                Downsample::Mean => 0,
                Downsample::Max => 1,
            });
            let values = column.points.iter().map(|point| point.value.to_le_bytes());
            write_row(&mut bytes, &values.collect::<Vec<_>>());
            let samples = column
                .points
                .iter()
                .map(|point| point.samples.to_le_bytes());
            write_row(&mut bytes, &samples.collect::<Vec<_>>());
        }
        bytes
    }

    /// Reads the bytes of [`encode`](Self::encode). Returns `None` if they are damaged or from a newer release.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, mut rest) = bytes.split_first()?;
        if *version != VERSION {
            return None;
        }
        let mut columns = BTreeMap::new();
        while let Some((length, after)) = rest.split_first() {
            let (name, after) = after.split_at_checked(usize::from(*length))?;
            let name = std::str::from_utf8(name).ok()?.to_owned();
            let (downsample, after) = after.split_first()?;
            let downsample = match downsample {
                0 => Downsample::Mean,
                1 => Downsample::Max,
                _ => return None,
            };
            let (values, after) = read_row::<8>(after)?;
            let (samples, after) = read_row::<2>(after)?;
            let points = values
                .into_iter()
                .zip(samples)
                .map(|(value, samples)| Point {
                    value: f64::from_le_bytes(value),
                    samples: u16::from_le_bytes(samples),
                });
            let points: Vec<Point> = points.collect();
            if points.iter().any(|point| !point.value.is_finite()) || columns.len() >= SERIES_MAX {
                return None;
            }
            columns.insert(name, Column { downsample, points });
            rest = after;
        }
        Some(Self { columns })
    }
}

fn write_row<const N: usize>(bytes: &mut Vec<u8>, row: &[[u8; N]]) {
    match row {
        [first, others @ ..] if others.iter().all(|other| other == first) => {
            bytes.push(EQUAL);
            bytes.extend_from_slice(first);
        }
        row => {
            bytes.push(EACH);
            bytes.extend(row.iter().flatten());
        }
    }
}

fn read_row<const N: usize>(bytes: &[u8]) -> Option<(Vec<[u8; N]>, &[u8])> {
    let (form, rest) = bytes.split_first()?;
    match *form {
        EQUAL => {
            let (one, rest) = rest.split_first_chunk::<N>()?;
            Some((vec![*one; POINTS], rest))
        }
        EACH => {
            let (row, rest) = rest.split_at_checked(N * POINTS)?;
            let (numbers, _) = row.as_chunks::<N>();
            Some((numbers.to_vec(), rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chunk(points: &[(usize, &str, f64)]) -> Chunk {
        let mut chunk = Chunk::default();
        for (index, name, value) in points {
            let downsample = match name.starts_with('p') {
                true => Downsample::Max,
                false => Downsample::Mean,
            };
            chunk.add(*index, name, *value, downsample);
        }
        chunk
    }

    #[test]
    fn rates_become_their_mean_and_percentiles_their_maximum_whatever_the_order_of_merging() {
        let samples = [
            (7, "rate", 1.0),
            (7, "p99", 30.0),
            (7, "rate", 2.0),
            (7, "p99", 10.0),
            (7, "rate", 6.0),
        ];
        let whole = chunk(&samples);

        for split in 0..=samples.len() {
            let mut merged = chunk(&samples[..split]);
            merged.merge(&chunk(&samples[split..]));

            let known = |name: &str| merged.columns.get(name).map(|column| column.points[7]);
            assert_eq!(
                known("rate").and_then(Point::known).map(f64::round),
                Some(3.0)
            );
            assert_eq!(known("p99").and_then(Point::known), Some(30.0));
            assert_eq!(known("rate").map(|point| point.samples), Some(3));
        }
        assert_eq!(whole.columns["rate"].points[8].known(), None);
    }

    #[test]
    fn a_constant_series_takes_little_space() {
        let constant: Vec<_> = (0..POINTS).map(|index| (index, "entries", 5.0)).collect();
        let changing: Vec<_> = (0..POINTS)
            .map(|index| (index, "entries", index as f64))
            .collect();

        assert_eq!(chunk(&constant).encode().len(), 22);
        assert_eq!(chunk(&changing).encode().len(), 22 + 8 * (POINTS - 1));
    }

    #[test]
    fn the_number_of_series_is_bounded() {
        let mut chunk = Chunk::default();
        for index in 0..2 * SERIES_MAX {
            chunk.add(0, &format!("series {index}"), 1.0, Downsample::Mean);
        }
        chunk.add(0, &"x".repeat(256), 1.0, Downsample::Mean);

        assert_eq!(chunk.columns.len(), SERIES_MAX);
    }

    proptest! {
        #[test]
        fn a_chunk_reads_back_as_it_was_written(
            points in prop::collection::vec((0..POINTS, "[a-z]{1,9}", -1e300..1e300), 0..200),
        ) {
            let points: Vec<_> = points.iter().map(|(at, name, value)| (*at, &**name, *value)).collect();
            let chunk = chunk(&points);

            prop_assert_eq!(Chunk::decode(&chunk.encode()), Some(chunk));
        }

        #[test]
        fn damaged_bytes_are_read_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..800), version: bool) {
            if version && !bytes.is_empty() {
                bytes[0] = VERSION;
            }
            let _ = Chunk::decode(&bytes);
        }
    }
}
