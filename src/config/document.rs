//! Tables with their places in the file. Whoever reads a key from a table says by that that the key exists; what is
//! left when a table has been read is unknown, and an error.
//!
//! This is not done by serde's derive because that stops at the first mistake, and an operator should see them all.

use std::cell::RefCell;
use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::error::{ConfigError, Problem, place};
use super::read::describe;

/// How many problems are told at once: more than fit on a screen help nobody.
const MAX_PROBLEMS: usize = 50;

/// The longest description of a problem, in characters: a value may be a whole book.
const MAX_WHY: usize = 400;

/// The longest list. Each item is compared with those before it, so this bounds the work that a hostile file can ask for;
/// a holiday a week for a century is half as many.
const MAX_ITEMS: usize = 10_000;

/// What was found while a text was read.
pub(super) struct Document<'d> {
    file: &'d str,
    text: &'d str,
    found: RefCell<Found>,
}

#[derive(Default)]
struct Found {
    problems: Vec<Problem>,
    more: usize,
    keys: BTreeSet<String>,
}

impl<'d> Document<'d> {
    pub(super) fn new(file: &'d str, text: &'d str) -> Self {
        Self { file, text, found: RefCell::default() }
    }

    /// Notes a problem at a byte of the text.
    pub(super) fn problem(&self, at: usize, key: &str, why: &str) {
        let mut found = self.found.borrow_mut();
        if found.problems.len() >= MAX_PROBLEMS {
            found.more += 1;
            return;
        }
        let (line, column) = place(self.text, at);
        let why: String = why.chars().take(MAX_WHY).collect();
        found.problems.push(Problem { line, column, key: key.to_owned(), why });
    }

    /// Whether what else is wrong is only counted.
    fn is_full(&self) -> bool {
        self.found.borrow().problems.len() >= MAX_PROBLEMS
    }

    /// The problems in the order of the file, or the keys that were asked for.
    pub(super) fn finish(self) -> Result<BTreeSet<String>, ConfigError> {
        let Found { mut problems, more, keys } = self.found.into_inner();
        if problems.is_empty() {
            return Ok(keys);
        }
        problems.sort();
        problems.dedup();
        Err(ConfigError::Invalid { file: self.file.to_owned(), problems, more })
    }
}

/// One table, or the place where it would be.
pub(super) struct Table<'d> {
    document: &'d Document<'d>,
    path: String,
    at: usize,
    entries: Option<&'d DeTable<'d>>,
    /// Something else stands in its place, so that nothing can be missing from it.
    replaced: bool,
    known: Vec<&'static str>,
}

impl<'d> Table<'d> {
    /// Reads the outermost table.
    pub(super) fn root<T>(
        document: &'d Document<'d>,
        entries: &'d DeTable<'d>,
        read: impl FnOnce(&mut Table<'d>) -> T,
    ) -> T {
        let mut root =
            Table { document, path: String::new(), at: 0, entries: Some(entries), replaced: false, known: Vec::new() };
        let out = read(&mut root);
        root.report_unknown();
        out
    }

    /// The path of a key in it.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Whether the file has this table, or only could.
    pub(super) fn is_there(&self) -> bool {
        self.entries.is_some()
    }

    /// Whether it has the key, whatever its value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Says that something about a key is wrong, also when it is missing.
    pub(super) fn wrong(&self, key: &str, why: &str) {
        // Within a value that was read whole, the place is the value's.
        let first = || key.split(['.', '[']).next().and_then(|first| self.entry(first));
        let at = self.entry(key).or_else(first).map_or(self.at, |(at, _)| at);
        self.document.problem(at, &self.path_of(key), why);
    }

    /// Says that something is wrong at a place.
    pub(super) fn wrong_at(&self, at: usize, path: &str, why: &str) {
        self.document.problem(at, path, why);
    }

    /// The entries, with the place of each.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'d Spanned<DeString<'d>>, &'d Spanned<DeValue<'d>>)> {
        self.entries.into_iter().flat_map(DeTable::iter)
    }

    /// Says that a key exists.
    pub(super) fn know(&mut self, key: &'static str) {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.document.found.borrow_mut().keys.insert(self.path_of(key));
    }

