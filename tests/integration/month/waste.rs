//! What becomes of waste, of what is used, and of what is used again just in time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use simian_core::ports::{GroupQuery, ResourceQuery};
use simian_core::{Event, InstanceState, Kind, Mode, Region, Resource, ResourceKind};

use super::estate::{Estate, Fate};
use super::stage::Stage;
use crate::moto::Moto;
use crate::post::Post;
use crate::process;

/// The working days of the month.
const DAYS: i64 = 20;

/// Every rule and every kind. A mark lives for a week, its owner has two days of notice, an image two of grace.
fn config() -> String {
    let rules = simian_janitor::RULES;
    let ages = rules.iter().map(|rule| format!("[monkeys.janitor.rule.{}]\nage = \"0d\"\n{}", rule.id, more(rule.id)));
    let kinds = [
        "instance",
        "volume",
        "snapshot",
        "image",
        "auto-scaling-group",
        "launch-configuration",
        "launch-template",
        "launch-template-version",
        "load-balancer",
        "classic-load-balancer",
        "target-group",
        "elastic-ip",
        "network-interface",
        "security-group",
        "key-pair",
        "nat-gateway",
        "log-group",
    ];
    format!(
        r#"[monkeys.janitor]
enabled = true
rules = ["*"]
delete = {kinds:?}
retention_days = 5
notice_days = 2
grace_days = 2
max_deletes = "unlimited"
max_delete_percent = "unlimited"
{}"#,
        ages.collect::<String>()
    )
}

/// The keys that some rules have.
fn more(rule: &str) -> &'static str {
    match rule {
        "old-template-version" => "newest = 1\n",
        "log-group-without-retention" => "keep_days = 90\n",
        "untagged" => "kinds = [\"elastic-ip\"]\ntags = [\"team\"]\n",
        _ => "",
    }
}

/// What the ledger tells of a thing that comes to that end, by working days.
fn story(fate: Fate) -> &'static [&'static str] {
    match fate {
        Fate::Ends | Fate::Forgets => &["0 placed", "3 announced", "5 intended delete", "5 done delete"],
        Fate::EndsSaved => {
            &["0 placed", "3 announced", "5 intended save", "5 done save", "6 intended delete", "6 done delete"]
        }
        Fate::EndsDisabled => {
            &["0 placed", "3 announced", "5 intended save", "5 done save", "7 intended delete", "7 done delete"]
        }
        Fate::EndsLater => &["6 placed", "9 announced", "11 intended delete", "11 done delete"],
        Fate::Announced => &["0 placed", "3 announced"],
        Fate::Stays => &[],
    }
}

/// What happened to each, by what events call it.
fn stories(stage: &Stage, events: &[Event]) -> BTreeMap<String, Vec<String>> {
    let mut stories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in events {
        let Some(target) = event.body.target.clone() else { continue };
        let kind = event.body.kind.as_str();
        let word = kind.trim_start_matches("action.").trim_start_matches("mark.");
        let action = event.body.action.as_deref().unwrap_or_default();
        let line = format!("{} {word} {action}", stage.day_of(event.body.at));
        stories.entry(target).or_default().push(line.trim_end().to_owned());
    }
    stories
}

/// Everything that there is in the account, as AWS lists it.
async fn inventory(stage: &Stage) -> BTreeSet<String> {
    let region: Region = "us-east-1".parse().unwrap();
    let cloud = &stage.engine.accounts[0].cloud;
    let groups = cloud.groups(&region, &GroupQuery::All).await.unwrap();
    let mut all: BTreeSet<String> =
        groups.iter().map(|group| format!("{}/{}", ResourceKind::Group, group.name)).collect();
    for kind in ResourceKind::ALL.iter().filter(|kind| **kind != ResourceKind::Group) {
        let listed = cloud.resources(&region, *kind, &ResourceQuery::All).await.unwrap();
        all.extend(listed.iter().filter(|one| !ended(one)).map(|one| one.id.to_string()));
    }
    all
}

/// Some are listed for a while after their end.
fn ended(resource: &Resource) -> bool {
    resource.instance().is_some_and(|one| one.state == InstanceState::Terminated)
        || resource.nat_gateway().is_some_and(|one| !one.alive)
}

#[test]
fn every_rule_in_a_month() {
    process::of_its_own("month::waste::every_rule_in_a_month", play);
}

