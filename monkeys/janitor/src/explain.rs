//! Why a resource is waste, or is not: every rule's answer.

use std::collections::BTreeMap;

use simian_core::{Day, Graph, Mark, Resource, ResourceId, ResourceKind, Scope, World};

use crate::ground::Ground;
use crate::rules::{Judgement, Spared};
use crate::{Janitor, words};

/// What is to be said of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Why it is kept, if it is.
    pub kept: Option<String>,
    /// What each enabled rule of its kind says, in reading order, by id.
    pub rules: Vec<(&'static str, Judgement)>,
    /// Who uses it, up to whom nobody points at.
    pub chain: Option<String>,
    /// Its mark.
    pub mark: Option<Mark>,
}

impl Explained {
    /// A line for each: what keeps it, and what each rule says.
    pub fn lines(&self) -> Vec<String> {
        let kept = self.kept.iter().map(|why| format!("it is kept: {why}"));
        let rules = self.rules.iter().map(|(rule, says)| match says {
            Ok(waste) => format!("{rule} condemns it: {}", waste.why),
            Err(Spared::InUse(why)) => format!("{rule} spares it: {why}"),
            Err(Spared::Unknown(why)) => format!("{rule} cannot say: {why}"),
        });
        kept.chain(rules).collect()
    }
}

impl Janitor {
    /// Everything about one resource. `None` when it was not read.
    pub fn explained(&self, world: &World, day: &Day, scope: &Scope, id: &ResourceId) -> Option<Explained> {
        let fleet = world.fleets.get(scope)?;
        let group = fleet.groups.known().and_then(|groups| groups.get(&id.id));
        let group = group.filter(|_| id.kind == ResourceKind::Group).map(Resource::from);
        let resource = group.as_ref().or_else(|| fleet.estate.get(id))?;
        let marks: BTreeMap<&ResourceId, &Mark> = world
            .history
            .marks
            .iter()
            .filter(|(mark, _)| mark.mode == world.mode && mark.scope == *scope)
            .map(|(mark, state)| (&mark.resource, state))
            .collect();
        let graph = Graph::of(fleet);
        let ground = Ground::new(fleet, &graph, &self.frame(world, &marks));
        let mine = self.rules.iter().filter(|(rule, params)| rule.kinds(params).contains(&id.kind));
        Some(Explained {
            kept: self.kept(&ground, resource, day),
            rules: mine.map(|(rule, params)| (rule.id, rule.judge(resource, &ground, params))).collect(),
            chain: words::chain(&graph, id),
            mark: marks.get(id).map(|mark| (*mark).clone()),
        })
    }
}
