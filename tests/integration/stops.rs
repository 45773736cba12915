//! What goes wrong while something is done stops the rest of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use simian_core::{Kind, Outcome};

use crate::limits::{Fast, engine, game_day};
use crate::place::{NOTHING_MORE, TERMINATE, groups};
use crate::process;

/// Seventy groups are two calls. The first takes two seconds, which are twelve on our clock; so the alarm is looked at
/// again before the second, and has gone off.
#[test]
fn an_alarm_that_goes_off_between_two_calls_stops_the_rest() {
    process::of_its_own("stops::an_alarm_that_goes_off_between_two_calls_stops_the_rest", |moto| async move {
        moto.seed(&json!({ "groups": groups(70) }));
        moto.control("POST", "alarms", &json!({ "alarms": [{ "name": "all-5xx", "state": ["OK", "ALARM"] }] }));
        moto.faults(&json!([{ "kind": "delay", "seconds": 2, "action": "TerminateInstances" }]));
        let clock = Arc::new(Fast::new());
        let engine = engine(clock, &format!("{NOTHING_MORE}alarms.names = [\"all-5xx\"]\n")).await;
        let closed = game_day(&engine).await;
        assert!(closed.fell_short());
        let mut ends: BTreeMap<(Option<Outcome>, &str), usize> = BTreeMap::new();
        for acted in &closed.acted {
            *ends.entry((acted.outcome, &acted.why)).or_default() += 1;
        }
        let expected = [
            ((Some(Outcome::Done), "AWS accepted it"), 60),
            ((Some(Outcome::Abandoned), "alarm all-5xx is ALARM"), 10),
        ];
        assert_eq!(ends, expected.into());
        assert_eq!((moto.count(TERMINATE), moto.count("cloudwatch:DescribeAlarms")), (1, 2));
        let events = engine.ledger.events(&simian_core::EventQuery::default()).await.unwrap();
        let abandoned = events.iter().filter(|event| event.body.kind == Kind::ActionAbandoned);
        assert_eq!(abandoned.filter(|event| event.body.why == "alarm all-5xx is ALARM").count(), 10);
    });
}
