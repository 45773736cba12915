//! An event as an SNS message: its canonical JSON, and what owners filter by.

use serde_json::Value;
use simian_core::event::Event;

/// The largest message that is sent whole. SNS takes 262,144 bytes with attributes (SNS API, `Publish`), and
/// subscribers wrap the message in JSON of their own, which doubles every quote.
const WHOLE: usize = 200_000;

/// The most characters of a text in a message that was cut.
const TEXT_LIMIT: usize = 1000;

/// The most characters of an attribute's value: a name or a code, not a story.
const VALUE_LIMIT: usize = 256;

/// The JSON. Above [`WHOLE`] bytes it is cut: the verdicts go, long texts are shortened, and `truncated` says so. The
/// hash is then that of the whole event, as the ledger has it.
pub(super) fn body(event: &Event) -> String {
    let whole = event.canonical();
    if whole.len() <= WHOLE { whole } else { cut(event) }
}

fn cut(event: &Event) -> String {
    let mut short = event.clone();
    short.body.verdicts.clear();
    let mut value: Value = serde_json::from_str(&short.canonical()).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        for text in fields.values_mut() {
            if let Value::String(text) = text {
                *text = shortened(text, TEXT_LIMIT);
            }
        }
        fields.insert("truncated".into(), true.into());
        // Some twenty texts of a thousand characters fit; any number of figures may not.
        if Value::Object(fields.clone()).to_string().len() > WHOLE {
            fields.remove("counts");
        }
    }
    value.to_string()
}

/// The attributes that have a value: at most ten, because SNS drops a message with more on its way to a queue with raw
/// delivery. Names are letters, so they need no check (SNS Developer Guide, "Message attribute items").
pub(super) fn attributes(event: &Event) -> Vec<(&'static str, String)> {
    let body = &event.body;
    let of = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        ("kind", body.kind.as_str().to_owned()),
        ("mode", body.mode.as_str().to_owned()),
        ("monkey", of(&body.monkey)),
        ("account", body.account.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("region", body.region.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("unit", of(&body.unit)),
        ("app", of(&body.app)),
        ("owner", of(&body.owner)),
        ("outcome", of(&body.outcome)),
    ]
    .into_iter()
    .map(|(name, value)| (name, shortened(&sayable(&value), VALUE_LIMIT)))
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// SNS takes the characters of XML 1.0 in a value and refuses the whole message for any other.
fn sayable(text: &str) -> String {
    let fits = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if fits(c) { c } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use simian_core::event::{Draft, Kind};
    use simian_core::scope::Mode;
    use simian_core::{Ruling, Verdict};
    use uuid::Uuid;

    use super::*;

    fn draft() -> Draft {
        let at = DateTime::from_timestamp(1_795_456_800, 0).unwrap();
        Draft::new(at, Kind::ActionDone, Mode::Live, "it was its turn")
    }

    fn event(body: Draft) -> Event {
        Event::seal(body, Uuid::from_u128(7), "w", 1, "birth".into())
    }

    fn names(event: &Event) -> Vec<&'static str> {
        attributes(event).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn attributes_are_those_that_owners_filter_by() {
        let mut body = draft();
        assert_eq!(names(&event(body.clone())), ["kind", "mode"]);
        body.monkey = Some("chaos".into());
        body.account = Some("123456789012".parse().unwrap());
        body.region = Some("us-east-1".parse().unwrap());
        body.unit = Some("cluster:shop-prod".into());
        body.app = Some("shop".into());
        body.owner = Some(String::new());
        body.outcome = Some("done".into());
        let all = attributes(&event(body));
        let expected = [
            ("kind", "action.done"),
            ("mode", "live"),
            ("monkey", "chaos"),
            ("account", "123456789012"),
            ("region", "us-east-1"),
            ("unit", "cluster:shop-prod"),
            ("app", "shop"),
            ("outcome", "done"),
        ];
        assert_eq!(all, expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn values_are_short_and_sayable() {
        let mut body = draft();
        body.owner = Some("team\u{0}\u{ffff}é".into());
        body.app = Some("é".repeat(300));
        let all = attributes(&event(body));
        assert!(all.contains(&("owner", "team\u{fffd}\u{fffd}é".into())));
        assert!(all.contains(&("app", format!("{}…", "é".repeat(256)))));
    }

    #[test]
    fn a_small_event_is_sent_as_it_is() {
        let event = event(draft());
        assert_eq!(body(&event), event.canonical());
    }

    #[test]
    fn a_big_event_is_cut_and_still_says_what_it_is() {
        let mut big = draft();
        big.why = "because ".repeat(1000);
        big.verdicts = (0..3000)
            .map(|n| Ruling { rail: format!("rail-{n}").into(), says: Verdict::Hold("no ".repeat(20)) })
            .collect();
        let big = event(big);
        assert!(big.canonical().len() > WHOLE);
        let sent = body(&big);
        assert!(sent.len() < 3000, "{}", sent.len());
        let sent: Value = serde_json::from_str(&sent).unwrap();
        assert_eq!(sent["truncated"], true);
        assert_eq!(sent["verdicts"], Value::Null);
        assert_eq!((&sent["id"], &sent["seq"]), (&big.id.to_string().into(), &1.into()));
        assert_eq!(sent["hash"], big.hash.as_str());
        assert_eq!(sent["why"].as_str().unwrap().chars().count(), TEXT_LIMIT + 1);
    }

    #[test]
    fn nothing_makes_it_too_big() {
        let mut big = draft();
        let long = "é\"\n".repeat(100_000);
        (big.actor, big.unit, big.group, big.target) =
            (Some(long.clone()), Some(long.clone()), Some(long.clone()), Some(long.clone()));
        (big.key, big.run, big.action, big.outcome, big.why) =
            (Some(long.clone()), Some(long.clone()), Some(long.clone()), Some(long.clone()), long);
        big.counts = (0..20_000).map(|n| (format!("figure-{n}"), n)).collect();
        let sent = body(&event(big));
        assert!(sent.len() < WHOLE, "{}", sent.len());
        assert!(sent.contains(r#""truncated":true"#));
    }
}
