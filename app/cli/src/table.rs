//! Tables with aligned columns and without borders.

use std::fmt::Write as _;

use crate::human;

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
struct Cell {
    text: String,
    /// The width on a terminal, without the bytes of colour codes.
    width: usize,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        let headings = headings.iter().map(|text| Cell::new((*text).to_owned()));
        Self {
            rows: vec![headings.collect()],
        }
    }

    /// A list of names and values.
    pub(crate) fn facts() -> Self {
        Self { rows: Vec::new() }
    }

    /// Adds a row. Control characters are escaped.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        let cells = cells
            .into_iter()
            .map(|text| Cell::new(human::visible(&text)));
        self.rows.push(cells.collect());
    }

    /// Adds a row whose first cell is `painted`, which is `word` with colour codes.
    pub(crate) fn painted_row<const N: usize>(
        &mut self,
        word: &str,
        painted: String,
        cells: [String; N],
    ) {
        let first = Cell {
            text: painted,
            width: word.chars().count(),
        };
        let rest = cells
            .into_iter()
            .map(|text| Cell::new(human::visible(&text)));
        self.rows.push(std::iter::once(first).chain(rest).collect());
    }

    /// Adds a name and its value.
    pub(crate) fn fact(&mut self, name: &str, value: impl Into<String>) {
        self.row([name.to_owned(), value.into()]);
    }

    /// Returns the lines, each with `indent` leading spaces and a newline.
    pub(crate) fn render(&self, indent: usize) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths = vec![0; columns];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width.max(*width);
            }
        }
        let mut lines = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (index, cell) in row.iter().enumerate() {
                line.push_str(&cell.text);
                if index + 1 < row.len() {
                    line.push_str(&" ".repeat(widths[index] - cell.width + 2));
                }
            }
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{}", line.trim_end());
        }
        lines
    }
}

impl Cell {
    fn new(text: String) -> Self {
        let width = text.chars().count();
        Self { text, width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_have_no_trailing_space() {
        let mut table = Table::new(&["NAME", "SIZE", "WHERE"]);
        table.row(["state".into(), "1.5 MiB".into(), "/d/state.db".into()]);
        table.row(["cache".into(), "0 B".into(), String::new()]);

        insta::assert_snapshot!(table.render(2), @r"
          NAME   SIZE     WHERE
          state  1.5 MiB  /d/state.db
          cache  0 B
        ");
    }
}
