//! The chain of events and its queries.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::{Birth, ClaimQuery, Draft, Event, EventQuery, Head, Kind, Ledger, Mode, Ruling, Verdict};
use simian_ledger::WRITER;

use crate::fixtures::{ACCOUNTS, BIRTH, at, date, draft, verified};

pub(crate) async fn a_new_ledger_is_empty(ledger: &dyn Ledger) {
    assert_eq!(ledger.birth().await.unwrap(), Birth::new(BIRTH, at(0)));
    assert_eq!(ledger.pauses().await.unwrap(), []);
    assert_eq!(ledger.checkpoints().await.unwrap(), BTreeMap::new());
    let head = Head { seq: 0, hash: ledger.birth().await.unwrap().id.to_string() };
    assert_eq!(ledger.heads().await.unwrap(), BTreeMap::from([(WRITER.to_owned(), head)]));
    assert_eq!(ledger.events(&EventQuery::default()).await.unwrap(), []);
    assert_eq!(ledger.claims(&ClaimQuery::default()).await.unwrap(), []);
    assert_eq!(ledger.cursor("sns").await.unwrap(), 0);
    assert!(ledger.cursors().await.unwrap().is_empty());
    assert!(ledger.counters(Mode::Live, date("2026-11-23")).await.unwrap().is_empty());
    assert!(ledger.last_actions(Mode::Live, &ACCOUNTS[0].parse().unwrap()).await.unwrap().is_empty());
}

pub(crate) async fn drafts_are_sealed_in_order_and_the_chain_verifies(ledger: &dyn Ledger) {
    let mut sealed = Vec::new();
    for n in 0..40 {
        let drafts = (0..n % 4).map(|i| draft(&format!("{n}.{i}"))).collect();
        sealed.extend(ledger.commit(drafts, vec![]).await.unwrap());
    }
    assert_eq!(sealed.len(), 60);
    assert_eq!(sealed[0].prev, BIRTH.to_string());
    assert_eq!(sealed[3].body.why, "3.0");
    assert_eq!(verified(ledger).await, sealed);
}

pub(crate) async fn a_thousand_events_are_one_commit(ledger: &dyn Ledger) {
    ledger.commit((0..1_000).map(|n| draft(&n.to_string())).collect(), vec![]).await.unwrap();
    assert_eq!(ledger.heads().await.unwrap()[WRITER].seq, 1_000);
    assert_eq!(verified(ledger).await.len(), 1_000);
}

pub(crate) async fn what_is_answered_is_what_is_kept(ledger: &dyn Ledger) {
    let text = |text: &str| Some(text.to_owned());
    let whole = Draft {
        actor: text("uid 1000 (jo)"),
        monkey: text("chaos"),
        account: Some(ACCOUNTS[0].parse().unwrap()),
        region: Some("eu-west-1".parse().unwrap()),
        unit: text("cluster:shöp"),
        group: text("shop-v001"),
        app: text("\u{0}\u{1f}\"\\\u{2028}\u{10ffff}"),
        owner: text("'; DROP TABLE events; --"),
        target: text("i-0"),
        key: text("chaos/x"),
        run: text("game-day"),
        action: text("terminate"),
        verdicts: vec![
            Ruling { rail: "hours".into(), says: Verdict::Pass("open".into()) },
            Ruling { rail: "alarms".into(), says: Verdict::Unknown(String::new()) },
        ],
        outcome: text("done"),
        due: Some(at(7)),
        until: Some(at(8)),
        config: text("sha256:0"),
        counts: BTreeMap::from([("groups".into(), u64::MAX), ("none".into(), 0)]),
        ..Draft::new(at(6), Kind::ActionDone, Mode::DryRun, "why\r\n\tnot")
    };
    let sealed = ledger.commit(vec![whole, Draft::new(at(0), Kind::DaemonStarted, Mode::Live, "")], vec![]).await;
    assert_eq!(verified(ledger).await, sealed.unwrap());
}

/// Seven events that differ in every field that a query can name.
async fn seven(ledger: &dyn Ledger) {
    let event = |n, kind, mode, account: Option<usize>, unit: Option<&str>, key: Option<&str>| Draft {
        account: account.map(|i| ACCOUNTS[i].parse().unwrap()),
        unit: unit.map(Into::into),
        key: key.map(Into::into),
        ..Draft::new(at(n), kind, mode, "")
    };
    let (live, dry) = (Mode::Live, Mode::DryRun);
    let drafts = vec![
        event(1, Kind::DaemonStarted, live, None, None, None),
        event(2, Kind::ActionPlanned, live, Some(0), Some("cluster:a"), Some("chaos/2026-11-23/a")),
        event(3, Kind::ActionPlanned, dry, Some(0), Some("cluster:a"), Some("dry-run/chaos/2026-11-23/a")),
        event(4, Kind::ActionPlanned, live, Some(1), Some("cluster:b"), Some("chaos/2026-11-23/b")),
        event(5, Kind::ActionHeld, live, Some(0), Some("cluster:a"), Some("chaos/2026-11-23/a")),
        event(6, Kind::ActionDone, live, Some(1), Some("cluster:b"), Some("chaos/2026-11-24/b")),
        event(7, Kind::RoundClosed, dry, Some(1), None, None),
    ];
    ledger.commit(drafts, vec![]).await.unwrap();
}

async fn ask(ledger: &dyn Ledger, query: EventQuery) -> Vec<u64> {
    let events: Vec<Event> = ledger.events(&query).await.unwrap();
    events.iter().map(|event| event.seq).collect()
}

fn any() -> EventQuery {
    EventQuery::default()
}

