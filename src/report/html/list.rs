//! A table in HTML: in a box of its own that scrolls, folded when it is long, and cut when it is endless.

use askama::Template;

use crate::report::table::{Cell, Table};
use crate::report::text::grouped;

/// A list longer than this is folded, so that the headings of a long report stay in sight.
const FOLD: usize = 12;

/// A list ends here: who reads so far wants the JSON.
const MOST: usize = 200;

/// A table, ready to be written.
#[derive(Template)]
#[template(path = "report/list.html")]
pub(super) struct List {
    what: &'static str,
    header: Vec<Column>,
    rows: Vec<Vec<Placed>>,
    /// How many rows there are, also those that are left out.
    count: usize,
}

/// A column.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    /// Whether figures stand in it: they stand on the right.
    figures: bool,
    /// What the pictures before it are called, if pictures stand there.
    pictures: Option<&'static str>,
}

/// A cell in its column.
struct Placed {
    cell: Cell,
    figures: bool,
    /// The picture before it, if one stands there.
    picture: Option<String>,
}

impl List {
    pub(super) fn of(table: Table) -> Self {
        let figures = |column: usize| {
            let mut cells = table.rows.iter().filter_map(|row| row.get(column));
            cells.all(|cell| matches!(cell, Cell::Number(_) | Cell::Zero | Cell::Alarm(_)))
        };
        let columns = table.header.iter().enumerate();
        let header: Vec<Column> =
            columns.map(|(n, name)| Column { name, figures: figures(n), pictures: None }).collect();
        let count = table.rows.len();
        let placed = |(cell, column): (Cell, &Column)| Placed { cell, figures: column.figures, picture: None };
        let rows = table.rows.into_iter().take(MOST);
        let rows = rows.map(|cells| cells.into_iter().zip(&header).map(placed).collect()).collect();
        Self { what: table.what, rows, count, header }
    }

    /// The same with a picture in each row, between the names and the figures: a phone shows it too.
    pub(super) fn drawn(table: Table, name: &'static str, pictures: impl IntoIterator<Item = String>) -> Self {
        let mut list = Self::of(table);
        let Some(place) = list.header.iter().position(|column| column.figures) else { return list };
        list.header[place].pictures = Some(name);
        for (row, picture) in list.rows.iter_mut().zip(pictures) {
            row[place].picture = Some(picture);
        }
        list
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn folded(&self) -> bool {
        self.count > FOLD
    }

    /// How many rows there are, in words.
    fn counted(&self) -> String {
        grouped(self.count as u64)
    }

    /// How many rows are left out.
    fn more(&self) -> usize {
        self.count - self.rows.len()
    }
}
