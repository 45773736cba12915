//! A resource explained: the chain that keeps it, or the rule that condemns it, and every rail on the way to its end.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use futures_util::future::join_all;
use serde_json::{Value, json};
use simian_core::graph::referrers;
use simian_core::rails::Recheck;
use simian_core::{
    Considered, Day, Extent, Finding, Graph, Groups, JudgedChore, Mark, Monkey, Needs, Outlook, Resource, ResourceId,
    ResourceKind, Scope, Users, World, judge_chores,
};

use super::super::Format;
use crate::config::Config;
use crate::engine::{Account, Engine};
use crate::exit::{Exit, Failure};
use crate::order::Order;
use crate::{observe, render};

/// What ids of a kind begin with. Source: EC2 API, the ids of its resources.
const PREFIXES: [(&str, ResourceKind); 12] = [
    ("vol-", ResourceKind::Volume),
    ("snap-", ResourceKind::Snapshot),
    ("ami-", ResourceKind::Image),
    ("sg-", ResourceKind::SecurityGroup),
    ("eni-", ResourceKind::Interface),
    ("eipalloc-", ResourceKind::Address),
    ("lt-", ResourceKind::LaunchTemplate),
    ("key-", ResourceKind::KeyPair),
    ("nat-", ResourceKind::NatGateway),
    ("rtb-", ResourceKind::RouteTable),
    ("subnet-", ResourceKind::Subnet),
    ("arn:", ResourceKind::Balancer),
];

/// The resource that a text means, if it means one. A group's name and an instance's id alone mean a unit's.
pub(super) fn meant(text: &str) -> Option<ResourceId> {
    if let Ok(id) = text.parse::<ResourceId>() {
        return (!id.id.is_empty()).then_some(id);
    }
    let (_, kind) = PREFIXES.iter().find(|(prefix, _)| text.starts_with(prefix))?;
    let kind = match kind {
        ResourceKind::LaunchTemplate if text.contains(':') => ResourceKind::TemplateVersion,
        ResourceKind::Balancer if text.contains(":targetgroup/") => ResourceKind::TargetGroup,
        ResourceKind::Balancer if !text.contains(":loadbalancer/") => return None,
        kind => *kind,
    };
    Some(ResourceId::new(kind, text))
}

