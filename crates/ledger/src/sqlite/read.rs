//! The questions, in SQL.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Timelike as _, Utc};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};
use serde::de::DeserializeOwned;
use simian_core::event::millis;
use simian_core::ledger::counter_prefix;
use simian_core::resource::UnknownKind;
use simian_core::{
    AccountId, Birth, ClaimQuery, ClaimRecord, Draft, Event, EventQuery, Head, Mark, MarkId, Mode, Outcome, Pause,
    Region, Scope,
};

use super::Trouble;
use crate::in_order;

/// Reads what was stored as JSON.
pub(super) fn json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Trouble> {
    serde_json::from_str(text).map_err(|error| Trouble::Content(format!("{what} does not read: {error}")))
}

pub(super) fn birth(connection: &Connection) -> Result<Birth, Trouble> {
    let text: String = connection.prepare_cached("SELECT birth FROM ledger")?.query_row([], |row| row.get(0))?;
    json("its birth", &text)
}

pub(super) fn pauses(connection: &Connection) -> Result<Vec<Pause>, Trouble> {
    let mut statement = connection.prepare_cached("SELECT id, pause FROM pauses")?;
    let mut rows = statement.query([])?;
    let mut pauses = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, pause): (String, String) = (row.get(0)?, row.get(1)?);
        pauses.push(json(&format!("the pause {id}"), &pause)?);
    }
    Ok(in_order(pauses))
}

pub(super) const FINDINGS: &str = "SELECT id, draft FROM findings WHERE account = ?1";

pub(super) fn findings(connection: &Connection, account: &AccountId) -> Result<BTreeMap<String, Draft>, Trouble> {
    let mut statement = connection.prepare_cached(FINDINGS)?;
    let mut rows = statement.query([account.as_str()])?;
    let mut findings = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (id, draft): (String, String) = (row.get(0)?, row.get(1)?);
        let draft = json(&format!("the finding {id}"), &draft)?;
        findings.insert(id, draft);
    }
    Ok(findings)
}

pub(super) const MARKS: &str = "SELECT region, resource, mark FROM marks WHERE mode = ?1 AND account = ?2";

pub(super) fn marks(
    connection: &Connection,
    mode: Mode,
    account: &AccountId,
) -> Result<BTreeMap<MarkId, Mark>, Trouble> {
    let mut statement = connection.prepare_cached(MARKS)?;
    let mut rows = statement.query([mode.as_str(), account.as_str()])?;
    let mut marks = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (region, resource, mark): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let unclear = |error: String| Trouble::Content(format!("the mark on {resource} does not read: {error}"));
        let region = Region::try_from(region).map_err(|error| unclear(error.to_string()))?;
        let scope = Scope { account: account.clone(), region };
        let on = resource.parse().map_err(|error: UnknownKind| unclear(error.to_string()))?;
        marks.insert(MarkId { mode, scope, resource: on }, json(&format!("the mark on {resource}"), &mark)?);
    }
    Ok(marks)
}

pub(super) const SIGHTS: &str = "SELECT unit, date FROM sights WHERE account = ?1";

pub(super) fn sights(connection: &Connection, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, Trouble> {
    let mut statement = connection.prepare_cached(SIGHTS)?;
    let mut rows = statement.query([account.as_str()])?;
    let mut sights = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (unit, date): (String, String) = (row.get(0)?, row.get(1)?);
        let unclear = |error| Trouble::Content(format!("the first sight of {unit} does not read: {date}: {error}"));
        let date = date.parse().map_err(unclear)?;
        sights.insert(unit, date);
    }
    Ok(sights)
}

pub(super) const SURVEYS: &str = "SELECT region, seen FROM surveys WHERE account = ?1";

pub(super) fn surveys(connection: &Connection, account: &AccountId) -> Result<BTreeMap<Region, u64>, Trouble> {
    let mut statement = connection.prepare_cached(SURVEYS)?;
    let mut rows = statement.query([account.as_str()])?;
    let mut surveys = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let region: String = row.get(0)?;
        let unclear = |error| Trouble::Content(format!("the survey of {region} does not read: {error}"));
        surveys.insert(region.parse().map_err(unclear)?, row.get(1)?);
    }
    Ok(surveys)
}

