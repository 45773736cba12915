//! The life of waste: marked, announced, saved, deleted; or used again, and its mark lifted.
//!
//! One resource takes one step a round at most. Dates count in working days, so that nobody's notice runs out over the
//! holidays.
//!
//! What may not happen here: a deletion without an announcement that is old enough, a `since` that moves later, anything
//! at all while somebody is acting on the resource or while nobody knows whether it is used.

use chrono::{NaiveDate, TimeDelta};
use simian_core::mark::{MarkTag, Saved};
use simian_core::{Calendar, Mark, Step};

use crate::resort::Resort;

/// What a look found of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Waste.
    Waste(Condemned),
    /// Used, kept, too young: why it is no waste.
    Spared(String),
    /// It is not there any more: in words.
    Gone(String),
    /// Nobody can say.
    Unknown,
}

/// Waste, and what its mark is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condemned {
    /// The rule that condemns it.
    pub(crate) rule: &'static str,
    /// Why.
    pub(crate) why: String,
    /// Working days from its mark to its end.
    pub(crate) retention_days: u32,
    /// How old its mark must become, where nothing else says how old it is.
    pub(crate) mark_age: Option<TimeDelta>,
    /// Nobody read its tags, one of which may be its owner's word: nothing follows its mark.
    pub(crate) unread: bool,
    /// Why it is announced and never deleted, where that is so.
    pub(crate) stays: Option<String>,
    /// How far its last resort is.
    pub(crate) resort: Resort,
    /// Whose it is.
    pub(crate) owner: Option<String>,
    /// Its app.
    pub(crate) app: Option<String>,
    /// What it costs.
    pub(crate) cents_a_month: u64,
}

/// What is written on a resource where its mark would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// The kind has no tags, or nobody read them: the ledger alone counts.
    Unread,
    /// Nothing.
    None,
    /// A mark; and whether one of the enabled rules made it, so that it is ours to lift.
    Mark(MarkTag, bool),
    /// Something that is no mark.
    Other,
}

/// A resource in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case<'a> {
    pub(crate) found: Found,
    /// As the ledger has it.
    pub(crate) mark: Option<&'a Mark>,
    /// As the resource has it.
    pub(crate) tag: Tag,
}

/// The day, and what counts for everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) calendar: &'a Calendar,
    pub(crate) today: NaiveDate,
    /// Today is a working day.
    pub(crate) working: bool,
    /// Tags are written, and not only read.
    pub(crate) live: bool,
    /// Working days from an announcement to a deletion.
    pub(crate) notice_days: u32,
}

/// What is next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A step, the mark that goes with it, and why.
    Do(Step, Box<Mark>, String),
    /// Nothing today, and why; for whoever asks.
    Wait(String),
    /// Nothing.
    Nothing,
}

fn take(step: Step, mark: Mark, why: String) -> Next {
    Next::Do(step, Box::new(mark), why)
}

/// What is next in a resource's life.
pub(crate) fn next(case: &Case<'_>, terms: &Terms<'_>) -> Next {
    if let Some(acting) = case.mark.and_then(|mark| mark.acting.as_ref()) {
        return Next::Wait(format!(
            "{} has been at it since {}: how that ended is not known",
            acting.holder, acting.at
        ));
    }
    match (&case.found, case.mark) {
        (Found::Unknown, _) | (Found::Gone(_), None) => Next::Nothing,
        (Found::Spared(why), None) => match &case.tag {
            Tag::Mark(tag, true) if terms.live => take(Step::Lift, adopted(tag), why.clone()),
            _ => Next::Nothing,
        },
        (Found::Spared(why) | Found::Gone(why), Some(mark)) => take(Step::Lift, mark.clone(), why.clone()),
        (Found::Waste(waste), None) => first(waste, &case.tag, terms),
        (Found::Waste(_), Some(mark)) if mark.rehearsed => Next::Wait("a rehearsal deleted it".into()),
        (Found::Waste(waste), Some(mark)) => {
            again(waste, mark, &case.tag, terms).unwrap_or_else(|| on_its_way(waste, mark, terms))
        }
    }
}

/// The mark that a tag alone speaks of.
fn adopted(tag: &MarkTag) -> Mark {
    Mark {
        rule: tag.rule.clone(),
        since: tag.since,
        end: tag.end,
        owner: None,
        app: None,
        cents_a_month: 0,
        announced: None,
        saved: None,
        tried: None,
        acting: None,
        rehearsed: false,
    }
}

impl Terms<'_> {
    /// So many working days after today.
    fn after(&self, days: u32) -> Option<NaiveDate> {
        self.calendar.nth_working_day_after(self.today, days)
    }
}