/// What is known of a resource in one scope.
struct Answer {
    scope: Scope,
    resource: Resource,
    /// Who keeps it, from whoever nobody points at down to it.
    chain: Vec<(ResourceId, &'static str)>,
    /// How many point at it.
    users: usize,
    /// Why nobody knows whether it is used.
    uncertain: Option<String>,
    marks: Vec<(simian_core::Mode, Mark)>,
    chores: Vec<JudgedChore>,
    considered: Vec<String>,
    findings: Vec<Finding>,
}

pub(super) async fn run(
    engine: &Engine,
    meant: &ResourceId,
    format: Format,
    config: &Config,
    day: &Day,
) -> Result<Exit, Failure> {
    let (mut answers, mut failed, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for page in join_all(engine.accounts.iter().map(|account| explain(engine, account, meant, day))).await {
        match page {
            Ok((found, blind)) => {
                answers.extend(found);
                failed.extend(blind);
            }
            // One account that fails never stops another.
            Err(failure) => failures.push(failure),
        }
    }
    let zone = config.calendar.zone;
    super::super::pause::banner(engine.ledger.as_ref(), &engine.brake, engine.clock.now(), zone, format).await?;
    let text = match format {
        Format::Json => self::json(meant, &answers, &failed).to_string(),
        Format::Table => render::plain_lines(&self::text(meant, &answers, &failed)),
    };
    super::super::print(text.trim_end())?;
    let exit = match (failed.is_empty(), answers.is_empty()) {
        (false, _) => Exit::Cloud,
        (true, true) if failures.is_empty() => Exit::Usage,
        (true, _) => Exit::Done,
    };
    Ok(super::super::told(failures, exit))
}

/// Everything that could be on a chain to that kind.
fn needs(kind: ResourceKind, monkey: &dyn Monkey) -> Needs {
    let mut needs = monkey.needs();
    needs.groups = Groups::All;
    let (mut line, mut seen) = (vec![kind], BTreeSet::new());
    while let Some(kind) = line.pop() {
        if seen.insert(kind) {
            needs.estate.want(kind, Extent::All);
            line.extend(referrers(kind));
        }
    }
    needs
}

async fn explain(
    engine: &Engine,
    account: &Account,
    meant: &ResourceId,
    day: &Day,
) -> Result<(Vec<Answer>, Vec<String>), Failure> {
    let (mut answers, mut failed): (Vec<Answer>, Vec<String>) = (Vec::new(), Vec::new());
    for monkey in engine.monkeys.iter().map(AsRef::as_ref).filter(|monkey| monkey.needs().groups != Groups::OptedIn) {
        let needs = needs(meant.kind, monkey);
        let mut world = observe::look(engine, account, &account.whole(), monkey, &needs, &Order::USUAL, day).await?;
        observe::change_calendars(engine, account, &mut world).await;
        let outlook = monkey.propose(&world, day, &engine.dice);
        for (scope, fleet) in &world.fleets {
            for (kind, why) in fleet.estate.unknown() {
                let said = format!("{} of {scope} are not known: {why}", kind.several());
                if !failed.contains(&said) {
                    failed.push(said);
                }
            }
            let group = || fleet.groups.known()?.get(&meant.id).map(Resource::from);
            let found = if meant.kind == ResourceKind::Group { group() } else { fleet.estate.get(meant).cloned() };
            let Some(resource) = found else { continue };
            let known = answers.iter().position(|answer| answer.scope == *scope);
            let place = known.unwrap_or_else(|| {
                answers.push(answer(&world, scope, resource));
                answers.len() - 1
            });
            said(&mut answers[place], engine, account, (&world, day), monkey, outlook.clone());
        }
    }
    Ok((answers, failed))
}

/// What the graph says.
fn answer(world: &World, scope: &Scope, resource: Resource) -> Answer {
    let graph = world.fleets.get(scope).map(Graph::of);
    let users = graph.as_ref().map(|graph| graph.users(&resource.id));
    let chain = graph.as_ref().map(|graph| graph.chain(&resource.id)).unwrap_or_default();
    Answer {
        scope: scope.clone(),
        chain: chain.iter().map(|user| (user.id.clone(), user.how)).collect(),
        users: if let Some(Users::Used(users)) = &users { users.len() } else { 0 },
        uncertain: if let Some(Users::Unknown(why)) = &users { Some(why.clone()) } else { None },
        marks: Vec::new(),
        chores: Vec::new(),
        considered: Vec::new(),
        findings: Vec::new(),
        resource,
    }
}

/// What a monkey says of it besides.
fn said(
    answer: &mut Answer,
    engine: &Engine,
    account: &Account,
    (world, day): (&World, &Day),
    monkey: &dyn Monkey,
    outlook: Outlook,
) {
    let id = &answer.resource.id;
    let here = |scope: &Scope, resource: &ResourceId| *scope == answer.scope && resource == id;
    let marks = world.history.marks.iter().filter(|(mark, _)| here(&mark.scope, &mark.resource));
    answer.marks.extend(marks.map(|(id, mark)| (id.mode, mark.clone())));
    let chores: Vec<_> = outlook.chores.into_iter().filter(|chore| here(&chore.scope, &chore.resource)).collect();
    let now = engine.clock.now();
    answer.chores.extend(judge_chores(chores, world, &Recheck::none(), &account.policy, now));
    let full = format!("{}/{id}", answer.scope);
    let considered = |one: &Considered| one.unit == full;
    answer.considered.extend(outlook.considered.into_iter().filter(considered).map(|one| one.why));
    answer.considered.extend(monkey.explain(world, day, &answer.scope, id));
    let subject = id.to_string();
    let about = |finding: &Finding| finding.scope == answer.scope && finding.subject == subject;
    answer.findings.extend(outlook.findings.into_iter().filter(about));
}

fn json(meant: &ResourceId, answers: &[Answer], failed: &[String]) -> Value {
    let resources = answers.iter().map(|answer| {
        let chain = answer.chain.iter().map(|(id, how)| json!({ "resource": id, "how": how }));
        json!({
            "account": answer.scope.account,
            "region": answer.scope.region,
            "name": answer.resource.name,
            "tags": answer.resource.tags.known(),
            "created": answer.resource.created,
            "users": answer.users,
            "chain": chain.collect::<Vec<_>>(),
            "uncertain": answer.uncertain,
            "marks": answer.marks.iter().map(|(mode, mark)| json!({ "mode": mode, "mark": mark })).collect::<Vec<_>>(),
            "proposals": answer.chores.iter().map(render::chore_json).collect::<Vec<_>>(),
            "considered": answer.considered,
            "findings": answer.findings.iter().map(|finding| json!({
                "rule": finding.rule, "severity": finding.severity.as_str(), "why": finding.why,
            })).collect::<Vec<_>>(),
        })
    });
    json!({ "target": meant, "resources": resources.collect::<Vec<_>>(), "failed": failed })
}

fn text(meant: &ResourceId, answers: &[Answer], failed: &[String]) -> String {
    let mut out = String::new();
    if answers.is_empty() && failed.is_empty() {
        let _ = writeln!(
            out,
            "nothing is known of {meant} in any configured region; the janitor and the conformity monkey look at \
             resources: is one of them enabled?"
        );
    }
    for why in failed {
        let _ = writeln!(out, "failed: {why}");
    }
    for answer in answers {
        out += &one(answer);
    }
    out
}

fn one(answer: &Answer) -> String {
    let resource = &answer.resource;
    let name = resource.name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
    let mut out = format!("{}{name} in {}\n", resource.id, answer.scope);
    let _ = match (answer.chain.as_slice(), &answer.uncertain) {
        ([], Some(why)) => writeln!(out, "nobody that is known points at it, and that is not everybody: {why}"),
        ([], None) => writeln!(out, "nobody points at it"),
        (chain, _) => {
            let links: Vec<String> = chain.iter().map(|(id, how)| format!("{id} {how}")).collect();
            let more = if answer.users > 1 { format!("; {} point at it in all", answer.users) } else { String::new() };
            writeln!(out, "kept by  {}{more}", links.join(" → "))
        }
    };
    for (mode, mark) in &answer.marks {
        let announced = mark.announced.map_or_else(|| "not announced".into(), |on| format!("announced {on}"));
        let _ = writeln!(
            out,
            "marked   by {} since {} ({mode}): may go from {} on, {announced}",
            mark.rule, mark.since, mark.end
        );
    }
    for why in &answer.considered {
        let _ = writeln!(out, "says     {why}");
    }
    for finding in &answer.findings {
        let _ = writeln!(out, "finding  {} ({}): {}", finding.rule, finding.severity, finding.why);
    }
    for judged in &answer.chores {
        let _ = writeln!(out, "\nnext: {} it: {}\n", judged.chore.step, judged.chore.why);
        let rows = judged
            .rulings
            .iter()
            .map(|ruling| vec![ruling.rail.to_string(), ruling.says.word().into(), ruling.says.why().to_owned()]);
        let _ = writeln!(out, "{}", render::table(&["rail", "verdict", "why"], rows));
    }
    out + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_or_a_kind_and_a_name_mean_a_resource() {
        for (text, expected) in [
            ("vol-0abc", Some("volume/vol-0abc")),
            ("lt-1", Some("launch-template/lt-1")),
            ("lt-1:3", Some("launch-template-version/lt-1:3")),
            ("launch-configuration/web-7", Some("launch-configuration/web-7")),
            ("instance/i-1", Some("instance/i-1")),
            (
                "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/1",
                Some("target-group/arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/1"),
            ),
            (
                "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/a/1",
                Some("load-balancer/arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/a/1"),
            ),
            ("i-0abc", None),
            ("shop-prod-v001", None),
            ("volume/", None),
            ("cluster:shop-prod", None),
            ("arn:aws:iam::1:role/x", None),
        ] {
            assert_eq!(meant(text).map(|id| id.to_string()).as_deref(), expected, "{text}");
        }
    }
}