pub(super) fn events(connection: &Connection, query: &EventQuery) -> Result<Vec<Event>, Trouble> {
    let (sql, parameters) = event_sql(query);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(parameters))?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        events.push(json(&format!("event {seq}"), row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(events)
}

pub(super) fn claims(connection: &Connection, query: &ClaimQuery) -> Result<Vec<ClaimRecord>, Trouble> {
    let (sql, parameters) = claim_sql(query);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(parameters))?;
    let mut claims = Vec::new();
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        claims.push(json(&format!("the claim {key}"), row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(claims)
}

/// The last date per unit and outcome; which outcomes count is for the core to say.
pub(super) const LAST_ACTIONS: &str = "SELECT full_unit, outcome, max(date) FROM claims \
     WHERE mode = ?1 AND account = ?2 GROUP BY full_unit, outcome";

pub(super) fn last_actions(
    connection: &Connection,
    mode: Mode,
    account: &AccountId,
) -> Result<BTreeMap<String, NaiveDate>, Trouble> {
    let mut statement = connection.prepare_cached(LAST_ACTIONS)?;
    let mut rows = statement.query(params![mode.as_str(), account.as_str()])?;
    let mut last = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (unit, outcome, date): (String, Option<String>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let unclear = |why: String| Trouble::Content(format!("a claim of {unit} does not read: {why}"));
        let outcome = outcome.map(|word| word.parse::<Outcome>()).transpose();
        let counts = outcome.map_err(|error| unclear(error.to_string()))?.is_none_or(Outcome::counts);
        let date: NaiveDate = date.parse().map_err(|error| unclear(format!("{date}: {error}")))?;
        if counts {
            let latest = last.entry(unit).or_insert(date);
            *latest = date.max(*latest);
        }
    }
    Ok(last)
}

pub(super) const COUNTERS: &str = "SELECT name, used FROM counters WHERE name >= ?1 AND name < ?2";

pub(super) fn counters(connection: &Connection, mode: Mode, date: NaiveDate) -> Result<BTreeMap<String, u32>, Trouble> {
    let prefix = counter_prefix(mode, date);
    let end = after_prefix(&prefix).unwrap_or_default();
    let mut statement = connection.prepare_cached(COUNTERS)?;
    let counters = statement.query_map([prefix, end], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(counters.collect::<rusqlite::Result<_>>()?)
}

/// The place of each writer that is kept in a table: `heads` or `checkpoints`.
pub(super) fn places(connection: &Connection, table: &str) -> Result<BTreeMap<String, Head>, Trouble> {
    let mut statement = connection.prepare_cached(&format!("SELECT writer, seq, hash FROM {table}"))?;
    let places = statement.query_map([], |row| Ok((row.get(0)?, Head { seq: row.get(1)?, hash: row.get(2)? })))?;
    Ok(places.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn cursor(connection: &Connection, sink: &str) -> Result<u64, Trouble> {
    let mut statement = connection.prepare_cached("SELECT seq FROM cursors WHERE sink = ?1")?;
    Ok(statement.query_row([sink], |row| row.get(0)).optional()?.unwrap_or(0))
}

pub(super) fn cursors(connection: &Connection) -> Result<BTreeMap<String, u64>, Trouble> {
    let mut statement = connection.prepare_cached("SELECT sink, seq FROM cursors")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A `WHERE` in the making.
#[derive(Default)]
struct Filter {
    terms: Vec<String>,
    parameters: Vec<Value>,
}

impl Filter {
    fn add(&mut self, term: impl Into<String>, parameters: impl IntoIterator<Item = Value>) {
        self.terms.push(term.into());
        self.parameters.extend(parameters);
    }

    fn sql(&self) -> String {
        if self.terms.is_empty() { String::new() } else { format!(" WHERE {}", self.terms.join(" AND ")) }
    }
}

fn text(text: &impl ToString) -> Value {
    Value::Text(text.to_string())
}

/// The statement for a query. The field that leaves the fewest events names the index: SQLite has no statistics here
/// and would guess.
pub(super) fn event_sql(query: &EventQuery) -> (String, Vec<Value>) {
    let EventQuery { kinds, mode, account, unit, key_prefix, since, until, after, limit, newest_first } = query;
    let index = match query {
        EventQuery { key_prefix: Some(_), .. } => " INDEXED BY events_key",
        EventQuery { unit: Some(_), .. } => " INDEXED BY events_unit",
        EventQuery { kinds, .. } if !kinds.is_empty() => " INDEXED BY events_kind",
        EventQuery { account: Some(_), .. } => " INDEXED BY events_account",
        // The next page: by number, so that each page begins where the one before it ended.
        EventQuery { after: Some(_), limit: Some(_), .. } => "",
        EventQuery { since: Some(_), .. } | EventQuery { until: Some(_), .. } => " INDEXED BY events_at",
        // By number.
        _ => "",
    };
    let mut filter = Filter::default();
    if let Some(prefix) = key_prefix {
        filter.add("key >= ?", [text(prefix)]);
        if let Some(end) = after_prefix(prefix) {
            filter.add("key < ?", [text(&end)]);
        }
    }
    if let Some(unit) = unit {
        filter.add("unit = ?", [text(unit)]);
    }
    if !kinds.is_empty() {
        let marks = vec!["?"; kinds.len()].join(", ");
        filter.add(format!("kind IN ({marks})"), kinds.iter().map(text));
    }
    if let Some(account) = account {
        filter.add("account = ?", [text(account)]);
    }
    if let Some(mode) = mode {
        filter.add("mode = ?", [text(mode)]);
    }
    if let Some(since) = since {
        filter.add("at >= ?", [text(&bound(*since))]);
    }
    if let Some(until) = until {
        filter.add("at < ?", [text(&bound(*until))]);
    }
    if let Some(after) = after {
        filter.add("seq > ?", [Value::Integer(i64::try_from(*after).unwrap_or(i64::MAX))]);
    }
    let order = if *newest_first { "seq DESC" } else { "seq" };
    let condition = filter.sql();
    let mut parameters = filter.parameters;
    let sql = if let Some(limit) = limit {
        // The inner one goes by the index alone where it can; only what is answered is then read whole.
        parameters.push(Value::Integer(i64::try_from(*limit).unwrap_or(i64::MAX)));
        format!(
            "SELECT seq, event FROM events WHERE seq IN \
             (SELECT seq FROM events{index}{condition} ORDER BY {order} LIMIT ?) ORDER BY {order}"
        )
    } else {
        format!("SELECT seq, event FROM events{index}{condition} ORDER BY {order}")
    };
    (sql, parameters)
}

/// The statement for a query.
pub(super) fn claim_sql(query: &ClaimQuery) -> (String, Vec<Value>) {
    let ClaimQuery { mode, account, date, open } = query;
    let mut filter = Filter::default();
    if let Some(mode) = mode {
        filter.add("mode = ?", [text(mode)]);
    }
    if *open {
        // Literally as in the index.
        filter.add("stage <> 'closed'", []);
    }
    if let Some(date) = date {
        filter.add("date = ?", [text(date)]);
    }
    if let Some(account) = account {
        filter.add("account = ?", [text(account)]);
    }
    let index = match (open, mode, date) {
        (true, ..) => " INDEXED BY claims_open",
        (false, Some(_), Some(_)) => " INDEXED BY claims_date",
        _ => "",
    };
    (format!("SELECT key, record FROM claims{index}{} ORDER BY key", filter.sql()), filter.parameters)
}

/// The smallest text above all that begin so, or `None` when there is none. SQLite compares UTF-8 bytes, which is the
/// order of the characters too.
pub(super) fn after_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // A range of characters leaves out the surrogates, which are none.
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// A time as a bound for `at`, which is whole milliseconds with a year of four digits: what is at or after a time is at
/// or after the next whole millisecond.
pub(super) fn bound(at: DateTime<Utc>) -> String {
    let below = i64::from(at.nanosecond() % 1_000_000);
    let up = if below == 0 { 0 } else { 1_000_000 - below };
    let at = at.checked_add_signed(TimeDelta::nanoseconds(up)).unwrap_or(at);
    match at.year() {
        // Below and above every digit.
        ..0 => String::new(),
        0..=9999 => millis::format(at),
        10_000.. => ":".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_the_next_text_of_its_length() {
        assert_eq!(after_prefix("live/").as_deref(), Some("live0"));
        assert_eq!(after_prefix("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(after_prefix("a\u{10ffff}\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{10ffff}"), None);
        assert_eq!(after_prefix(""), None);
    }

    #[test]
    fn bounds_sort_like_their_times() {
        let at = |seconds, nanos| DateTime::from_timestamp(seconds, nanos).unwrap();
        let times = [
            DateTime::<Utc>::MIN_UTC,
            at(-100_000_000_000, 0),
            at(0, 0),
            at(0, 1),
            at(0, 1_000_001),
            at(1_795_000_000, 0),
            at(1_795_000_000, 999_999_999),
            DateTime::<Utc>::MAX_UTC,
        ];
        assert!(times.iter().map(|at| bound(*at)).is_sorted());
        assert_eq!(bound(at(0, 1)), "1970-01-01T00:00:00.001Z");
        assert_eq!(bound(at(0, 999_000_001)), "1970-01-01T00:00:01.000Z");
    }
}
