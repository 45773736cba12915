//! Every state against every look: what may follow, and what must.

use simian_core::calendar::{Hours, Weekdays};
use simian_core::mark::Acting;

use super::*;

const NOTICE: u32 = 3;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Monday.
fn today() -> NaiveDate {
    date("2026-11-23")
}

fn calendar() -> Calendar {
    Calendar {
        zone: chrono_tz::UTC,
        days: Weekdays::MON_TO_FRI,
        hours: Hours::parse("09:00", "17:00").unwrap(),
        holidays: simian_core::calendar::Holidays::default(),
        freezes: Vec::new(),
    }
}

fn waste() -> Condemned {
    Condemned {
        rule: "unattached-volume",
        why: "attached to nothing".into(),
        retention_days: 10,
        mark_age: None,
        unread: false,
        stays: None,
        resort: Resort::None,
        owner: Some("storefront".into()),
        app: None,
        cents_a_month: 800,
    }
}

fn mark() -> Mark {
    let tag = MarkTag { end: date("2026-11-20"), rule: "unattached-volume".into(), since: date("2026-11-02") };
    Mark { announced: Some(date("2026-11-16")), ..adopted(&tag) }
}

/// What a look may find.
fn founds() -> Vec<Found> {
    let resorts = [
        Resort::None,
        Resort::Open,
        Resort::Taken,
        Resort::Waits("not whole".into()),
        Resort::Ready,
        Resort::Undone("enabled again".into()),
    ];
    let mut all = vec![Found::Spared("used".into()), Found::Gone("gone".into()), Found::Unknown];
    for resort in resorts {
        for stays in [None, Some("not in `delete`".to_owned())] {
            for unread in [false, true] {
                let resort = resort.clone();
                all.push(Found::Waste(Condemned { stays: stays.clone(), unread, resort, ..waste() }));
            }
        }
    }
    all
}

/// What the ledger may have.
fn marks() -> Vec<Option<Mark>> {
    let at = today().and_time(chrono::NaiveTime::MIN).and_utc();
    let acting = Acting {
        monkey: "janitor".into(),
        key: "k".into(),
        step: "delete".into(),
        holder: "h".into(),
        at,
        act_before: at,
    };
    let mut all = vec![None];
    for end in ["2026-11-20", "2026-11-23", "2026-11-24", "2026-11-26", "2026-12-24"] {
        // Three working days ago is Wednesday the 18th.
        for announced in [None, Some("2026-11-02"), Some("2026-11-18"), Some("2026-11-19"), Some("2026-11-23")] {
            for tried in [None, Some("2026-11-20"), Some("2026-11-23")] {
                let (announced, tried) = (announced.map(date), tried.map(date));
                let one = Mark { end: date(end), announced, tried, ..mark() };
                all.push(Some(Mark { acting: Some(Box::new(acting.clone())), ..one.clone() }));
                all.push(Some(Mark { rehearsed: true, ..one.clone() }));
                all.push(Some(Mark { rule: "untagged".into(), ..one.clone() }));
                all.push(Some(one));
            }
        }
    }
    all
}

/// What may be written on it.
fn tags(mark: Option<&Mark>) -> Vec<Tag> {
    let other = MarkTag { end: date("2026-12-31"), rule: "unattached-volume".into(), since: date("2026-10-01") };
    let mut all = vec![Tag::Unread, Tag::None, Tag::Other, Tag::Mark(other.clone(), false), Tag::Mark(other, true)];
    all.extend(mark.map(|mark| Tag::Mark(mark.tag(), true)));
    all
}

/// Calls it with every case there is.
fn each(mut check: impl FnMut(&Case<'_>, &Terms<'_>, &Next)) {
    let calendar = calendar();
    for found in founds() {
        for mark in marks() {
            for tag in tags(mark.as_ref()) {
                for (live, working) in [(true, true), (true, false), (false, true)] {
                    let terms = Terms { calendar: &calendar, today: today(), working, live, notice_days: NOTICE };
                    let case = Case { found: found.clone(), mark: mark.as_ref(), tag: tag.clone() };
                    check(&case, &terms, &next(&case, &terms));
                }
            }
        }
    }
}

fn step(next: &Next) -> Option<Step> {
    match next {
        Next::Do(step, ..) => Some(*step),
        Next::Wait(_) | Next::Nothing => None,
    }
}

/// The mark is as its tag says, or nobody writes tags.
fn tag_is_right(case: &Case<'_>, terms: &Terms<'_>) -> bool {
    let right = |mark: &Mark| matches!(&case.tag, Tag::Mark(tag, _) if *tag == mark.tag());
    !terms.live || case.tag == Tag::Unread || case.mark.is_some_and(right)
}

/// Every condition of a last resort or a deletion, said once more in other words.
fn due(case: &Case<'_>, terms: &Terms<'_>) -> bool {
    let (Found::Waste(waste), Some(mark)) = (&case.found, case.mark) else { return false };
    let told = mark.announced.is_some_and(|announced| announced <= date("2026-11-18"));
    told && mark.end <= today()
        && mark.tried != Some(today())
        && mark.rule == waste.rule
        && mark.acting.is_none()
        && !mark.rehearsed
        && !waste.unread
        && waste.stays.is_none()
        && terms.working
        && waste.resort != Resort::Taken
        && tag_is_right(case, terms)
}

#[test]
fn it_ends_exactly_when_every_condition_holds() {
    let mut ended = 0;
    each(|case, terms, next| {
        let resort = if let Found::Waste(waste) = &case.found { &waste.resort } else { &Resort::None };
        let expected = match (due(case, terms), resort) {
            (true, Resort::Open) => Some(Step::Save),
            (true, Resort::None | Resort::Ready) => Some(Step::Delete),
            _ => None,
        };
        let ends = step(next).filter(|step| step.is_disposal());
        assert_eq!(ends, expected, "{case:?} {terms:?}");
        ended += usize::from(ends.is_some());
    });
    assert!(ended > 100, "{ended}");
}

