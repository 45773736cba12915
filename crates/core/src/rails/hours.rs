//! Only in the operator's hours, on working days, outside freezes, within the hours of every group's owner, and before
//! the proposal's own end.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Case, Rail, Turn, Verdict};
use crate::calendar::{Calendar, OwnHours};
use crate::tags::OptIn;

pub(super) const RAIL: Rail = Rail {
    name: "hours",
    about: "inside the operator's hours, on a working day, in no freeze",
    always: true,
    judge,
    lift,
};

fn judge(case: &Case<'_>) -> Verdict {
    let calendar = &case.policy.calendar;
    let open = says(&case.turn());
    if open.holds() {
        return open;
    }
    let day = calendar.day_at(case.at);
    for (group, own) in own_hours(case) {
        if !day.narrow(&own).contains(case.at) {
            let own: Vec<String> = own.iter().map(ToString::to_string).collect();
            let local = local(case.at, calendar);
            return Verdict::Hold(format!("{local} is outside the hours of {group}: {}", own.join(", ")));
        }
    }
    if case.at >= case.proposal.expires {
        return Verdict::Hold(format!("its time ended at {}", local(case.proposal.expires, calendar)));
    }
    open
}

fn local(at: DateTime<Utc>, calendar: &Calendar) -> String {
    at.with_timezone(&calendar.zone).format("%a %H:%M %Z").to_string()
}

/// Whether that time is in the operator's hours.
pub(super) fn says(turn: &Turn<'_>) -> Verdict {
    let calendar = &turn.policy.calendar;
    let local = local(turn.at, calendar);
    if let Some(freeze) = calendar.frozen(turn.at) {
        return Verdict::Hold(format!("frozen until {}: {}", freeze.until, freeze.why));
    }
    let day = calendar.day_at(turn.at);
    if let Some(closed) = &day.closed {
        return Verdict::Hold(format!("{} is no working day: {closed}", day.date));
    }
    if !day.contains(turn.at) {
        return Verdict::Hold(format!("{local} is outside the hours"));
    }
    Verdict::Pass(format!("{local} is inside the hours"))
}

/// How far ahead the next hours are looked for, in days: a year has every weekday and every freeze that ends.
const AHEAD: usize = 366;

fn lift(case: &Case<'_>) -> String {
    let calendar = &case.policy.calendar;
    let own: Vec<OwnHours> = own_hours(case).flat_map(|(_, hours)| hours).collect();
    // From yesterday on, whose window may run past midnight.
    let dates =
        calendar.local_date(case.at).pred_opt().into_iter().flat_map(|date: NaiveDate| date.iter_days()).take(AHEAD);
    let mut windows = dates.flat_map(|date| calendar.day(date).narrow(&own).windows);
    let next = windows.find(|window| case.at < window.close && calendar.frozen(window.open.max(case.at)).is_none());
    match next.map(|window| window.open.max(case.at)) {
        Some(open) if open > case.at => {
            format!("opens {}", open.with_timezone(&calendar.zone).format("%a %Y-%m-%d %H:%M %Z"))
        }
        Some(_) => "its next turn".into(),
        None => "a calendar that opens again: see [hours]".into(),
    }
}

/// The hours that owners set on the unit's groups, as freshly as those are known. A tag that cannot be read is the
/// opt-in's rail to hold.
fn own_hours<'a>(case: &Case<'a>) -> impl Iterator<Item = (&'a str, Vec<OwnHours>)> {
    let groups = case.proposal.unit.groups.iter().filter_map(|id| case.group(id));
    groups.filter_map(|group| match case.policy.tags_of(&case.proposal.monkey).read(&group.tags) {
        OptIn::In(settings) if !settings.hours.is_empty() => Some((group.name.as_str(), settings.hours)),
        OptIn::In(_) | OptIn::Out | OptIn::Malformed(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, TimeDelta};

    use super::super::testing::Scene;
    use crate::calendar::Freeze;

    #[test]
    fn outside_the_hours_and_past_the_end_hold() {
        let mut scene = Scene::quiet();
        scene.now += TimeDelta::hours(12);
        assert!(scene.verdict("hours").why().contains("outside the hours"));
        let mut scene = Scene::quiet();
        scene.proposal.expires = scene.now;
        assert!(scene.verdict("hours").why().contains("its time ended"));
    }

    #[test]
    fn weekends_holidays_and_freezes_hold() {
        let mut scene = Scene::quiet();
        scene.now += TimeDelta::days(5);
        assert!(scene.verdict("hours").why().contains("no working day"));

        let mut scene = Scene::quiet();
        let monday = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        scene.policy.calendar.holidays.insert(monday);
        assert!(scene.verdict("hours").holds());

        let mut scene = Scene::quiet();
        scene.policy.calendar.freezes.push(Freeze { from: monday, until: monday, why: "year end".into() });
        assert!(scene.verdict("hours").why().contains("year end"));
    }

    #[test]
    fn the_hours_of_a_groups_owner_narrow_the_operators_and_never_widen_them() {
        // Noon in UTC is 13:00 in Berlin.
        for (own, holds) in [
            ("13:00-14:00 Europe/Berlin", false),
            ("12:00-13:00 Europe/Berlin", true),
            ("22:00-13:01 Europe/Berlin", false),
            ("12:00-12:01 UTC", false),
        ] {
            let mut scene = Scene::quiet();
            scene.group().tags.insert("simian:hours".into(), own.into());
            let verdict = scene.verdict("hours");
            assert_eq!(verdict.holds(), holds, "{own}");
            assert!(!holds || verdict.why().contains(own), "{verdict:?}");
        }
        let mut scene = Scene::quiet();
        scene.now += TimeDelta::hours(12);
        scene.group().tags.insert("simian:hours".into(), "00:00-24:00 UTC".into());
        assert!(scene.verdict("hours").why().contains("outside the hours"));
    }
}