/// The first mark. A tag that outlived its ledger says since when, and its owner has seen it: the notice is enough.
fn first(waste: &Condemned, tag: &Tag, terms: &Terms<'_>) -> Next {
    let tag = match tag {
        Tag::Mark(tag, _) => Some(tag),
        Tag::Unread | Tag::None | Tag::Other => None,
    };
    let since = tag.map_or(terms.today, |tag| tag.since.min(terms.today));
    let end = match tag {
        Some(tag) => terms.after(terms.notice_days).map(|notice| notice.max(tag.end)),
        None => terms.after(waste.retention_days),
    };
    let Some(end) = end.and_then(|end| ripe(end, since, waste)) else { return never() };
    let mark = adopted(&MarkTag { end, rule: waste.rule.into(), since });
    take(Step::Mark, about(mark, waste), waste.why.clone())
}

/// Not before its mark is as old as its rule asks for, where nothing but the mark says how old it is.
fn ripe(end: NaiveDate, since: NaiveDate, waste: &Condemned) -> Option<NaiveDate> {
    match waste.mark_age {
        None => Some(end),
        Some(age) => since.checked_add_signed(age).map(|old| end.max(old)),
    }
}

fn never() -> Next {
    Next::Wait("the calendar has no working day for it within ten years".into())
}

/// The mark with what is known of the resource today.
fn about(mark: Mark, waste: &Condemned) -> Mark {
    Mark {
        owner: waste.owner.clone().or(mark.owner),
        app: waste.app.clone().or(mark.app),
        cents_a_month: waste.cents_a_month,
        ..mark
    }
}

/// What is wrong with the mark as it is, put right.
fn again(waste: &Condemned, mark: &Mark, tag: &Tag, terms: &Terms<'_>) -> Option<Next> {
    if mark.rule != waste.rule {
        // Another reason is news to its owner, who is told again.
        let end = terms.after(waste.retention_days).and_then(|end| ripe(end.max(mark.end), mark.since, waste));
        let Some(end) = end else { return Some(never()) };
        let mark = Mark { rule: waste.rule.into(), end, announced: None, ..mark.clone() };
        let why = format!("{}; it was marked by another rule", waste.why);
        return Some(take(Step::Mark, about(mark, waste), why));
    }
    if waste.resort == Resort::Taken {
        let saved = Some(Saved { on: terms.today, snapshot: None });
        let why = format!("{}; somebody disabled it already, and its days of grace begin", waste.why);
        return Some(take(Step::Mark, about(Mark { saved, ..mark.clone() }, waste), why));
    }
    if !terms.live {
        return None;
    }
    let (since, lost) = match tag {
        Tag::Unread => return None,
        Tag::Mark(tag, _) if *tag == mark.tag() => return None,
        Tag::Mark(tag, _) => (tag.since.min(mark.since), "its tag says something else"),
        Tag::None => (mark.since, "its tag was taken away"),
        Tag::Other => (mark.since, "its tag is no mark any more"),
    };
    let why = format!("{}; {lost}: to keep it, use the keep tag", waste.why);
    Some(take(Step::Mark, about(Mark { since, ..mark.clone() }, waste), why))
}

/// Announced, saved, deleted: in that order, each when its day has come.
fn on_its_way(waste: &Condemned, mark: &Mark, terms: &Terms<'_>) -> Next {
    let Terms { calendar, today, notice_days, .. } = *terms;
    if waste.unread {
        return Next::Wait(format!("marked since {}; its tags were not read", mark.since));
    }
    let Some(announced) = mark.announced else {
        if calendar.working_days_between(today, mark.end) > notice_days {
            return Next::Wait(format!("marked since {}, until {}", mark.since, mark.end));
        }
        let Some(notice) = terms.after(notice_days) else { return never() };
        let mark = Mark { announced: Some(today), end: mark.end.max(notice), ..mark.clone() };
        // Whoever lets it be deleted later need not tell its owner again.
        let then = match &waste.stays {
            None => format!("it is deleted on {}, unless it is used or kept until then", mark.end),
            Some(why) => format!("it may be deleted from {} on, but not now: {why}", mark.end),
        };
        return take(Step::Announce, about(mark, waste), format!("{}; {then}", waste.why));
    };
    let passed = calendar.working_days_between(announced, today);
    if today < mark.end || passed < notice_days {
        return Next::Wait(format!("announced on {announced}, to go on {}", mark.end));
    }
    if let Some(why) = &waste.stays {
        return Next::Wait(format!("announced on {announced}; {why}"));
    }
    if !terms.working {
        return Next::Wait("it is due, and today is no working day".into());
    }
    if mark.tried == Some(today) {
        return Next::Wait("somebody tried today already".into());
    }
    let why = format!("{}; marked since {}, announced on {announced}", waste.why, mark.since);
    match &waste.resort {
        Resort::Open => take(Step::Save, about(mark.clone(), waste), why),
        Resort::None | Resort::Ready => take(Step::Delete, about(mark.clone(), waste), why),
        Resort::Waits(why) => Next::Wait(why.clone()),
        Resort::Undone(why) => take(Step::Lift, mark.clone(), why.clone()),
        Resort::Taken => Next::Nothing,
    }
}

#[cfg(test)]
mod tests;
