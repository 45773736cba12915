//! What monkeys that hit units have in common: whose turn it is on a day, at which minute, who is hit, and until when it
//! may still be done. What is done to a unit is each monkey's own.
//!
//! What may not happen here: a draw that depends on another unit, on the order of anything, or on what a monkey does.

mod hours;
pub mod keys;
mod victims;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

pub use victims::Bounds;

use crate::action::Action;
use crate::calendar::{Calendar, Day};
use crate::choice::Choice;
use crate::dice::{Dice, Draws};
use crate::fault::Terms;
use crate::monkey::{Considered, Outlook};
use crate::proposal::{Key, Proposal, Target};
use crate::scope::{Region, Scope};
use crate::tags::TagRules;
use crate::unit::{Grouping, Unit, Units, units};
use crate::world::{Request, Wish, World};

/// How the operator wants a monkey to go about its units.
#[derive(Clone, Debug)]
pub struct Turns {
    /// The monkey's name: in its keys, and before the purposes of its draws.
    pub monkey: &'static str,
    /// What groups are taken together.
    pub grouping: Grouping,
    /// How long after its due minute an action may still be done.
    pub grace: TimeDelta,
    /// What tags mean to it.
    pub tags: TagRules,
    /// The groups that the operator lets be chosen.
    pub choice: Choice,
    /// How many may be hit at once, and what must be left.
    pub bounds: Bounds,
    /// The calendar by which owners are told that their own hours never come; `None` to tell nobody.
    pub calendar: Option<Calendar>,
}

/// What a monkey would do to a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What.
    pub action: Action,
    /// How long and how hard, where it lasts.
    pub terms: Option<Terms>,
    /// What must be said of the choice, where it is not the obvious one.
    pub why: Option<String>,
}

/// What a monkey does in its own way.
pub trait Way {
    /// What would be done to these of the unit, or why nothing can be.
    fn deed(&self, world: &World, unit: &Unit, victims: &[(&Region, Target)]) -> Result<Deed, String>;
    /// A probability that the unit's own is raised to, and after how many working days without an action.
    fn raised(&self, _: &World, _: &Unit) -> Option<(f64, u32)> {
        None
    }
}

/// The day's lots. Their purposes are a public contract: an audit draws them again.
struct Lots {
    coin: Draws,
    minute: Draws,
    victim: Draws,
}

/// What all units of one look have in common.
struct Look<'l, W> {
    turns: &'l Turns,
    world: &'l World,
    day: &'l Day,
    lots: Lots,
    way: &'l W,
}

impl Turns {
    /// With nobody spared, no bounds, and nobody told of hours.
    pub fn new(monkey: &'static str, grouping: Grouping, grace: TimeDelta, tags: TagRules) -> Self {
        let (choice, bounds) = (Choice::default(), Bounds::default());
        Self { monkey, grouping, grace, tags, choice, bounds, calendar: None }
    }

    /// The units of a world, by its tags.
    pub fn units(&self, world: &World) -> Units {
        units(world.fleets.values(), self.grouping, &self.tags, &self.choice)
    }

    /// What becomes of these units on that day: a turn, or why there is none, and what was asked for besides.
    pub fn outlook(&self, world: &World, day: &Day, dice: &Dice, units: Units, way: &impl Way) -> Outlook {
        let on = |what: &str| dice.on(&format!("{}.{what}", self.monkey), day.date);
        let lots = Lots { coin: on("coin"), minute: on("minute"), victim: on("victim") };
        let look = Look { turns: self, world, day, lots, way };
        let mut outlook = Outlook {
            considered: units.kept_out.into_iter().map(|(unit, why)| Considered { unit, why }).collect(),
            findings: units.findings,
            spared: units.spared,
            opted_in: units.opted_in.iter().map(|unit| unit.id.full()).collect(),
            ..Outlook::default()
        };
        for unit in &units.opted_in {
            let never = self.calendar.as_ref().and_then(|calendar| hours::never(calendar, unit, day.date));
            outlook.findings.extend(never);
            let mut note = |turn: Result<Proposal, String>| match turn {
                Ok(proposal) => outlook.proposals.push(proposal),
                Err(why) => outlook.considered.push(Considered { unit: unit.id.full(), why }),
            };
            note(look.turn(unit));
            let asks = world.requests.iter().filter(|request| {
                request.monkey == self.monkey
                    && request.units.as_ref().is_none_or(|units| units.contains(&unit.id.full()))
            });
            asks.map(|request| look.asked(unit, request)).for_each(note);
        }
        outlook.proposals.sort_by(|a, b| (a.due, &a.key).cmp(&(b.due, &b.key)));
        outlook
    }

