//! Only in the operator's hours, on working days, outside freezes, and before the proposal's own end.

use super::{Case, Rail, Verdict};

pub(super) const RAIL: Rail = Rail {
    name: "hours",
    about: "inside the operator's hours, on a working day, in no freeze",
    always: true,
    judge,
    lift,
};

fn judge(case: &Case<'_>) -> Verdict {
    let calendar = &case.policy.calendar;
    let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&calendar.zone).format("%a %H:%M %Z").to_string();
    if let Some(freeze) = calendar.frozen(case.at) {
        return Verdict::Hold(format!("frozen until {}: {}", freeze.until, freeze.why));
    }
    let day = calendar.day_at(case.at);
    if let Some(closed) = &day.closed {
        return Verdict::Hold(format!("{} is no working day: {closed}", day.date));
    }
    if !day.contains(case.at) {
        return Verdict::Hold(format!("{} is outside the hours", local(case.at)));
    }
    if case.at >= case.proposal.expires {
        return Verdict::Hold(format!("its time ended at {}", local(case.proposal.expires)));
    }
    Verdict::Pass(format!("{} is inside the hours", local(case.at)))
}

fn lift(case: &Case<'_>) -> String {
    let calendar = &case.policy.calendar;
    match calendar.next_open(case.at) {
        Some(open) if open > case.at => {
            format!("opens {}", open.with_timezone(&calendar.zone).format("%a %Y-%m-%d %H:%M %Z"))
        }
        Some(_) => "its next turn".into(),
        None => "a calendar that opens again: see [hours]".into(),
    }
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
}
