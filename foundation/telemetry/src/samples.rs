//! Metrics as values, for alerts.
//!
//! The registry can only be encoded as text. OpenMetrics is a simple standard format, so the text is parsed instead of
//! keeping a second copy of the values.

/// The values of all metrics at one point in time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricSamples {
    samples: Vec<MetricSample>,
}

/// The value of one metric with one set of labels.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSample {
    /// The name as on `/metrics`, including the suffix: a counter ends in `_total`, a histogram has `_bucket`, `_sum` and
    /// `_count`.
    pub name: String,
    /// The labels, in the order of the page.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
}

impl MetricSamples {
    /// Returns the samples with this name; empty if there is no such metric.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a MetricSample> {
        self.samples
            .iter()
            .filter(move |sample| sample.name == name)
    }

    /// Returns all samples, in the order of the page.
    pub fn iter(&self) -> impl Iterator<Item = &MetricSample> {
        self.samples.iter()
    }

    /// Parses a page in the OpenMetrics text format. Skips malformed lines, which the encoder never writes.
    pub(crate) fn parse(page: &str) -> Self {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        Self {
            samples: lines.filter_map(MetricSample::parse).collect(),
        }
    }
}

impl MetricSample {
    /// Returns the value of a label, or `None` if the sample does not have it.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let mut labels = self.labels.iter();
        labels
            .find(|(label, _)| label == name)
            .map(|(_, value)| value.as_str())
    }

    /// Parses `name{label="value",…} 1.5`. The labels are optional, and an exemplar can follow.
    fn parse(line: &str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(end);
        let mut labels = Vec::new();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            while !rest.starts_with('}') {
                let (label, value) = rest.split_once("=\"")?;
                let (value, after) = unescape(value)?;
                labels.push((label.to_owned(), value));
                rest = after.strip_prefix(',').unwrap_or(after);
            }
            rest = &rest[1..];
        }
        let value = rest.split_whitespace().next()?.parse().ok()?;
        Some(Self {
            name: name.to_owned(),
            labels,
            value,
        })
    }
}

/// Parses a value up to its closing quote. Returns it and the text after the quote.
fn unescape(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((position, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[position + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exemplar_at_the_end_of_a_line_is_ignored() {
        let page =
            "# TYPE a histogram\na_bucket{le=\"0.5\"} 7 # {id=\"x\"} 0.3\na_sum 1.5\n# EOF\n";

        let samples = MetricSamples::parse(page);

        let read: Vec<_> = samples
            .iter()
            .map(|sample| (sample.name.as_str(), sample.label("le"), sample.value))
            .collect();
        assert_eq!(read, [("a_bucket", Some("0.5"), 7.0), ("a_sum", None, 1.5)]);
    }
}
