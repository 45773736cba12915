//! What is waste, said once more: plain, a rule at a time, and with a window instead of a moment.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use simian_core::resource::{About, VolumeState};
use simian_core::{Group, InstanceState, Lifecycle, Resource, ResourceId, ResourceKind as Kind, View};

use super::history::Window;
use super::keep;
use super::points::Target;
use crate::months::JanitorSetup;
use crate::scenario::ACCOUNT;

/// What a judgement goes by beside the resources.
pub(super) struct Facts<'f> {
    pub(super) janitor: &'f JanitorSetup,
    /// The operator's date.
    pub(super) today: NaiveDate,
    pub(super) now: DateTime<Utc>,
    /// Since when it is marked, if it is.
    pub(super) since: Option<NaiveDate>,
    /// The snapshots that are somebody's last resort.
    pub(super) resorts: BTreeSet<String>,
}

/// No, and why not.
type Says = Result<(), &'static str>;

/// Whether it could be seen to be waste by that rule; else why not.
pub(super) fn waste(window: &Window<'_>, facts: &Facts<'_>, rule: &str, id: &ResourceId) -> Says {
    if !facts.janitor.rules.iter().any(|one| one == rule || one == "*") {
        return Err("its rule is not enabled");
    }
    by(window, facts, rule, id)
}

/// Whether it could be seen to be worth a mark by that rule. What lacks tags is, however much it is used.
pub(super) fn condemned(window: &Window<'_>, facts: &Facts<'_>, rule: &str, id: &ResourceId) -> Says {
    if rule == "untagged" {
        return window
            .seen(id)
            .into_iter()
            .map(|one| itself(window, facts, rule, one))
            .fold(Err("it is gone"), Result::or);
    }
    waste(window, facts, rule, id)?;
    besides(window, facts, rule, id)
}

fn by(window: &Window<'_>, facts: &Facts<'_>, rule: &str, id: &ResourceId) -> Says {
    match rule {
        "empty-group" | "suspended-group" => return of_group(window, facts, rule, &id.id),
        "untagged" => return untagged(window, facts, id),
        _ => {}
    }
    let seen = window.seen(id);
    let mut own: Says = Err("it is gone");
    let mut users: Says = Err("it is gone");
    for resource in seen {
        own = own.or_else(|_| itself(window, facts, rule, resource));
        users = users.or_else(|_| unused(window, rule, resource));
    }
    own.and(users)
}

/// What its own description says, with the tags that count for it.
fn itself(window: &Window<'_>, facts: &Facts<'_>, rule: &str, resource: &Resource) -> Says {
    let tags = |of: &Resource| {
        let View::Known(tags) = &of.tags else { return Err("nobody knows its tags") };
        if tags.keys().any(|key| key.starts_with("aws:backup:") || key.starts_with("aws:dlm:")) {
            return Err("a life cycle looks after it");
        }
        if keep::by_tag(tags.get("simian:keep").map(String::as_str), facts.today)
            || keep::by_line(&facts.janitor.keep, &resource.id, tags)
        {
            return Err("it is kept");
        }
        if managed(of) { Err("a service of AWS looks after it") } else { Ok(()) }
    };
    match &resource.about {
        // Its template has the only tags.
        About::TemplateVersion(version) => {
            let template = ResourceId::new(Kind::LaunchTemplate, &version.template);
            let all = window.seen(&template);
            all.into_iter().map(tags).reduce(Result::or).unwrap_or(Err("its template is gone"))?;
        }
        _ => tags(resource)?,
    }
    state(facts, rule, resource)?;
    old(facts, made(rule, resource))
}

fn managed(resource: &Resource) -> bool {
    match &resource.about {
        About::Instance(one) => one.managed,
        About::Volume(one) => one.managed,
        About::LaunchTemplate(one) => one.managed,
        About::Address(one) => one.managed,
        About::Interface(one) => one.managed,
        _ => false,
    }
}

/// Since when its age counts, where AWS says.
fn made(rule: &str, resource: &Resource) -> Option<DateTime<Utc>> {
    match (&resource.about, rule) {
        (About::Instance(one), "stopped-instance") => one.stopped,
        (About::Instance(one), _) => Some(one.launched),
        _ => resource.created,
    }
}

