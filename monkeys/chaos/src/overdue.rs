//! Mandatory turns: a unit that went without an action for too long gets one soon.
//!
//! What may not happen here: no probability is lowered, and none is raised to 1, so that nobody can tell the day.

use chrono::NaiveDate;
use simian_core::calendar::SEARCH_DAYS;
use simian_core::tags::MAX_DAYS;
use simian_core::{Calendar, History, Unit};

/// The probability of a day on which a unit is overdue: within five such days it has had its turn with a chance of 31 in
/// 32, and still nobody knows when.
const OVERDUE: f64 = 0.5;

/// When a unit counts as overdue.
#[derive(Clone, Debug)]
pub(crate) struct Mandatory {
    /// After so many working days without an action.
    pub(crate) days: u32,
    /// Which days are working days.
    pub(crate) calendar: Calendar,
}

/// The same, as of one date.
pub(crate) struct Overdue<'m> {
    mandatory: &'m Mandatory,
    date: NaiveDate,
    line: Option<NaiveDate>,
}

impl Mandatory {
    /// What is overdue on that date. Days are counted once, and not for every unit.
    pub(crate) fn on(&self, date: NaiveDate) -> Overdue<'_> {
        Overdue { mandatory: self, date, line: self.line(date, self.days) }
    }

    /// The first of the last so many working days before a date: what was last acted on before it has gone without an
    /// action for as many. `None` when the calendar has too few.
    fn line(&self, date: NaiveDate, days: u32) -> Option<NaiveDate> {
        let horizon = usize::try_from(SEARCH_DAYS).unwrap_or(usize::MAX);
        let before = std::iter::successors(date.pred_opt(), NaiveDate::pred_opt).take(horizon);
        before.filter(|day| self.calendar.day(*day).is_working()).nth(days.checked_sub(1)? as usize)
    }
}

impl Overdue<'_> {
    /// The probability to which a unit's is raised, and the working days that it has gone without an action at least.
    /// They count from the later of its last action and the first sight of its opt-in: who was never seen is not
    /// overdue. An owner's mean that is longer than the operator's limit counts instead of it.
    pub(crate) fn raises(&self, history: &History, unit: &Unit) -> Option<(f64, u32)> {
        let full = unit.id.full();
        let seen = *history.first_seen.get(&full)?;
        let since = history.last_action.get(&full).map_or(seen, |acted| seen.max(*acted));
        let mean = unit.settings.mean_days;
        let (days, line) = if mean <= f64::from(self.mandatory.days) {
            (self.mandatory.days, self.line)
        } else {
            let days = (1..=MAX_DAYS).find(|days| f64::from(*days) >= mean)?;
            (days, self.mandatory.line(self.date, days))
        };
        (unit.settings.probability() < OVERDUE && since < line?).then_some((OVERDUE, days))
    }
}
