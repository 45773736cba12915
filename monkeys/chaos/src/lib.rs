//! The chaos monkey: ends instances of units that opted in, so that their owners know that they survive it.
//!
//! Pure: everything that it says follows from the world, the day and the dice. On a working day each unit has a coin
//! and a minute of its own; who falls is chosen among those in service at the moment of looking.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice))]

mod config;
mod hours;
mod overdue;
mod victims;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use simian_core::dice::Draws;
use simian_core::rails::Floors;
use simian_core::unit::units;
use simian_core::{
    Calendar, Choice, Considered, Day, Dice, Grouping, Groups, Key, Monkey, Needs, Outlook, Proposal, Request, Scope,
    TagRules, Unit, World,
};

use overdue::{Mandatory, Overdue};

pub use config::{Config, Contradiction};

/// Its name in config, commands, keys and events.
pub const NAME: &str = "chaos";

/// What it does, in one line.
pub const ABOUT: &str = "ends an instance of each unit that opted in, now and then";

/// The day's lots. Their purposes are a public contract: an audit draws them again.
struct Lots {
    turn: Draws,
    minute: Draws,
    victim: Draws,
    fault: Draws,
}

impl Lots {
    fn of(dice: &Dice, date: NaiveDate) -> Self {
        let on = |purpose| dice.on(purpose, date);
        Self {
            turn: on("chaos.coin"),
            minute: on("chaos.minute"),
            victim: on("chaos.victim"),
            fault: on("chaos.fault"),
        }
    }
}

/// The monkey.
#[derive(Clone, Debug)]
pub struct Chaos {
    grouping: Grouping,
    grace: TimeDelta,
    tags: TagRules,
    choice: Choice,
    floors: Floors,
    mandatory: Option<Mandatory>,
    calendar: Option<Calendar>,
}

impl Chaos {
    /// A monkey that takes groups together so, reads tags by those rules, and gives every action so long after its due
    /// minute.
    pub fn new(grouping: Grouping, grace: TimeDelta, tags: TagRules) -> Self {
        Self {
            grouping,
            grace,
            tags,
            choice: Choice::default(),
            floors: Floors::default(),
            mandatory: None,
            calendar: None,
        }
    }

    /// The same, of the groups that the operator lets be chosen.
    #[must_use]
    pub fn choosing(mut self, choice: Choice) -> Self {
        self.choice = choice;
        self
    }

    /// The same, that rather takes fewer than so many than be held by a floor.
    #[must_use]
    pub fn leaving(mut self, floors: Floors) -> Self {
        self.floors = floors;
        self
    }

    /// The same, that tells owners whose own hours never meet the operator's.
    #[must_use]
    pub fn within(mut self, calendar: Calendar) -> Self {
        self.calendar = Some(calendar);
        self
    }

    /// The same, that gives a unit its turn soon after so many working days without an action.
    #[must_use]
    pub fn mandatory(mut self, days: u32, calendar: Calendar) -> Self {
        self.mandatory = Some(Mandatory { days, calendar });
        self
    }

    /// The unit's turn on that day, or why it has none.
    fn turn(
        &self,
        world: &World,
        day: &Day,
        lots: &Lots,
        unit: &Unit,
        overdue: Option<&Overdue<'_>>,
    ) -> Result<Proposal, String> {
        if let Some(closed) = &day.closed {
            return Err(format!("{} is no working day: {closed}", day.date));
        }
        let day = &day.narrow(&unit.settings.hours);
        if let Some(closed) = &day.closed {
            return Err(format!("{} is none of its days: {closed}", day.date));
        }
        let name = unit.id.pieces();
        let usual = unit.settings.probability();
        let (p, raised) = match overdue.and_then(|overdue| overdue.raises(&world.history, unit)) {
            Some((p, days)) => (p, format!(", raised from {usual:.3} after {days} working days without an action")),
            None => (usual, String::new()),
        };
        let coin = lots.turn.coin(&name);
        if coin >= p {
            return Err(format!("not its turn: the coin showed {coin:.3}, its turn comes below {p:.3}{raised}"));
        }
        let minutes = day.minutes();
        let minute = lots.minute.below(&name, minutes.max(1));
        let due = day.minute(minute).ok_or("the day has no minute for it")?;
        let close = day.window_at(due).map_or(due, |window| window.close);
        let why = format!("its turn: the coin showed {coin:.3}, below {p:.3}{raised} ({})", unit.settings);
        let mut proposal = self.aim(world, lots, unit, day.date, why);
        proposal.due = due;
        proposal.expires = self.expiry(due).min(close);
        Ok(proposal)
    }