fn old(facts: &Facts<'_>, made: Option<DateTime<Utc>>) -> Says {
    let age = TimeDelta::days(i64::from(facts.janitor.age));
    let old = match (made, facts.since) {
        (Some(made), _) => facts.now - made >= age,
        // Its mark must be that old. What is not marked yet has time.
        (None, Some(since)) => since + age <= facts.today,
        (None, None) => true,
    };
    if old { Ok(()) } else { Err("it is too young") }
}

fn state(facts: &Facts<'_>, rule: &str, resource: &Resource) -> Says {
    let spared = match (&resource.about, rule) {
        (About::Volume(one), "unattached-volume") => one.state != VolumeState::Available || !one.attached.is_empty(),
        (About::Snapshot(one), "unused-snapshot") => {
            let strange = one.owner != ACCOUNT || one.public == Some(true);
            strange || !one.completed || facts.resorts.contains(&resource.id.id)
        }
        (About::Image(one), "unused-image") => {
            one.owner != ACCOUNT || one.public || one.protected || !(one.available || one.disabled)
        }
        (About::TemplateVersion(one), "old-template-version") => one.default || one.latest,
        (About::TargetGroup(one), "unused-target-group") => !one.balancers.is_empty(),
        (About::Address(one), "unassociated-address") => one.associated,
        (About::SecurityGroup(one), "unused-security-group") => one.name == "default",
        (About::Interface(one), "unused-interface") => !one.available,
        (About::NatGateway(one), "idle-nat-gateway") => !one.alive,
        (About::LogGroup(one), "log-group-without-retention") => one.retention_days.is_some(),
        (About::ClassicBalancer(one), "idle-classic-balancer") => !one.instances.is_empty(),
        (About::Instance(one), "untagged") => {
            let owned = resource.tag("owner").is_some_and(|owner| !owner.trim().is_empty());
            owned || one.state == InstanceState::Terminated
        }
        (About::Instance(one), "stopped-instance") => one.state != InstanceState::Stopped || one.group.is_some(),
        (About::Instance(one), "orphan-instance") => {
            let tags = resource.tags.known().into_iter().flatten();
            let strange = |key: &str| {
                let ours = key.starts_with("aws:ec2launchtemplate:") || key.starts_with("aws:cloudformation:");
                key.starts_with("aws:") && !ours
            };
            let somebodys =
                tags.into_iter().any(|(key, value)| strange(key) || (key == "owner" && !value.trim().is_empty()));
            one.state != InstanceState::Running || one.group.is_some() || somebodys
        }
        (About::KeyPair(_), "unused-key-pair")
        | (About::LaunchConfiguration(_), "unused-launch-configuration")
        | (About::LaunchTemplate(_), "unused-launch-template")
        | (About::Balancer(_), "idle-balancer") => false,
        _ => return Err("its rule is not about such things"),
    };
    if spared { Err("by its own description it is no waste") } else { Ok(()) }
}

/// The kinds that may use what a rule is about, and whether groups may.
fn users(rule: &str) -> (&'static [Kind], bool) {
    match rule {
        "unused-snapshot" => (&[Kind::Image, Kind::Volume, Kind::TemplateVersion, Kind::LaunchConfiguration], false),
        "unused-image" => (&[Kind::Instance, Kind::TemplateVersion, Kind::LaunchConfiguration, Kind::Parameter], true),
        "unused-launch-configuration" | "unused-target-group" | "idle-classic-balancer" => (&[], true),
        "unused-launch-template" | "old-template-version" => (&[Kind::Instance], true),
        "unassociated-address" => (&[Kind::NatGateway], false),
        "unused-security-group" => (
            &[
                Kind::Interface,
                Kind::Instance,
                Kind::SecurityGroup,
                Kind::TemplateVersion,
                Kind::LaunchConfiguration,
                Kind::Balancer,
                Kind::ClassicBalancer,
            ],
            false,
        ),
        "unused-interface" => (&[Kind::TemplateVersion, Kind::RouteTable, Kind::NatGateway, Kind::Address], false),
        "unused-key-pair" => (&[Kind::Instance, Kind::TemplateVersion, Kind::LaunchConfiguration], false),
        "idle-nat-gateway" => (&[Kind::RouteTable], false),
        "orphan-instance" | "stopped-instance" => (&[Kind::ClassicBalancer], true),
        _ => (&[], false),
    }
}

