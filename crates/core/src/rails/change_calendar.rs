//! Not while a Change Calendar is closed: the company's own word, kept in AWS Systems Manager.

use chrono::{DateTime, Utc};

use super::{Case, Rail, Turn, Verdict};
use crate::change_calendar::{CalendarSeen, CalendarState};
use crate::fleet::View;

pub(super) const RAIL: Rail =
    Rail { name: "change_calendar", about: "every change calendar of the config is open", always: true, judge, lift };

fn judge(case: &Case<'_>) -> Verdict {
    says(&case.turn())
}

/// Whether every calendar is open at that time.
pub(super) fn says(turn: &Turn<'_>) -> Verdict {
    let wanted = &turn.policy.change_calendars;
    if wanted.is_empty() {
        return Verdict::NotApplicable("no change calendar is configured".into());
    }
    let seen = match &turn.world.observed.change_calendars {
        View::Known(seen) => seen,
        other => return Verdict::Unknown(format!("the change calendars: {}", other.unknown().unwrap_or_default())),
    };
    // A closed one speaks before one that nobody could read: it says until when.
    let mut unknown = None;
    for calendar in wanted {
        let says = match seen.iter().find(|one| one.calendar == *calendar) {
            Some(one) => one_says(one, turn.at),
            None => Verdict::Unknown(format!("nobody asked for {}", calendar.name())),
        };
        match says {
            Verdict::Hold(_) => return says,
            Verdict::Unknown(_) if unknown.is_none() => unknown = Some(says),
            _ => {}
        }
    }
    unknown.unwrap_or_else(|| {
        let names: Vec<&str> = wanted.iter().map(crate::change_calendar::ChangeCalendar::name).collect();
        Verdict::Pass(format!("open: {}", names.join(", ")))
    })
}

fn lift(case: &Case<'_>) -> String {
    let seen = case.world.observed.change_calendars.known();
    let closed = seen.into_iter().flatten().filter_map(|one| Some((one, one.state.known()?)));
    let until = closed.filter(|(_, state)| !state.open).find_map(|(one, state)| Some((one, state.next_transition?)));
    match until {
        Some((one, at)) => {
            let at = at.with_timezone(&case.policy.calendar.zone).format("%a %Y-%m-%d %H:%M %Z");
            format!("{} opens {at}", one.calendar.name())
        }
        None => "every calendar of [hours] change_calendars readable and open".into(),
    }
}

/// What one calendar means for that time: its state is known until it next changes, and no longer.
fn one_says(one: &CalendarSeen, at: DateTime<Utc>) -> Verdict {
    let name = one.calendar.name();
    match &one.state {
        View::Known(CalendarState { open, next_transition: Some(next) }) if *next <= at => {
            let now = if *open { "open" } else { "closed" };
            Verdict::Unknown(format!("{name} was {now} until {next}; what it will be then is asked when it is due"))
        }
        View::Known(CalendarState { open: true, .. }) => Verdict::Pass(String::new()),
        View::Known(CalendarState { next_transition: Some(next), .. }) => {
            Verdict::Hold(format!("the change calendar {name} is closed until {next}"))
        }
        View::Known(CalendarState { next_transition: None, .. }) => {
            Verdict::Hold(format!("the change calendar {name} is closed, and nobody knows until when"))
        }
        unread => Verdict::Unknown(format!(
            "the change calendar {name} cannot be read: {}",
            unread.unknown().unwrap_or_default()
        )),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::testing::Scene;
    use super::*;
    use crate::change_calendar::ChangeCalendar;

    const FREEZE: &str = "arn:aws:ssm:us-east-1:111122223333:document/freeze";
    const SALES: &str = "arn:aws:ssm:eu-west-1:111122223333:document/sales";

    /// What the rail says when these calendars are configured and were seen so.
    fn verdict(seen: &[(&str, View<CalendarState>)]) -> Verdict {
        let mut scene = Scene::quiet();
        let calendar = |arn: &str| arn.parse::<ChangeCalendar>().unwrap();
        scene.policy.change_calendars = seen.iter().map(|(arn, _)| calendar(arn)).collect();
        let seen = seen.iter().map(|(arn, state)| CalendarSeen { calendar: calendar(arn), state: state.clone() });
        scene.world.observed.change_calendars = View::Known(seen.collect());
        scene.verdict("change_calendar")
    }

    fn state(open: bool, minutes: Option<i64>) -> View<CalendarState> {
        let next_transition = minutes.map(|minutes| Scene::quiet().now + TimeDelta::minutes(minutes));
        View::Known(CalendarState { open, next_transition })
    }

    #[test]
    fn none_configured_is_none_asked() {
        assert!(matches!(verdict(&[]), Verdict::NotApplicable(_)));
    }

    #[test]
    fn a_closed_one_holds_and_says_until_when() {
        assert_eq!(verdict(&[(FREEZE, state(true, None))]), Verdict::Pass("open: freeze".into()));
        assert_eq!(verdict(&[(FREEZE, state(true, Some(5)))]), Verdict::Pass("open: freeze".into()));
        let until = "the change calendar freeze is closed until 2026-11-23 12:05:00 UTC";
        assert_eq!(verdict(&[(FREEZE, state(false, Some(5)))]), Verdict::Hold(until.into()));
        let ever = "the change calendar freeze is closed, and nobody knows until when";
        assert_eq!(verdict(&[(FREEZE, state(false, None))]), Verdict::Hold(ever.into()));
        // One of several is enough, whatever the others say.
        let unread = View::Unknown("denied".into());
        let both = verdict(&[(SALES, unread), (FREEZE, state(false, Some(5)))]);
        assert_eq!(both, Verdict::Hold(until.into()));
    }

    #[test]
    fn what_is_not_known_holds() {
        let unread = verdict(&[(FREEZE, state(true, None)), (SALES, View::Unknown("denied".into()))]);
        assert_eq!(unread, Verdict::Unknown("the change calendar sales cannot be read: denied".into()));
        // Its state is over by then, whichever way it was.
        for open in [true, false] {
            assert!(matches!(verdict(&[(FREEZE, state(open, Some(0)))]), Verdict::Unknown(_)));
        }
        let mut scene = Scene::quiet();
        scene.policy.change_calendars = vec![FREEZE.parse().unwrap()];
        assert!(matches!(scene.verdict("change_calendar"), Verdict::Unknown(_)), "nobody asked at all");
        scene.world.observed.change_calendars = View::Known(Vec::new());
        assert!(matches!(scene.verdict("change_calendar"), Verdict::Unknown(_)), "nobody asked for this one");
    }
}
