//! An event's canonical JSON (RFC 8785), written in one go: no value tree is built for it, since every event is written
//! twice, once to be hashed and once to be kept.
//!
//! The fields below are sorted by name, as RFC 8785 wants it, and a test holds them to that. What may not happen here: a
//! field of [`Event`] or [`Draft`] that is left out. The compiler sees to it, for both are taken apart whole.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Draft, Event, Kind, millis, millis_option};
use crate::scope::{AccountId, Mode, Region};
use crate::verdict::Ruling;

#[derive(Serialize)]
struct Canonical<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: &'a Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: &'a Option<String>,
    #[serde(with = "millis")]
    at: &'a DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: &'a Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    counts: &'a BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none", with = "millis_option")]
    due: &'a Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<&'a str>,
    id: &'a Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: &'a Option<String>,
    kind: &'a Kind,
    mode: &'a Mode,
    #[serde(skip_serializing_if = "Option::is_none")]
    monkey: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: &'a Option<String>,
    prev: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: &'a Option<Region>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: &'a Option<String>,
    schema: &'a str,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", with = "millis_option")]
    until: &'a Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "<[Ruling]>::is_empty")]
    verdicts: &'a [Ruling],
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'a str,
    writer: &'a str,
}

/// The event's text, with that hash or without one.
pub(super) fn text(event: &Event, hash: Option<&str>) -> String {
    let Event { schema, id, writer, seq, prev, hash: _, body } = event;
    let Draft {
        at,
        kind,
        mode,
        actor,
        monkey,
        account,
        region,
        unit,
        group,
        app,
        owner,
        target,
        key,
        run,
        action,
        why,
        verdicts,
        outcome,
        due,
        until,
        config,
        counts,
    } = body;
    let canonical = Canonical {
        account,
        action,
        actor,
        app,
        at,
        config,
        counts,
        due,
        group,
        hash,
        id,
        key,
        kind,
        mode,
        monkey,
        outcome,
        owner,
        prev,
        region,
        run,
        schema,
        seq: *seq,
        target,
        unit,
        until,
        verdicts,
        why,
        writer,
    };
    // Strings, integers, lists and maps with string keys only: nothing that JSON cannot say.
    serde_json::to_string(&canonical).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    /// An event in which every field says something.
    fn full() -> Event {
        let at = DateTime::from_timestamp_millis(1_795_000_000_123).unwrap();
        let text = |text: &str| Some(text.to_owned());
        let body = Draft {
            actor: text("ann"),
            monkey: text("chaos"),
            account: Some("111122223333".parse().unwrap()),
            region: Some("us-east-1".parse().unwrap()),
            unit: text("cluster:shop-prod"),
            group: text("shop-prod-v001"),
            app: text("shop"),
            owner: text("the \"shop\" team\n\u{1f}ü"),
            target: text("i-0"),
            key: text("chaos/2026-11-23/x"),
            run: text("g1"),
            action: text("terminate"),
            verdicts: vec![
                Ruling { rail: "mode".into(), says: Verdict::Pass("live".into()) },
                Ruling { rail: "hours".into(), says: Verdict::Hold("closed".into()) },
            ],
            outcome: text("done"),
            due: Some(at),
            until: Some(at),
            config: text("c0ffee"),
            ..Draft::new(at, Kind::ActionDone, Mode::Live, "its turn").count("b", 2).count("a", u64::MAX)
        };
        Event::seal(body, Uuid::from_u128(7), "main", 12, "before".into())
    }

    /// The same by way of a value tree, which sorts every object by key.
    fn by_tree(event: &Event) -> serde_json::Value {
        serde_json::to_value(event).unwrap()
    }

    #[test]
    fn it_is_sorted_and_whole() {
        let at = DateTime::from_timestamp_millis(0).unwrap();
        let empty = Draft::new(at, Kind::RoundClosed, Mode::DryRun, "");
        for event in [full(), Event::seal(empty, Uuid::nil(), "w", 1, String::new())] {
            let mut tree = by_tree(&event);
            assert_eq!(event.canonical(), tree.to_string());
            tree.as_object_mut().unwrap().remove("hash");
            assert_eq!(text(&event, None), tree.to_string());
        }
        assert_eq!(by_tree(&full()).as_object().unwrap().len(), 28, "every field says something");
    }

    #[test]
    fn a_released_event_keeps_its_hash() {
        assert_eq!(full().hash, "5423d835f9b4ab86875233729f18cadef3be2efc49541f98cf470eefdce9525d");
    }
}