/// Nobody could be seen to use it. Each kind is looked at by itself.
fn unused(window: &Window<'_>, rule: &str, resource: &Resource) -> Says {
    let target = Target::of(resource);
    let (kinds, groups) = users(rule);
    let free = |kind: &Kind| window.ever(*kind, |list| !list.iter().any(|other| target.used_by(other)));
    if !kinds.iter().all(free) {
        return Err("somebody used it all the time");
    }
    if groups && !window.ever_groups(|groups| !groups.iter().any(|group| target.used_by_group(group))) {
        return Err("a group used it all the time");
    }
    Ok(())
}

/// The versions that are newer than this one are enough; and, of a balancer, all that is behind it is empty.
pub(super) fn besides(window: &Window<'_>, facts: &Facts<'_>, rule: &str, id: &ResourceId) -> Says {
    match rule {
        "old-template-version" => {
            let Some((template, number)) = id.id.rsplit_once(':') else { return Err("it is no version") };
            let number: u64 = number.parse().unwrap_or(0);
            let newer = |other: &&&Resource| {
                other.template_version().is_some_and(|one| one.template == template && one.number > number)
            };
            let enough = |list: &[&Resource]| list.iter().filter(newer).count() >= facts.janitor.newest as usize;
            if window.ever(Kind::TemplateVersion, enough) { Ok(()) } else { Err("it is one of the newest") }
        }
        "idle-balancer" => {
            let behind = |one: &Resource| one.target_group().is_some_and(|one| one.balancers.contains(&id.id));
            let full =
                |one: &Resource| !window.ever_groups(|all| !all.iter().any(|g| g.target_groups.contains(&one.id.id)));
            let empty = |list: &[&Resource]| {
                list.iter().any(|one| behind(one)) && !list.iter().any(|one| behind(one) && full(one))
            };
            let alone = |list: &[&Resource]| !list.iter().any(|one| behind(one));
            // With nothing behind it, it may answer by itself.
            let silent = |one: &Resource| one.balancer().is_some_and(|one| one.listeners == Some(0));
            let idle = window.ever(Kind::TargetGroup, empty)
                || (window.ever(Kind::TargetGroup, alone) && window.seen(id).into_iter().any(silent));
            if idle { Ok(()) } else { Err("it answers, or a group is behind it") }
        }
        _ => Ok(()),
    }
}

/// What lacks tags must be unused by another rule as well.
fn untagged(window: &Window<'_>, facts: &Facts<'_>, id: &ResourceId) -> Says {
    condemned(window, facts, "untagged", id)?;
    if !facts.janitor.delete_untagged {
        return Err("nothing may be deleted for its tags alone");
    }
    let others = ["orphan-instance", "stopped-instance"];
    others.iter().map(|rule| by(window, facts, rule, id)).reduce(Result::or).unwrap_or(Ok(()))
}

/// A group that has nothing and wants nothing, or is switched off.
fn of_group(window: &Window<'_>, facts: &Facts<'_>, rule: &str, name: &str) -> Says {
    let mut why = "it is gone";
    let like = |group: &Group| -> Says {
        if keep::by_tag(group.tags.get("simian:keep").map(String::as_str), facts.today)
            || keep::by_line(&facts.janitor.keep, &ResourceId::new(Kind::Group, name), &group.tags)
        {
            return Err("it is kept");
        }
        let off = ["Launch", "AddToLoadBalancer"].iter().any(|off| group.suspended.iter().any(|one| one == off));
        let wants = if rule == "empty-group" { group.min > 0 || group.desired > 0 } else { !off };
        let aside = |lifecycle: &Lifecycle| matches!(lifecycle, Lifecycle::Standby | Lifecycle::Warmed);
        let serves = group.members.iter().any(|one| one.serves() || one.protected || aside(&one.lifecycle));
        if wants || group.protected || group.warm > 0 || serves || (rule == "empty-group" && !group.members.is_empty())
        {
            return Err("it has or wants something");
        }
        old(facts, if rule == "empty-group" { group.created } else { group.suspended_since })
    };
    let found = window.ever_groups(|groups| groups.iter().any(|group| group.name == name && like(group).is_ok()));
    if found {
        return Ok(());
    }
    let there = |groups: &[&Group]| groups.iter().any(|group| group.name == name);
    if window.ever_groups(there) {
        why = "it is used, kept or young";
    }
    Err(why)
}
