//! Owners whose own hours never meet the operator's: they opted in and are never touched, and should know it.

use crate::calendar::{Calendar, Day};
use crate::finding::{Finding, Severity};
use crate::scope::Scope;
use crate::unit::Unit;
use chrono::NaiveDate;

/// The rule of findings about own hours.
const NEVER: &str = "hours-never";

/// How far ahead a common hour is looked for, in days: a year has every weekday, and both changes of every clock.
const AHEAD: usize = 366;

/// What the owner should mend, if none of the working days of the year to come leaves the unit any time.
pub(super) fn never(calendar: &Calendar, unit: &Unit, date: NaiveDate) -> Option<Finding> {
    let own = &unit.settings.hours;
    let subject = unit.groups.first().filter(|_| !own.is_empty())?;
    let mut working = date.iter_days().take(AHEAD).map(|date| calendar.day(date)).filter(Day::is_working);
    let first = working.next()?;
    let meets = |day: &Day| day.narrow(own).is_working();
    if meets(&first) || working.any(|day| meets(&day)) {
        return None;
    }
    let words: Vec<String> = own.iter().map(ToString::to_string).collect();
    Some(Finding {
        rule: NEVER,
        scope: Scope { account: unit.id.scope.account.clone(), region: subject.region.clone() },
        subject: subject.name.clone(),
        owner: unit.owner.clone(),
        app: Some(unit.app.clone()),
        severity: Severity::Medium,
        why: format!(
            "the own hours of {} ({}) never meet the operator's, {} {}: change them, or opt out",
            unit.id,
            words.join(", "),
            calendar.hours,
            calendar.zone
        ),
    })
}