    /// The unit's part in a game day: every coin shows its turn, every minute is now.
    fn asked(&self, world: &World, day: &Day, lots: &Lots, unit: &Unit, request: &Request) -> Proposal {
        let why = format!("{} asked for it ({})", request.actor, request.id);
        let mut proposal = self.aim(world, lots, unit, day.date, why);
        proposal.key = Key::requested(world.mode, NAME, &request.id, &unit.id);
        proposal.request = Some(request.id.clone());
        proposal.due = request.at;
        let end = self.expiry(request.at);
        proposal.expires = day.window_at(request.at).map_or(end, |window| window.close.min(end));
        proposal
    }

    /// When the grace of what is due then is over: the end of time at the latest.
    fn expiry(&self, due: DateTime<Utc>) -> DateTime<Utc> {
        due.checked_add_signed(self.grace).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Chooses what would be done and to whom. Due and expiry are the caller's to set.
    fn aim(&self, world: &World, lots: &Lots, unit: &Unit, date: NaiveDate, why: String) -> Proposal {
        let victims = victims::choose(world, &lots.victim, unit, &self.floors);
        // Who has nobody to hit is held for that, wherever it is.
        let region = victims.first().map(|(region, _)| *region).or(unit.groups.first().map(|id| &id.region));
        let fault = unit.settings.faults.pick(lots.fault.coin(&unit.id.pieces()));
        Proposal {
            key: Key::dated(world.mode, NAME, date, &unit.id),
            mode: world.mode,
            monkey: NAME.into(),
            date,
            due: world.at,
            expires: world.at,
            unit: unit.clone(),
            scope: Scope {
                account: unit.id.scope.account.clone(),
                region: region.unwrap_or(&unit.id.scope.region).clone(),
            },
            targets: victims.into_iter().map(|(_, target)| target).collect(),
            action: fault.unwrap_or(simian_core::Action::Terminate),
            terms: None,
            request: None,
            why,
        }
    }
}

impl Monkey for Chaos {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        ABOUT
    }

    fn needs(&self) -> Needs {
        Needs { groups: Groups::OptedIn, regions_together: self.grouping.across_regions, ..Needs::default() }
    }

    fn propose(&self, world: &World, day: &Day, dice: &Dice) -> Outlook {
        let lots = Lots::of(dice, day.date);
        let mut outlook = Outlook::default();
        let overdue = self.mandatory.as_ref().map(|mandatory| mandatory.on(day.date));
        let units = units(world.fleets.values(), self.grouping, &self.tags, &self.choice);
        outlook.considered.extend(units.kept_out.into_iter().map(|(unit, why)| Considered { unit, why }));
        outlook.findings = units.findings;
        outlook.spared = units.spared;
        outlook.opted_in = units.opted_in.iter().map(|unit| unit.id.full()).collect();
        for unit in &units.opted_in {
            let never = self.calendar.as_ref().and_then(|calendar| hours::never(calendar, unit, day.date));
            outlook.findings.extend(never);
            match self.turn(world, day, &lots, unit, overdue.as_ref()) {
                Ok(proposal) => outlook.proposals.push(proposal),
                Err(why) => outlook.considered.push(Considered { unit: unit.id.full(), why }),
            }
            let asks = world.requests.iter().filter(|request| {
                request.monkey == NAME && request.units.as_ref().is_none_or(|units| units.contains(&unit.id.full()))
            });
            outlook.proposals.extend(asks.map(|request| self.asked(world, day, &lots, unit, request)));
        }
        outlook.proposals.sort_by(|a, b| (a.due, &a.key).cmp(&(b.due, &b.key)));
        outlook
    }
}