    /// Reads a value. `None` when it is missing or wrong; what is wrong is noted.
    pub(super) fn get<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'d>) -> Result<T, String>,
    ) -> Option<T> {
        self.know(key);
        let (_, value) = self.entry(key)?;
        read(value.get_ref()).map_err(|why| self.wrong(key, &why)).ok()
    }

    /// Reads a value that must be there. The example is what one would write.
    pub(super) fn need<T>(
        &mut self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&DeValue<'d>) -> Result<T, String>,
    ) -> Option<T> {
        if !self.has(key) && !self.replaced {
            let header = if self.is_there() { String::new() } else { format!(" under [{}]", self.path) };
            self.wrong(key, &format!("it is missing: write it{header}, as in {key} = {example}"));
        }
        self.get(key, read)
    }

    /// Reads a list of values, each of which may be there once. `None` when it is missing or any of it is wrong.
    pub(super) fn list<T: PartialEq>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'d>) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        self.items(key, read, |out: &[T], item| out.contains(item))
    }

    /// Reads a list of words, in order: one may be there again. `None` as for [`Table::list`].
    pub(super) fn words(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.items(key, |value| super::read::text(value).map(str::to_owned), |_, _| false)
    }

    fn items<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&DeValue<'d>) -> Result<T, String>,
        is_too_many: impl Fn(&[T], &T) -> bool,
    ) -> Option<Vec<T>> {
        let mut whole = true;
        let mut out: Vec<T> = Vec::new();
        for (path, value) in self.elements(key, "a list, as in [\"…\", \"…\"]")? {
            let why = match read(value.get_ref()) {
                Ok(item) if is_too_many(&out, &item) => {
                    format!("{} is there twice: remove one", describe(value.get_ref()))
                }
                Ok(item) => {
                    out.push(item);
                    continue;
                }
                Err(why) => why,
            };
            self.wrong_at(value.span().start, &path, &why);
            whole = false;
        }
        whole.then_some(out)
    }

    /// Reads a table whose keys are free. `None` when it is missing or any of it is wrong.
    pub(super) fn map<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str, &DeValue<'d>) -> Result<T, String>,
    ) -> Option<Vec<(String, T)>> {
        self.know(key);
        let (_, value) = self.entry(key)?;
        let path = self.path_of(key);
        let DeValue::Table(entries) = value.get_ref() else {
            // What stands there may be a secret, so it is not repeated.
            self.wrong(key, &format!("this is no table: write one, as in {key} = {{ … }}"));
            return None;
        };
        let mut out = Vec::new();
        for (name, value) in entries {
            let path = format!("{path}.{}", name.get_ref());
            match read(name.get_ref(), value.get_ref()) {
                Ok(item) => out.push((name.get_ref().to_string(), item)),
                Err(why) => self.wrong_at(name.span().start, &path, &why),
            }
            self.document.found.borrow_mut().keys.insert(path);
        }
        (out.len() == entries.len()).then_some(out)
    }

    /// Reads a table, which may be missing: then it is read as an empty one.
    pub(super) fn table<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Table<'d>) -> T) -> T {
        self.know(key);
        let mut inner = Table {
            document: self.document,
            path: self.path_of(key),
            at: self.at,
            entries: None,
            replaced: false,
            known: Vec::new(),
        };
        match self.entry(key).map(|(at, value)| (at, value.span().start, value.get_ref())) {
            Some((_, at, DeValue::Table(entries))) => (inner.at, inner.entries) = (at, Some(entries)),
            Some((at, _, other)) => {
                (inner.at, inner.replaced) = (at, true);
                self.wrong(key, &format!("found {}: write a table, as in [{}]", describe(other), inner.path));
            }
            None => {}
        }
        let out = read(&mut inner);
        inner.report_unknown();
        out
    }

    /// Reads a list of tables. `None` when it is missing.
    pub(super) fn tables<T>(&mut self, key: &'static str, read: impl Fn(&mut Table<'d>) -> T) -> Option<Vec<T>> {
        let expected = format!("a list of tables, as in [[{}]]", self.path_of(key));
        let mut out = Vec::new();
        for (path, value) in self.elements(key, &expected)? {
            let at = value.span().start;
            let DeValue::Table(entries) = value.get_ref() else {
                self.wrong_at(at, &path, &format!("found {}: write {expected}", describe(value.get_ref())));
                continue;
            };
            let mut inner =
                Table { document: self.document, path, at, entries: Some(entries), replaced: false, known: Vec::new() };
            out.push(read(&mut inner));
            inner.report_unknown();
        }
        Some(out)
    }

    fn elements(&mut self, key: &'static str, expected: &str) -> Option<Vec<(String, &'d Spanned<DeValue<'d>>)>> {
        self.know(key);
        let (_, value) = self.entry(key)?;
        let Some(values) = value.get_ref().as_array() else {
            self.wrong(key, &format!("found {}: write {expected}", describe(value.get_ref())));
            return None;
        };
        if values.len() > MAX_ITEMS {
            self.wrong(key, &format!("it has {} items: write at most {MAX_ITEMS}", values.len()));
            return None;
        }
        let path = self.path_of(key);
        Some(values.iter().enumerate().map(|(n, value)| (format!("{path}[{n}]"), value)).collect())
    }

    fn entry(&self, key: &str) -> Option<(usize, &'d Spanned<DeValue<'d>>)> {
        let (name, value) = self.entries?.get_key_value(key)?;
        Some((place_of(name, value), value))
    }

    fn report_unknown(&self) {
        for (name, value) in self.entries() {
            let key: &str = name.get_ref();
            if self.known.contains(&key) {
                continue;
            }
            // To look for what was meant takes its time.
            let meant = if self.document.is_full() { None } else { nearest(key, self.known.iter().copied()) };
            let remedy = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "remove it.".to_owned(),
            };
            let why = format!("there is no such key: {remedy} There are: {}", self.known.join(", "));
            self.document.problem(place_of(name, value), &self.path_of(key), &why);
        }
    }
}

/// Where a reader should look: at the key, or at the header of a table.
fn place_of(name: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) -> usize {
    let header = value.get_ref().is_table().then(|| value.span().start);
    header.map_or(name.span().start, |header| header.min(name.span().start))
}

/// The longest word that is compared with known ones, in bytes: no known one is so long.
const MAX_WORD: usize = 64;

/// The known word that somebody who wrote this one may have meant: at most a third of it is different.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > MAX_WORD {
        return None;
    }
    let word = word.to_lowercase();
    let far = |known: &str| distance(&word, &known.to_lowercase());
    let near = known.into_iter().min_by_key(|known| far(known))?;
    (far(near) <= (word.chars().count() / 3).max(1)).then_some(near)
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (rows[i][j] + usize::from(x != y)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
