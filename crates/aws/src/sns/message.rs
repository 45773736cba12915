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
///
/// A cut event has still what finds the whole one: its id, writer and number, when it was, of which kind, and the names of
/// what it concerns, all of which are far shorter than what is cut.
pub(super) fn body(event: &Event) -> String {
    let whole = escaped(event.canonical());
    if whole.len() <= WHOLE { whole } else { cut(event) }
}

/// JSON in which the two characters that XML 1.0 does not have are escaped. They only occur within texts, so it means the
/// same. SQS refuses messages with them (SQS API, `SendMessage`), and what is refused once is refused for ever: all later
/// events would wait for it.
fn escaped(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
    } else {
        json
    }
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
    }
    let text = escaped(value.to_string());
    if text.len() <= WHOLE {
        return text;
    }
    // Some twenty texts of a thousand characters fit; any number of figures may not.
    if let Some(fields) = value.as_object_mut() {
        fields.remove("counts");
    }
    escaped(value.to_string())
}

/// The message group of a FIFO topic: the events of one are heard in order. All that is said of an action is in the group
/// of its region. At most 128 of ASCII's letters, digits and punctuation (SNS API, `Publish`).
pub(super) fn group(event: &Event) -> String {
    match (&event.body.account, &event.body.region) {
        (Some(account), Some(region)) => format!("{account}/{region}"),
        (Some(account), None) => account.to_string(),
        (None, _) => "simian".to_owned(),
    }
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
        Some((end, _)) => format!("{}…", text.split_at(end).0),
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
    use proptest::prelude::*;
    use proptest::sample::select;
    use proptest::{collection, option};
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
    fn a_group_is_where_it_happened() {
        let mut body = draft();
        assert_eq!(group(&event(body.clone())), "simian");
        body.account = Some("123456789012".parse().unwrap());
        assert_eq!(group(&event(body.clone())), "123456789012");
        body.region = Some("us-east-1".parse().unwrap());
        assert_eq!(group(&event(body)), "123456789012/us-east-1");
    }

    #[test]
    fn characters_that_a_queue_would_refuse_are_escaped() {
        let mut body = draft();
        body.why = "\u{ffff}\u{fffe}\u{0}\u{1f412}".into();
        let event = event(body);
        let sent = super::body(&event);
        assert!(sent.contains("\\uffff\\ufffe\\u0000\u{1f412}"), "{sent}");
        assert_eq!(serde_json::from_str::<Event>(&sent).unwrap(), event);
    }

    /// What counts against the limit: the message, and each attribute's name, type and value (SNS Developer Guide, "Message
    /// attribute items").
    fn size(event: &Event) -> usize {
        let attributes = attributes(event);
        let attributes = attributes.iter().map(|(name, value)| name.len() + "String".len() + value.len());
        body(event).len() + attributes.sum::<usize>()
    }

    /// The largest message, attributes included, in bytes. Source: SNS API, `Publish`.
    const LIMIT: usize = 262_144;

    /// Texts of any length that are hard on whoever counts characters or bytes.
    fn nasty() -> impl Strategy<Value = String> {
        let letter =
            select(&["a", "é", "\u{0}", "\"", "\\", "\u{ffff}", "\u{1f412}", "\u{200d}", "\u{10ffff}", "\n"][..]);
        (letter, any::<String>(), prop_oneof![6 => 0..2_000_usize, 1 => 0..60_000_usize])
            .prop_map(|(letter, rest, times)| letter.repeat(times) + &rest)
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let texts = collection::vec(option::of(nasty()), 12);
        let counts = (prop_oneof![3 => 0..10_u64, 1 => 0..20_000_u64], nasty());
        let verdicts = collection::vec(nasty(), 0..4);
        (texts, counts, verdicts, any::<u64>()).prop_map(|(texts, (figures, name), verdicts, seq)| {
            let mut texts = texts.into_iter();
            let mut next = || texts.next().flatten();
            let mut body = draft();
            body.account = Some("123456789012".parse().unwrap());
            body.region = Some("us-east-1".parse().unwrap());
            (body.actor, body.monkey, body.unit, body.group) = (next(), next(), next(), next());
            (body.app, body.owner, body.target, body.key) = (next(), next(), next(), next());
            (body.run, body.action, body.outcome, body.why) = (next(), next(), next(), next().unwrap_or_default());
            body.counts = (0..figures).map(|n| (format!("{n}"), n)).collect();
            body.counts.insert(name, seq);
            body.verdicts = verdicts
                .into_iter()
                .map(|why| Ruling { rail: why.clone().into(), says: Verdict::Unknown(why) })
                .collect();
            Event::seal(body, Uuid::from_u128(7), "main", seq, "birth".into())
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn nothing_is_too_big_and_the_whole_can_be_found(event in any_event()) {
            prop_assert!(size(&event) <= LIMIT, "{}", size(&event));
            let sent: Value = serde_json::from_str(&body(&event)).unwrap();
            for (field, value) in [
                ("id", Value::from(event.id.to_string())),
                ("seq", event.seq.into()),
                ("writer", "main".into()),
                ("kind", "action.done".into()),
                ("at", "2026-11-23T18:00:00.000Z".into()),
                ("hash", event.hash.clone().into()),
                ("account", "123456789012".into()),
            ] {
                prop_assert_eq!(&sent[field], &value, "{}", field);
            }
            let cut = sent["truncated"] == true;
            prop_assert!(cut || serde_json::from_value::<Event>(sent).unwrap() == event);
        }
    }

    #[test]
    fn the_worst_of_all_events_fits() {
        // Every text as long as it may be, of what takes the most bytes: six each in the message, four in an attribute.
        for letter in ["\u{0}", "\u{10ffff}", "\u{ffff}"] {
            let long = || Some(letter.repeat(100_000));
            let mut big = draft();
            big.account = Some("123456789012".parse().unwrap());
            big.region = Some("us-east-1".parse().unwrap());
            (big.actor, big.monkey, big.unit, big.group) = (long(), long(), long(), long());
            (big.app, big.owner, big.target, big.key) = (long(), long(), long(), long());
            (big.run, big.action, big.outcome, big.config) = (long(), long(), long(), long());
            big.why = letter.repeat(100_000);
            // As many figures as stay when all else is cut.
            big.counts = (0..5_000).map(|n| (format!("figure-{n}"), n)).collect();
            let big = event(big);
            let sent = body(&big);
            assert!(sent.contains(r#""truncated":true"#));
            assert!(size(&big) <= LIMIT, "{}", size(&big));
        }
    }
}