    /// When the grace of what is due then is over: the end of time at the latest.
    fn expiry(&self, due: DateTime<Utc>) -> DateTime<Utc> {
        due.checked_add_signed(self.grace).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

impl<W: Way> Look<'_, W> {
    /// The unit's turn on that day, or why it has none.
    fn turn(&self, unit: &Unit) -> Result<Proposal, String> {
        let day = self.day;
        if let Some(closed) = &day.closed {
            return Err(format!("{} is no working day: {closed}", day.date));
        }
        let day = &day.narrow(&unit.settings.hours);
        if let Some(closed) = &day.closed {
            return Err(format!("{} is none of its days: {closed}", day.date));
        }
        let name = unit.id.pieces();
        let usual = unit.settings.probability();
        let (p, raised) = match self.way.raised(self.world, unit) {
            Some((p, days)) => (p, format!(", raised from {usual:.3} after {days} working days without an action")),
            None => (usual, String::new()),
        };
        let coin = self.lots.coin.coin(&name);
        if coin >= p {
            return Err(format!("not its turn: the coin showed {coin:.3}, its turn comes below {p:.3}{raised}"));
        }
        let minutes = day.minutes();
        let minute = self.lots.minute.below(&name, minutes.max(1));
        let due = day.minute(minute).ok_or("the day has no minute for it")?;
        let close = day.window_at(due).map_or(due, |window| window.close);
        let why = format!("its turn: the coin showed {coin:.3}, below {p:.3}{raised} ({})", unit.settings);
        let mut proposal = self.aim(unit, day.date, why, None)?;
        proposal.due = due;
        proposal.expires = self.turns.expiry(due).min(close);
        Ok(proposal)
    }

    /// The unit's part in a game day: every coin shows its turn, every minute is now.
    fn asked(&self, unit: &Unit, request: &Request) -> Result<Proposal, String> {
        let why = format!("{} asked for it ({})", request.actor, request.id);
        // Who says what is to be done leaves nothing to draw, and so nothing that could drop out.
        let wish = |wish: &Wish| Deed { action: wish.action, terms: wish.terms.clone(), why: None };
        let mut proposal = self.aim(unit, self.day.date, why, request.wish.as_ref().map(wish))?;
        proposal.key = Key::requested(self.world.mode, self.turns.monkey, &request.id, &unit.id);
        proposal.request = Some(request.id.clone());
        proposal.due = request.at;
        let end = self.turns.expiry(request.at);
        proposal.expires = self.day.window_at(request.at).map_or(end, |window| window.close.min(end));
        Ok(proposal)
    }

    /// Chooses to whom it would be done, and what, where nobody said that. Due and expiry are the caller's to set.
    fn aim(&self, unit: &Unit, date: NaiveDate, mut why: String, asked: Option<Deed>) -> Result<Proposal, String> {
        let (world, monkey) = (self.world, self.turns.monkey);
        let victims = victims::choose(world, &self.lots.victim, unit, &self.turns.bounds)?;
        // Who has nobody to hit is held for that, wherever it is.
        let region = victims.first().map(|(region, _)| *region).or(unit.groups.first().map(|id| &id.region));
        let deed = asked.map_or_else(|| self.way.deed(world, unit, &victims), Ok);
        let deed = deed.map_err(|reason| format!("{why}, and nothing can be done: {reason}"))?;
        if let Some(choice) = deed.why {
            why += "; ";
            why += &choice;
        }
        Ok(Proposal {
            key: Key::dated(world.mode, monkey, date, &unit.id),
            mode: world.mode,
            monkey: monkey.into(),
            date,
            due: world.at,
            expires: world.at,
            unit: unit.clone(),
            scope: Scope {
                account: unit.id.scope.account.clone(),
                region: region.unwrap_or(&unit.id.scope.region).clone(),
            },
            targets: victims.into_iter().map(|(_, target)| target).collect(),
            action: deed.action,
            terms: deed.terms,
            request: None,
            why,
        })
    }
}