pub(crate) async fn every_field_of_a_query_narrows(ledger: &dyn Ledger) {
    seven(ledger).await;
    let prefix = |text: &str| EventQuery { key_prefix: Some(text.into()), ..any() };
    let account = |i: usize| EventQuery { account: Some(ACCOUNTS[i].parse().unwrap()), ..any() };
    let whole = |n: i64| Some(simian_core::event::millis::floor(at(n)));
    for (query, expected) in [
        (any(), vec![1, 2, 3, 4, 5, 6, 7]),
        (EventQuery { kinds: vec![Kind::ActionPlanned], ..any() }, vec![2, 3, 4]),
        (EventQuery { kinds: vec![Kind::ActionDone, Kind::ActionHeld, Kind::ActionDone], ..any() }, vec![5, 6]),
        (EventQuery { kinds: vec![Kind::ActionFailed], ..any() }, vec![]),
        (EventQuery { mode: Some(Mode::DryRun), ..any() }, vec![3, 7]),
        (account(0), vec![2, 3, 5]),
        (account(1), vec![4, 6, 7]),
        (EventQuery { unit: Some("cluster:a".into()), ..any() }, vec![2, 3, 5]),
        (EventQuery { unit: Some("cluster:".into()), ..any() }, vec![]),
        (prefix("chaos/2026-11-23/"), vec![2, 4, 5]),
        (prefix("chaos/2026-11-2"), vec![2, 4, 5, 6]),
        (prefix("chaos/2026-11-24/b"), vec![6]),
        (prefix("chaos/2026-11-24/bb"), vec![]),
        (prefix(""), vec![2, 3, 4, 5, 6]),
        (EventQuery { since: whole(6), ..any() }, vec![6, 7]),
        (EventQuery { until: whole(3), ..any() }, vec![1, 2]),
        (EventQuery { after: Some(5), ..any() }, vec![6, 7]),
        (EventQuery { after: Some(0), ..any() }, vec![1, 2, 3, 4, 5, 6, 7]),
        (EventQuery { after: Some(u64::MAX), ..any() }, vec![]),
    ] {
        assert_eq!(ask(ledger, query.clone()).await, expected, "{query:?}");
    }
}

pub(crate) async fn fields_narrow_together(ledger: &dyn Ledger) {
    seven(ledger).await;
    let kinds = vec![Kind::ActionPlanned, Kind::ActionHeld];
    let account = Some(ACCOUNTS[0].parse().unwrap());
    let day = EventQuery { kinds, account, key_prefix: Some("chaos/2026-11-23/".into()), ..any() };
    assert_eq!(ask(ledger, day.clone()).await, [2, 5]);
    assert_eq!(ask(ledger, EventQuery { newest_first: true, limit: Some(1), ..day.clone() }).await, [5]);
    assert_eq!(ask(ledger, EventQuery { after: Some(2), ..day.clone() }).await, [5]);
    let all = EventQuery {
        unit: Some("cluster:a".into()),
        mode: Some(Mode::Live),
        since: Some(at(1)),
        until: Some(at(5)),
        after: Some(1),
        limit: Some(9),
        newest_first: true,
        ..day
    };
    assert_eq!(ask(ledger, all.clone()).await, [5, 2]);
    assert_eq!(ask(ledger, EventQuery { mode: Some(Mode::DryRun), ..all }).await, [0; 0]);
}

pub(crate) async fn limits_and_order(ledger: &dyn Ledger) {
    seven(ledger).await;
    assert_eq!(ask(ledger, EventQuery { limit: Some(2), ..any() }).await, [1, 2]);
    assert_eq!(ask(ledger, EventQuery { limit: Some(2), newest_first: true, ..any() }).await, [7, 6]);
    assert_eq!(ask(ledger, EventQuery { limit: Some(0), ..any() }).await, [0; 0]);
    assert_eq!(ask(ledger, EventQuery { limit: Some(usize::MAX), after: Some(6), ..any() }).await, [7]);
    assert_eq!(ask(ledger, EventQuery { newest_first: true, ..any() }).await, [7, 6, 5, 4, 3, 2, 1]);
}

pub(crate) async fn times_are_bounds_to_the_nanosecond(ledger: &dyn Ledger) {
    let sealed = ledger.commit(vec![draft("")], vec![]).await.unwrap();
    let kept = sealed[0].body.at;
    let nanosecond = TimeDelta::nanoseconds(1);
    let since = async |at| !ask(ledger, EventQuery { since: Some(at), ..any() }).await.is_empty();
    let until = async |at| !ask(ledger, EventQuery { until: Some(at), ..any() }).await.is_empty();
    assert!(since(kept - nanosecond).await && since(kept).await && !since(kept + nanosecond).await);
    assert!(!until(kept - nanosecond).await && !until(kept).await && until(kept + nanosecond).await);
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    assert!(since(first).await && !since(last).await && !until(first).await && until(last).await);
}

pub(crate) async fn a_prefix_is_no_pattern(ledger: &dyn Ledger) {
    let keys = ["a%", "a_b", "axb", "A%", "a*", "a\u{10ffff}z", "a\u{10ffff}", "b"];
    let with = |key: &str| Draft { key: Some(key.into()), ..draft("") };
    ledger.commit(keys.iter().map(|key| with(key)).collect(), vec![]).await.unwrap();
    for prefix in ["a", "a%", "a_", "a*", "A", "a\u{10ffff}", "\u{10ffff}", "", "b"] {
        let found = ask(ledger, EventQuery { key_prefix: Some(prefix.into()), ..any() }).await;
        let expected: Vec<u64> = (1..).zip(keys).filter(|(_, key)| key.starts_with(prefix)).map(|(n, _)| n).collect();
        assert_eq!(found, expected, "{prefix:?}");
    }
}
