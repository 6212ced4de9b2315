//! Tables for the terminal.

#![expect(clippy::disallowed_types, reason = "cells are escaped here")]

use comfy_table::presets;

use super::{cut, line};

/// A table whose cells are escaped and cut, so that one long text does not widen every row.
#[derive(Debug)]
pub struct Table<const N: usize> {
    widest: [usize; N],
    table: comfy_table::Table,
}

impl<const N: usize> Table<N> {
    /// A table with these headings, and the widest that the cells below may be, in columns.
    pub fn new(headings: [(&str, usize); N]) -> Self {
        let mut table = Self::without_headings(headings.map(|(_, widest)| widest));
        table.table.set_header(headings.map(|(heading, _)| heading));
        table
    }

    /// A table without headings.
    pub fn without_headings(widest: [usize; N]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        Self { widest, table }
    }

    /// Adds a row.
    pub fn add_row(&mut self, row: [impl AsRef<str>; N]) {
        let cells = row.iter().zip(self.widest);
        let cells = cells.map(|(text, widest)| cut(text.as_ref(), widest));
        self.table.add_row(cells.collect::<Vec<_>>());
    }

    /// Prints it to standard output.
    pub fn print(&self) {
        self.lines().iter().for_each(|text| line(text));
    }

    fn lines(&self) -> Vec<String> {
        self.table.lines().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_or_multiline_cell_stays_in_its_row_and_column() {
        let mut table = Table::new([("TYPE", 10), ("ID", 20)]);
        table.add_row(["x".repeat(5000), "1".to_owned()]);
        table.add_row(["a\nb".to_owned(), "\u{1b}[2J".to_owned()]);
        let lines = table.lines();
        assert_eq!(
            lines.iter().map(|line| line.trim()).collect::<Vec<_>>(),
            ["TYPE        ID", "xxxxxxxxx…  1", r"a\nb        \u{1b}[2J"]
        );
    }
}
