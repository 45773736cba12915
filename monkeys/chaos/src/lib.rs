//! The chaos monkey: ends instances of units that opted in, so that their owners know that they survive it.
//!
//! Pure: everything that it says follows from the world, the day and the dice. On a working day each unit has a coin
//! and a minute of its own; who falls is chosen among those in service at the moment of looking.

mod config;

use chrono::{NaiveDate, TimeDelta};
use simian_core::dice::Draws;
use simian_core::unit::{Units, units};
use simian_core::{Considered, Needs};
use simian_core::{Day, Dice, Fleet, Key, Monkey, Outlook, Proposal, Request, TagRules, Target, Unit, UnitKind, World};

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
    unit: UnitKind,
    grace: TimeDelta,
    tags: TagRules,
}

impl Chaos {
    /// A monkey that takes units of that kind, reads tags by those rules, and gives every action so long after its due
    /// minute.
    pub fn new(unit: UnitKind, grace: TimeDelta, tags: TagRules) -> Self {
        Self { unit, grace, tags }
    }

    /// The unit's turn on that day, or why it has none.
    fn turn(&self, world: &World, day: &Day, lots: &Lots, unit: &Unit) -> Result<Proposal, String> {
        if let Some(closed) = &day.closed {
            return Err(format!("{} is no working day: {closed}", day.date));
        }
        let name = unit.id.pieces();
        let p = unit.settings.probability();
        let coin = lots.turn.coin(&name);
        if coin >= p {
            return Err(format!("not its turn: the coin showed {coin:.3}, its turn comes below {p:.3}"));
        }
        let minutes = day.minutes();
        let minute = lots.minute.below(&name, minutes.max(1));
        let due = day.minute(minute).ok_or("the day has no minute for it")?;
        let close = day.window_at(due).map_or(due, |window| window.close);
        let why = format!("its turn: the coin showed {coin:.3}, below {p:.3} ({})", unit.settings);
        let mut proposal = Self::aim(world, lots, unit, day.date, why);
        proposal.due = due;
        proposal.expires = close.min(due + self.grace);
        Ok(proposal)
    }

    /// The unit's part in a game day: every coin shows its turn, every minute is now.
    fn asked(&self, world: &World, day: &Day, lots: &Lots, unit: &Unit, request: &Request) -> Proposal {
        let why = format!("{} asked for it ({})", request.actor, request.id);
        let mut proposal = Self::aim(world, lots, unit, day.date, why);
        proposal.key = Key::requested(world.mode, NAME, &request.id, &unit.id);
        proposal.request = Some(request.id.clone());
        proposal.due = request.at;
        let end = request.at + self.grace;
        proposal.expires = day.window_at(request.at).map_or(end, |window| window.close.min(end));
        proposal
    }

    /// Chooses what would be done and to whom. Due and expiry are the caller's to set.
    fn aim(world: &World, lots: &Lots, unit: &Unit, date: NaiveDate, why: String) -> Proposal {
        let name = unit.id.pieces();
        let candidates = unit.groups.iter().filter_map(|name| world.group(&unit.id.scope, name)).flat_map(|group| {
            // Those that may be hit. The rails look again: a choice is no verdict.
            group.members.iter().filter(|member| member.serves() && !member.protected).map(|member| Target {
                instance: member.id.clone(),
                group: group.name.clone(),
                zone: member.zone.clone(),
            })
        });
        let in_flight = |target: &Target| world.history.in_flight().any(|gone| *gone == target.instance);
        let candidates: Vec<Target> = candidates.filter(|target| !in_flight(target)).collect();
        let ranked = lots.victim.rank(&name, candidates.iter().map(|t| t.instance.as_str()));
        let victim = ranked.first().and_then(|id| candidates.iter().find(|t| t.instance.as_str() == *id));
        let fault = unit.settings.faults.pick(lots.fault.coin(&name));
        Proposal {
            key: Key::dated(world.mode, NAME, date, &unit.id),
            mode: world.mode,
            monkey: NAME.into(),
            date,
            due: world.at,
            expires: world.at,
            unit: unit.clone(),
            targets: victim.cloned().into_iter().collect(),
            action: fault.unwrap_or(simian_core::Action::Terminate),
            request: None,
            why,
        }
    }

    fn units(&self, fleet: &Fleet) -> Units {
        units(fleet, self.unit, &self.tags)
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
        Needs { groups: true }
    }

    fn propose(&self, world: &World, day: &Day, dice: &Dice) -> Outlook {
        let lots = Lots::of(dice, day.date);
        let mut outlook = Outlook::default();
        for fleet in world.fleets.values() {
            let units = self.units(fleet);
            for (unit, why) in units.kept_out {
                outlook.considered.push(Considered { unit, why });
            }
            outlook.findings.extend(units.findings);
            for unit in &units.opted_in {
                match self.turn(world, day, &lots, unit) {
                    Ok(proposal) => outlook.proposals.push(proposal),
                    Err(why) => outlook.considered.push(Considered { unit: unit.id.full(), why }),
                }
                let asks = world.requests.iter().filter(|request| {
                    request.monkey == NAME && request.units.as_ref().is_none_or(|units| units.contains(&unit.id.full()))
                });
                outlook.proposals.extend(asks.map(|request| self.asked(world, day, &lots, unit, request)));
            }
        }
        outlook.proposals.sort_by(|a, b| (a.due, &a.key).cmp(&(b.due, &b.key)));
        outlook
    }
}
