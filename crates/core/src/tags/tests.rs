//! What owners write, and what is made of it.

use super::*;

fn read(tags: &[(&str, &str)]) -> OptIn {
    let rules = TagRules { mapped: Some(("chaos".into(), "true".into())), ..TagRules::default() };
    rules.read(&tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

fn settings(tags: &[(&str, &str)]) -> Settings {
    match read(tags) {
        OptIn::In(settings) => settings,
        other => panic!("{other:?}"),
    }
}

fn problem(tags: &[(&str, &str)]) -> String {
    match read(tags) {
        OptIn::Malformed(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_is_in_without_a_word() {
    assert_eq!(read(&[]), OptIn::Out);
    assert_eq!(read(&[("chaos", "True")]), OptIn::Out);
    assert_eq!(read(&[("simian:chaos:mean-days", "garbage")]), OptIn::Out);
}

#[test]
fn on_off_and_mapped() {
    assert_eq!(settings(&[("simian:chaos", "on")]), Settings::default());
    assert_eq!(settings(&[("chaos", "true")]), Settings::default());
    assert_eq!(read(&[("chaos", "true"), ("simian:chaos", "off")]), OptIn::Out);
    assert!(problem(&[("simian:chaos", "yes")]).contains("`yes` is neither"));
    assert!(problem(&[("simian:chaos", "On"), ("chaos", "true")]).contains("`On`"));
}

#[test]
fn rates() {
    let on = ("simian:chaos", "on");
    let s = settings(&[on, ("simian:chaos:mean-days", "7"), ("simian:chaos:min-days", "3")]);
    assert!((s.probability() - 0.2).abs() < 1e-12);
    let s = settings(&[on, ("simian:chaos:probability", "0.2"), ("simian:chaos:min-days", "3")]);
    assert!((s.mean_days - 7.0).abs() < 1e-12);
    assert!((s.probability() - 0.2).abs() < 1e-12);
    assert!((settings(&[on, ("simian:chaos:min-days", "9")]).mean_days - 9.0).abs() < 1e-12);
}

#[test]
fn what_cannot_be_read_opts_out_and_says_why() {
    let on = ("simian:chaos", "on");
    for (key, text, part) in [
        ("simian:chaos:mean-days", "0.5", "from 1 to 1000"),
        ("simian:chaos:mean-days", "NaN", "no mean"),
        ("simian:chaos:mean-days", "inf", "no mean"),
        ("simian:chaos:mean-days", "-3", "no mean"),
        ("simian:chaos:probability", "0", "no daily probability"),
        ("simian:chaos:probability", "1.5", "no daily probability"),
        ("simian:chaos:min-days", "0", "no least gap"),
        ("simian:chaos:min-days", "1.5", "no least gap"),
        ("simian:chaos:faults", "explode=2", "`explode` is no action"),
        ("simian:chaos:faults", "terminate=0", "no fault"),
        ("simian:chaos:faults", "terminate=1 terminate=2", "twice"),
        ("simian:chaos:faults", "terminate=-1", "no weight"),
        ("simian:chaos:maen-days", "5", "no such setting"),
        ("simian:chaos:count", "0", "no number of instances"),
        ("simian:chaos:count", "4", "above the cap, 3"),
        ("simian:chaos:share", "0.9", "no share"),
        ("simian:chaos:cap", "51", "no number of instances"),
        ("simian:veto", "tomorrow", "no date"),
        ("simian:vetos", "2026-11-23", "no such tag"),
        ("simian:hours", "10:00-12:00", "with their time zone"),
        ("simian:hours", "10:00-12:00 Europe/Berln", "no time zone"),
        ("simian:hours", "", "with their time zone"),
        ("simian:alarms", "", "name a CloudWatch alarm"),
        ("simian:alarms", "a b c d e f g h i j k", "at most 10"),
    ] {
        let text = problem(&[on, (key, text)]);
        assert!(text.contains(key) && text.contains(part), "{text}");
    }
    assert!(problem(&[on, ("simian:chaos:mean-days", "5"), ("simian:chaos:probability", "0.2")]).contains("not both"));
    assert!(problem(&[on, ("simian:chaos:mean-days", "2"), ("simian:chaos:min-days", "3")]).contains("less than"));
}

#[test]
fn other_monkeys_tags_are_theirs() {
    assert_eq!(settings(&[("simian:chaos", "on"), ("simian:keep", "forever")]), Settings::default());
}

#[test]
fn how_many_at_once() {
    let on = ("simian:chaos", "on");
    let among = |tags: &[(&str, &str)]| settings(&[&[on], tags].concat()).size.among(40);
    assert_eq!(among(&[]), 1);
    assert_eq!(among(&[("simian:chaos:count", "2")]), 2);
    assert_eq!(among(&[("simian:chaos:count", "5"), ("simian:chaos:cap", "5")]), 5);
    assert_eq!(among(&[("simian:chaos:share", "0.25")]), 3, "the cap of who says none");
    assert_eq!(among(&[("simian:chaos:share", "0.25"), ("simian:chaos:cap", "20")]), 10);
    assert_eq!(among(&[("simian:chaos:cap", "2")]), 1);
    let both = problem(&[on, ("simian:chaos:count", "2"), ("simian:chaos:share", "0.25")]);
    assert!(both.contains("simian:chaos:share") && both.contains("not both"), "{both}");
    let two = settings(&[on, ("simian:chaos:count", "2")]);
    let quarter = settings(&[on, ("simian:chaos:share", "0.25")]);
    let strictest = two.strictest(&quarter);
    assert_eq!((strictest.size.among(4), strictest.size.among(40)), (1, 2), "the smallest result");
    assert!(strictest.to_string().ends_with("2 at once or 0.25 of those that serve, at most 3"), "{strictest}");
}

#[test]
fn the_alarms_of_all_groups_count_once() {
    let of = |alarms| settings(&[("simian:chaos", "on"), ("simian:alarms", alarms)]);
    assert_eq!(of("shop-5xx  shop-5xx shop-latency").alarms, ["shop-5xx", "shop-latency"]);
    assert_eq!(of("shop-5xx").strictest(&of("all-5xx shop-5xx")).alarms, ["all-5xx", "shop-5xx"]);
}

#[test]
fn own_hours_of_all_groups_count() {
    let on = ("simian:chaos", "on");
    let of = |hours| settings(&[on, ("simian:hours", hours)]);
    let (berlin, tokyo) = (of("10:00-15:00 Europe/Berlin"), of("09:00-17:00 Asia/Tokyo"));
    let both = berlin.clone().strictest(&tokyo).strictest(&berlin);
    assert_eq!(both.hours, [berlin.hours[0], tokyo.hours[0]]);
    assert!(both.to_string().ends_with("within 10:00-15:00 Europe/Berlin, within 09:00-17:00 Asia/Tokyo"), "{both}");
}

/// What those rules make of a slow network, where the operator has one of his own.
fn network(defaults: &[(&str, &str)], tags: &[(&str, &str)]) -> OptIn {
    let owned = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let terms = Terms { lasts: TimeDelta::minutes(7), parameters: owned(defaults) };
    let faults = Faults::only(crate::Action::Latency);
    let defaults = Settings { faults, terms: Some(terms), ..Settings::default() };
    let rules = TagRules { word: LATENCY, defaults, ..TagRules::default() };
    rules.read(&owned(&[&[("simian:latency", "on")], tags].concat()))
}

fn terms(defaults: &[(&str, &str)], tags: &[(&str, &str)]) -> String {
    match network(defaults, tags) {
        OptIn::In(Settings { faults, terms, .. }) => format!("{faults} {}", terms.unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_network_is_the_owners_over_the_operators() {
    let operators = [("delay", "100ms"), ("jitter", "10ms"), ("to", "10.0.0.0/8"), ("protocol", "tcp")];
    assert_eq!(terms(&operators, &[]), "latency=1 for 7m delay=100ms jitter=10ms protocol=tcp to=10.0.0.0/8");
    let owners = [
        ("simian:latency:delay", " 2s "),
        ("simian:latency:share", "0.3"),
        ("simian:latency:to", "10.1.0.0/16:5432"),
        ("simian:latency:loss", "0.01"),
        ("simian:latency:for", "10m"),
    ];
    assert_eq!(
        terms(&operators, &owners),
        "latency=1 for 10m delay=2s flows=0.3 jitter=10ms loss=0.01 protocol=tcp to=10.1.0.0/16:5432"
    );
}

#[test]
fn a_loss_alone_is_a_loss_and_no_delay() {
    let operators = [("delay", "100ms"), ("jitter", "10ms"), ("to", "10.0.0.0/8"), ("protocol", "tcp")];
    let lost = ("simian:latency:loss", "0.01");
    assert_eq!(terms(&operators, &[lost]), "loss=1 for 7m protocol=tcp share=0.01 to=10.0.0.0/8");
    assert!(terms(&[], &[lost, ("simian:latency:jitter", "1ms")]).starts_with("latency=1 for 7m jitter=1ms loss=0.01"));
    assert_eq!(tag_of(crate::Action::Loss, "share"), "loss");
    assert_eq!(tag_of(crate::Action::Latency, "flows"), "share");
}

#[test]
fn each_monkey_knows_its_own_settings_only() {
    let chaos = |tags: &[(&str, &str)]| read(&[&[("simian:chaos", "on")], tags].concat());
    assert_eq!(chaos(&[("simian:latency:dealy", "1s")]), OptIn::In(Settings::default()), "another's to complain of");
    for (key, value, part) in [
        ("simian:latency:dealy", "1s", "no such setting"),
        ("simian:latency:faults", "loss", "no such setting"),
        ("simian:latency:for", "10s", "between 1m and 12h"),
        ("simian:latency:for", "soon", "no span"),
        ("simian:latency:mean-days", "0", "no mean"),
    ] {
        let OptIn::Malformed(problems) = network(&[], &[(key, value)]) else { panic!("{key}") };
        let text = problems[0].to_string();
        assert!(text.contains(key) && text.contains(part), "{text}");
    }
    assert!(problem(&[("simian:chaos", "on"), ("simian:chaos:delay", "1s")]).contains("no such setting"));
    let OptIn::In(settings) = network(&[], &[("simian:chaos:maen-days", "5"), ("simian:latency:count", "2")]) else {
        panic!("chaos's are not its own")
    };
    assert_eq!(settings.size.among(9), 2);
}
