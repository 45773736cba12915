//! After the month, and some days in which nothing went wrong: what ended is said, what is used again is unmarked, and
//! nothing is left open.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::mark::tagged_at_once;
use simian_core::{InstanceState, Mode, Region, Resource, ResourceId, ResourceKind as Kind};
use simian_sim::Ended;

use super::history::Window;
use super::waste::{self, Facts};
use super::{Book, Life, Model, calls, marks};
use crate::months::{JanitorSetup, MARK};
use crate::violation::Violation;
use crate::world::stage::Stage;

/// After how long nothing is in doubt any more.
const SETTLED: TimeDelta = TimeDelta::hours(2);

/// All of it.
pub(super) fn check(model: &Model, stage: &Stage, wrong: &mut Vec<Violation>) {
    unsaid(model, stage, wrong);
    let (_, policy) = stage.policy();
    let Some(janitor) = &policy.janitor else { return };
    let now = stage.now();
    let mode = if policy.live && policy.monkey_live { Mode::Live } else { Mode::DryRun };
    let end = End { model, janitor, now, mode, today: Book::of(&policy).date(now) };
    for (id, life) in model.lives.iter().filter(|(id, _)| id.mode == mode) {
        end.standing(&id.scope.region, &id.resource, life, wrong);
    }
    if mode == Mode::Live {
        for (region, id, versions) in model.history.all() {
            if let Some(resource) = versions.last().and_then(|version| version.resource.as_ref()) {
                end.written(region, id, resource, wrong);
            }
        }
    }
}

/// The end of a month.
struct End<'m> {
    model: &'m Model,
    janitor: &'m JanitorSetup,
    now: DateTime<Utc>,
    mode: Mode,
    today: chrono::NaiveDate,
}

impl End<'_> {
    fn wrong(&self, rule: &'static str, text: String, into: &mut Vec<Violation>) {
        into.push(Violation { rule, at: self.now, text });
    }

    fn window<'a>(&'a self, region: &'a Region) -> Window<'a> {
        self.model.history.window(region, self.now, self.now)
    }

    /// Some enabled rule condemns it.
    fn is_waste(&self, region: &Region, id: &ResourceId) -> bool {
        let (now, resorts) = (self.now, self.model.resorts(region, self.mode));
        let facts = Facts { janitor: self.janitor, today: self.today, now, since: None, resorts };
        let window = self.window(region);
        self.janitor.rules.iter().any(|rule| waste::condemned(&window, &facts, rule, id).is_ok())
    }

    /// A mark that still stands.
    fn standing(&self, region: &Region, id: &ResourceId, life: &Life, wrong: &mut Vec<Violation>) {
        if let Some(acting) = life.mark.acting.as_ref().filter(|acting| acting.at + SETTLED < self.now) {
            self.wrong(
                "left-open",
                format!("{} of {id} was begun at {} and never resolved", acting.step, acting.at),
                wrong,
            );
        }
        // The tags of a log group are read when it goes on, and may keep it then.
        let unread = id.kind == Kind::LogGroup;
        if life.mark.acting.is_none() && !unread && !self.is_waste(region, id) {
            self.wrong(
                "lifted",
                format!("{id} is no waste any more, and its mark of {} stands", life.mark.since),
                wrong,
            );
        }
    }

    /// What is written on a resource.
    fn written(&self, region: &Region, id: &ResourceId, resource: &Resource, wrong: &mut Vec<Violation>) {
        let text = resource.tag(MARK);
        let life = calls::mark_id(Mode::Live, region, id).and_then(|mark| self.model.lives.get(&mark));
        let taggable = tagged_at_once(id.kind).is_some() && id.kind != Kind::LogGroup;
        let versions = self.window(region).versions(id);
        let shared = versions.iter().flatten().any(|version| version.shared);
        // Marks that were not placed, or not put right, for lack of turns.
        if !taggable || shared || self.janitor.max_marks.is_some() {
            return;
        }
        let waste = self.is_waste(region, id);
        match life {
            Some(life) if waste && life.mark.acting.is_none() => {
                let mark = &life.mark;
                let right = format!("delete@{} rule={} since={}", mark.end, mark.rule, mark.since);
                if text != Some(&right) {
                    self.wrong("tag", format!("{id} says {text:?}, and the ledger {right}"), wrong);
                }
            }
            None if !waste && self.is_listed(id.kind, resource) => {
                let ours =
                    text.and_then(marks::rule_of).filter(|rule| self.janitor.rules.iter().any(|one| one == rule));
                if let Some(rule) = ours {
                    self.wrong("lifted", format!("{id} is no waste, and still says {rule}"), wrong);
                }
            }
            _ => {}
        }
    }

    /// Whether its kind is looked at, and this one is in its list: what is attached is not in every one.
    fn is_listed(&self, kind: Kind, resource: &Resource) -> bool {
        let rules = crate::months::generate::RULES;
        let looked_at =
            rules.iter().any(|(rule, of)| *of == kind.as_str() && self.janitor.rules.iter().any(|one| one == rule));
        let loose = match kind {
            Kind::Volume => {
                resource.volume().is_some_and(|one| one.state == simian_core::resource::VolumeState::Available)
            }
            Kind::Interface => resource.interface().is_some_and(|one| one.available),
            // It has ended, and is shown for a while.
            Kind::Instance => resource.instance().is_some_and(|one| one.state != InstanceState::Terminated),
            Kind::NatGateway => resource.nat_gateway().is_some_and(|one| one.alive),
            _ => true,
        };
        looked_at && loose
    }
}

/// Whether it ended with something that it was a part of: an image's snapshot, a template's version.
pub(super) fn went_along(ended: &[Ended], one: &Ended) -> bool {
    ended.iter().any(|whole| {
        let parts = match whole.resource.id.kind {
            Kind::Image => Kind::Snapshot,
            Kind::LaunchTemplate => Kind::TemplateVersion,
            _ => return false,
        };
        whole.at == one.at && whole.region == one.region && one.resource.id.kind == parts
    })
}

/// Everything that ended by our calls was said to have ended, unless the ledger that knew was lost.
fn unsaid(model: &Model, stage: &Stage, wrong: &mut Vec<Violation>) {
    let ended = stage.cloud.ended();
    for one in &ended {
        let id = &one.resource.id;
        let said = model
            .gone
            .iter()
            .any(|said| said.region == one.region && said.target == id.to_string() && one.at <= said.at);
        let lost = model.lost.iter().any(|at| one.at <= *at);
        if !said && !lost && !went_along(&ended, one) {
            wrong.push(Violation {
                rule: "unsaid",
                at: one.at,
                text: format!("{id} ended by our call, and nobody said so"),
            });
        }
    }
}