async fn play(moto: Moto) {
    let outside = Moto::at(moto.port());
    let estate = Estate::new(&outside);
    // They are used again after the first day, once they were announced, and once they were saved.
    let again =
        [(1, "0 placed"), (3, "3 announced"), (5, "5 done save")].map(|(day, state)| (day, state, estate.volume()));
    let kept = estate.volume();
    let post = Post::new(&outside);
    let owners = ["ann", "bob", "cid"].map(|owner| {
        let policy = json!({ "kind": ["mark.announced"], "owner": [owner] });
        (owner, post.subscribe(owner, &policy))
    });
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::new(moto, folder.path(), &config(), &post.topic).await;
    let before = inventory(&stage).await;

    for day in 0..DAYS {
        stage.round("janitor", day).await;
        for ((after, _, volume), letter) in again.iter().zip('h'..) {
            if *after == day {
                estate.attach(volume, letter);
            }
        }
        if day == 3 {
            estate.tag(&kept, "simian:keep", "forever");
        }
    }

    let events = stage.events().await;
    let told = stories(&stage, &events);
    let mut expected: BTreeMap<String, Vec<String>> = estate
        .things
        .iter()
        .filter(|thing| thing.fate != Fate::Stays)
        .map(|thing| (thing.target.clone(), words(story(thing.fate))))
        .collect();
    for (day, state, volume) in &again {
        let mut lines = words(story(Fate::EndsSaved));
        lines.truncate(lines.iter().position(|line| line == state).unwrap() + 1);
        lines.push(format!("{} lifted", day + 1));
        expected.insert(format!("volume/{volume}"), lines);
    }
    expected.insert(format!("volume/{kept}"), words(&["0 placed", "3 announced", "4 lifted"]));
    assert_eq!(told, expected);

    check_account(&stage, &estate, &before, &events).await;
    // Who was used again before its announcement was never announced.
    let [_, announced, saved] = again.map(|(_, _, volume)| volume);
    check_post(&post, &owners, &estate, &[announced, saved, kept]);
    let marks = stage.engine.ledger.marks(Mode::Live, &stage.engine.accounts[0].policy.account).await.unwrap();
    let marked: BTreeSet<String> = marks.into_keys().map(|id| id.resource.to_string()).collect();
    let stay = estate.things.iter().filter(|thing| thing.fate == Fate::Announced);
    assert_eq!(marked, stay.map(|thing| thing.target.clone()).collect());
}

fn words(lines: &[&str]) -> Vec<String> {
    lines.iter().map(ToString::to_string).collect()
}

/// What is gone, what is new, and what is still there.
async fn check_account(stage: &Stage, estate: &Estate<'_>, before: &BTreeSet<String>, events: &[Event]) {
    let after = inventory(stage).await;
    let gone: BTreeSet<String> = before.difference(&after).cloned().collect();
    let ends = [Fate::Ends, Fate::EndsLater, Fate::EndsSaved, Fate::EndsDisabled];
    let things = estate.things.iter().filter(|thing| ends.contains(&thing.fate)).map(|thing| &thing.target);
    let ended: BTreeSet<String> = things.chain(&estate.parts).cloned().collect();
    assert_eq!(gone, ended);
    // A snapshot of each volume that was saved, whether it was deleted then or used again.
    let new: BTreeSet<String> = after.difference(before).cloned().collect();
    let saved = events.iter().filter(|event| event.body.kind == Kind::ActionDone && event.body.why.contains("kept as"));
    let kept = saved.filter_map(|event| event.body.why.rsplit(' ').next());
    assert_eq!(new, kept.map(|id| format!("snapshot/{id}")).collect());
    assert_eq!(new.len(), 2);
    assert_eq!((estate.retention("waste"), estate.retention("used")), (Some(90), Some(30)));
    let done = events.iter().filter(|event| event.body.kind == Kind::ActionDone);
    assert!(done.into_iter().all(|event| event.body.outcome.as_deref() == Some("done")));
}

/// Each owner heard of what is theirs, once, by the attributes that the topic filters by.
fn check_post(post: &Post<'_>, owners: &[(&str, String)], estate: &Estate<'_>, more: &[String]) {
    for (owner, queue) in owners {
        let told: Vec<(Event, BTreeMap<String, String>)> = post.received(queue);
        let mut heard: Vec<String> = told.into_iter().filter_map(|(event, _)| event.body.target).collect();
        heard.sort();
        let theirs = estate.things.iter().filter(|thing| thing.fate != Fate::Stays && thing.owner == Some(owner));
        let mut expected: Vec<String> = theirs.map(|thing| thing.target.clone()).collect();
        expected.extend(more.iter().filter(|_| *owner == "ann").map(|volume| format!("volume/{volume}")));
        expected.sort();
        assert_eq!(heard, expected, "{owner}");
    }
}
