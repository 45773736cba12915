//! A table as data: Markdown and HTML write the same cells, each in its own way.

use super::Severity;
use super::text::grouped;

/// What stands in a table's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Nothing.
    Dash,
    /// No figure in a column of figures.
    Zero,
    /// Names that somebody chose: an id, an owner, a rail.
    Code(Vec<String>),
    /// A sentence, also one with somebody's words in it.
    Text(String),
    /// A figure.
    Number(String),
    /// A time.
    Time(String),
    /// What must not be overlooked.
    Alarm(&'static str),
    /// How bad it is.
    Level(Severity),
}

impl Cell {
    /// A name.
    pub(super) fn code(name: impl Into<String>) -> Self {
        Self::codes([name.into()])
    }

    /// Names.
    pub(super) fn codes(names: impl IntoIterator<Item = String>) -> Self {
        let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
        if names.is_empty() { Cell::Dash } else { Cell::Code(names) }
    }

    /// A name that may be missing.
    pub(super) fn name(name: Option<&str>) -> Self {
        name.map_or(Cell::Dash, Cell::code)
    }

    /// A figure that may be missing.
    pub(super) fn figure(figure: Option<String>) -> Self {
        figure.map_or(Cell::Zero, Cell::Number)
    }

    /// A count; nothing for none.
    pub(super) fn count(n: usize) -> Self {
        Self::figure(Some(grouped(n as u64)).filter(|_| n > 0))
    }
}

/// A table under what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// What it is: `Actions`.
    pub what: &'static str,
    /// The names of its columns.
    pub header: Vec<&'static str>,
    /// Its rows, as wide as the header.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(super) fn new(
        what: &'static str,
        header: impl Into<Vec<&'static str>>,
        rows: impl IntoIterator<Item = Vec<Cell>>,
    ) -> Self {
        Self { what, header: header.into(), rows: rows.into_iter().collect() }
    }
}