#[test]
fn it_is_lifted_exactly_when_it_is_no_waste() {
    each(|case, terms, next| {
        let free = case.mark.is_none_or(|mark| mark.acting.is_none());
        let tag_alone = case.mark.is_none() && terms.live && matches!(case.tag, Tag::Mark(_, true));
        let expected = match &case.found {
            Found::Spared(_) => free && (case.mark.is_some() || tag_alone),
            Found::Gone(_) => free && case.mark.is_some(),
            Found::Waste(waste) => due(case, terms) && matches!(waste.resort, Resort::Undone(_)),
            Found::Unknown => false,
        };
        assert_eq!(step(next) == Some(Step::Lift), expected, "{case:?} {terms:?}");
    });
}

#[test]
fn it_is_announced_exactly_once_and_with_its_notice() {
    each(|case, terms, next| {
        let (Found::Waste(waste), Some(mark)) = (&case.found, case.mark) else {
            assert_ne!(step(next), Some(Step::Announce));
            return;
        };
        let free = mark.acting.is_none() && !mark.rehearsed && mark.rule == waste.rule && !waste.unread;
        let soon = mark.announced.is_none() && mark.end <= date("2026-11-26");
        let expected = free && soon && waste.resort != Resort::Taken && tag_is_right(case, terms);
        assert_eq!(step(next) == Some(Step::Announce), expected, "{case:?} {terms:?}");
        if let Next::Do(Step::Announce, told, _) = next {
            assert_eq!((told.announced, told.end), (Some(today()), date("2026-11-26")));
        }
    });
}

#[test]
fn no_step_moves_since_later_or_forgets_what_was_done() {
    each(|case, _, next| {
        let Next::Do(step, after, why) = next else { return };
        assert!(!why.is_empty());
        let Some(before) = case.mark else {
            assert!(after.since <= today(), "{case:?}");
            return;
        };
        assert!(after.since <= before.since, "{case:?}");
        assert!(after.end >= before.end, "{case:?}");
        assert_eq!((after.tried, &after.acting, after.rehearsed), (before.tried, &before.acting, before.rehearsed));
        // Another reason is told again.
        let told_again = *step == Step::Mark && after.rule != before.rule;
        assert!(after.announced == before.announced || *step == Step::Announce || told_again, "{case:?}");
        assert!(!told_again || after.announced.is_none(), "{case:?}");
    });
}

#[test]
fn nothing_is_done_to_what_nobody_knows_or_somebody_is_at() {
    each(|case, _, next| {
        let busy = case.mark.is_some_and(|mark| mark.acting.is_some());
        if busy || case.found == Found::Unknown {
            assert_eq!(step(next), None, "{case:?}");
        }
    });
}

#[test]
fn a_rehearsal_never_minds_tags() {
    each(|case, terms, next| {
        if !terms.live && case.mark.is_some() {
            let untagged = Case { tag: Tag::None, ..case.clone() };
            assert_eq!(&super::next(&untagged, terms), next, "{case:?}");
        }
    });
}

#[test]
fn the_dates_of_a_first_mark() {
    let calendar = calendar();
    let terms = Terms { calendar: &calendar, today: today(), working: true, live: true, notice_days: NOTICE };
    let tagged = |end: &str, since: &str| {
        let tag = MarkTag { end: date(end), rule: "unattached-volume".into(), since: date(since) };
        Tag::Mark(tag, true)
    };
    let aged = |days: i64| Condemned { mark_age: Some(TimeDelta::days(days)), ..waste() };
    for (what, waste, tag, since, end) in [
        ("ten working days", waste(), Tag::None, "2026-11-23", "2026-12-07"),
        ("without a tag to read", waste(), Tag::Unread, "2026-11-23", "2026-12-07"),
        ("as old as it must be", aged(30), Tag::None, "2026-11-23", "2026-12-23"),
        ("the retention is longer", aged(3), Tag::None, "2026-11-23", "2026-12-07"),
        ("a tag without a ledger", waste(), tagged("2026-12-31", "2026-10-01"), "2026-10-01", "2026-12-31"),
        ("its end is past", waste(), tagged("2026-10-20", "2026-10-01"), "2026-10-01", "2026-11-26"),
        ("its start is to come", waste(), tagged("2026-12-31", "2027-10-01"), "2026-11-23", "2026-12-31"),
        ("old by its tag", aged(30), tagged("2026-10-20", "2026-11-10"), "2026-11-10", "2026-12-10"),
    ] {
        let next = next(&Case { found: Found::Waste(waste), mark: None, tag }, &terms);
        let Next::Do(Step::Mark, mark, _) = next else { panic!("{what}: {next:?}") };
        assert_eq!((mark.since, mark.end, mark.announced), (date(since), date(end), None), "{what}");
    }
}

#[test]
fn a_calendar_that_never_opens_lets_nothing_end() {
    let mut calendar = calendar();
    calendar.days = Weekdays::default();
    let terms = Terms { calendar: &calendar, today: today(), working: false, live: true, notice_days: NOTICE };
    let case = Case { found: Found::Waste(waste()), mark: None, tag: Tag::None };
    assert!(matches!(next(&case, &terms), Next::Wait(_)));
    let long = Mark { announced: Some(date("2020-01-01")), ..mark() };
    let case = Case { found: Found::Waste(waste()), mark: Some(&long), tag: Tag::Mark(long.tag(), true) };
    assert!(matches!(next(&case, &terms), Next::Wait(_)));
}
