//! What holds of every world.

use std::collections::BTreeMap;

use proptest::prelude::*;
use simian_core::detail::{Activity, Progress, Refresh, TargetHealth};
use simian_core::ports::InstanceState;
use simian_core::resource::{About, Metadata, Peer, Permission, SecurityGroup};
use simian_core::{Group, InstanceId, LaunchSource, Lifecycle, Outlook, Resource, ResourceKind, View};

use super::outlook::outlook;
use crate::testing::{Scene, TARGETS, days_ago, group, instance_but, member, resource, tags, today};

/// Everything that can be asked, is.
const ALL: &str = "rule.required-tags.tags = { env = [\"prod\"] }\nrule.required-security-groups.groups = [\"sg-2\"]\n\
                   rule.never-chaos-tested.stacks = [\"*\"]\n";

fn a_tag() -> impl Strategy<Value = BTreeMap<String, String>> {
    let pair = prop_oneof![
        Just(("owner", "storefront")),
        Just(("owner", "")),
        Just(("env", "prod")),
        Just(("simian:chaos", "on")),
        Just(("simian:chaos", "off")),
        Just(("simian:chaos:mean-days", "soon")),
        Just(("simian:conformity:exempt", "imds-v1@2027-01-31 one-zone@2026-01-31")),
        Just(("simian:conformity:exempt", "x@y @ imds-v1@2026-13-45")),
    ];
    prop::collection::vec(pair, 0..4).prop_map(|pairs| tags(&pairs))
}

fn a_group() -> impl Strategy<Value = Group> {
    let sizes = (0..4_u32, 0..6_u32, 0..6_u32, 0..4_usize);
    let words = (
        prop::sample::select(vec!["EC2", "ELB", "EC2,ELB", ""]),
        prop::sample::select(vec!["$Default", "$Latest", "3", "99", "x"]),
        prop::sample::select(vec!["lt-1", "lt-gone"]),
    );
    let lives = prop::sample::select(vec![Lifecycle::InService, Lifecycle::Pending, Lifecycle::Standby]);
    (sizes, words, lives, a_tag(), 0..4_usize, any::<u32>(), prop::option::of(0..400_i64)).prop_map(
        |((min, desired, max, members), (health_check, version, template), life, tags, zones, grace, since)| Group {
            min,
            desired,
            max,
            tags,
            members: (0..members)
                .map(|n| simian_core::Member {
                    lifecycle: if n == 0 { life.clone() } else { Lifecycle::InService },
                    ..member(["i-a", "i-b", "i-c"][n % 3], "us-east-1a")
                })
                .collect(),
            health_check: health_check.into(),
            launches: vec![
                LaunchSource::Template { id: template.into(), version: version.into() },
                LaunchSource::Configuration("gone".into()),
            ],
            zones: group("x").zones.into_iter().take(zones).collect(),
            grace_seconds: grace,
            suspended: since.map(|_| "Launch".to_owned()).into_iter().collect(),
            suspended_since: since.map(days_ago),
            created: since.map(days_ago),
            ..group("shop-prod-v001")
        },
    )
}

fn an_instance() -> impl Strategy<Value = Resource> {
    let states =
        vec![InstanceState::Pending, InstanceState::Running, InstanceState::Stopped, InstanceState::Terminated];
    let metadata = (any::<Option<bool>>(), any::<Option<bool>>(), prop::option::of(0..65_u32));
    let id = prop::sample::select(vec!["i-a", "i-b", "i-x", "i-y"]);
    (id, prop::sample::select(states), metadata, a_tag(), -10..800_i64, any::<(bool, bool)>()).prop_map(
        |(id, state, (enabled, tokens_required, hop_limit), tags, age, (spot, bare))| {
            let mut instance = instance_but(id, |it| {
                (it.state, it.spot, it.launched) = (state, spot, days_ago(age));
                it.metadata = Metadata { enabled, tokens_required, hop_limit };
                if bare {
                    (it.vpc, it.subnet, it.public_address) = (None, None, Some("203.0.113.7".into()));
                }
            });
            instance.tags = if bare { View::Unasked } else { View::Known(tags) };
            instance
        },
    )
}

fn a_security_group() -> impl Strategy<Value = Resource> {
    let protocol = prop::sample::select(vec!["tcp", "udp", "-1", "icmp", "6", ""]);
    let peer = prop::sample::select(vec!["0.0.0.0/0", "::/0", "10.0.0.0/8", ""]);
    let name = prop::sample::select(vec!["default", "web"]);
    (name, protocol, prop::option::of(any::<(u16, u16)>()), peer).prop_map(|(name, protocol, ports, peer)| {
        let permission = Permission { protocol: protocol.into(), ports, peers: vec![Peer::Cidr(peer.into())] };
        let (name, ingress) = (name.to_owned(), vec![permission]);
        resource("sg-1", About::SecurityGroup(SecurityGroup { name, vpc: None, ingress, egress: vec![] }))
    })
}

fn a_scene() -> impl Strategy<Value = Scene> {
    let estate = (prop::collection::vec(an_instance(), 0..5), prop::option::of(a_security_group()));
    let missing = prop::collection::vec(prop::sample::select(ResourceKind::ALL), 0..3);
    let words = prop::sample::select(vec!["healthy", "unhealthy", "unused", "draining"]);
    (a_group(), estate, missing, words, any::<(bool, bool)>(), prop::option::of(prop::option::of(any::<u64>())))
        .prop_map(|(group, (instances, security_group), missing, health, (refreshed, failed), recovery)| {
            let mut scene = Scene::new().with_group(group).with(instances).with(security_group);
            let health = match health {
                "healthy" => TargetHealth::Healthy,
                "unused" => TargetHealth::Unused,
                other => TargetHealth::Other(other.into()),
            };
            let health = View::Known([(InstanceId::new("i-a"), health)].into());
            scene.estate().health.insert(TARGETS.into(), health);
            let status = if failed { "Failed" } else { "Successful" };
            let last = refreshed.then(|| Refresh { status: status.into() });
            scene.estate().refreshes.insert("shop-prod-v001".into(), View::Known(last));
            let progress = if failed { Progress::Failed("Ö".repeat(500)) } else { Progress::Done };
            let activity = Activity { started: days_ago(0), launch: true, what: String::new(), progress };
            scene.estate().activities = View::Known([("shop-prod-v001".to_owned(), vec![activity])].into());
            let unit = "111122223333/us-east-1/cluster:shop-prod";
            scene.world.history.first_seen.insert(unit.into(), days_ago(100).date_naive());
            if let Some(seconds) = recovery {
                scene.world.history.recoveries.insert(unit.into(), vec![(days_ago(1), seconds)]);
            }
            missing.into_iter().fold(scene, Scene::without)
        })
}

/// The findings that are about the rules, and not about exemptions.
fn of_rules(outlook: &Outlook) -> Vec<(&'static str, &str)> {
    let about_exemptions = ["malformed-exemption", "exemption-ended"];
    let findings = outlook.findings.iter().filter(|finding| !about_exemptions.contains(&finding.rule));
    findings.map(|finding| (finding.rule, finding.subject.as_str())).collect()
}

proptest! {
    #[test]
    fn the_same_world_has_the_same_outlook(scene in a_scene()) {
        let first = outlook(&scene, ALL);
        prop_assert_eq!(&first, &outlook(&scene.clone(), ALL));
        for score in &first.scores {
            prop_assert!(score.score <= 100 && score.failed <= score.checks && score.checks > 0);
            prop_assert_eq!(score.failed == 0, score.score == 100);
        }
        let failed: u64 = first.scores.iter().filter(|score| score.app.is_none()).map(|score| score.failed).sum();
        prop_assert_eq!(failed, first.findings.len() as u64, "every failure is a finding, and nothing else is");
    }

    #[test]
    fn a_failure_is_gone_while_it_is_exempt_and_no_other_is(scene in a_scene(), pick in any::<prop::sample::Index>()) {
        let before = outlook(&scene, ALL);
        let failures = of_rules(&before);
        prop_assume!(!failures.is_empty());
        let (rule, subject) = failures[pick.index(failures.len())];
        let until = format!("why = \"x\"\nuntil = \"{}\"", today());
        let exempt = format!("{ALL}[[exempt]]\nrule = \"{rule}\"\nresource = \"{subject}\"\n{until}");
        let after = outlook(&scene, &exempt);
        let is_group = |subject: &str| subject.starts_with("auto-scaling-group/");
        let of_group = |other: &str| is_group(subject) && !is_group(other);
        let left = |it: &&(&'static str, &str)| it.0 != rule || (it.1 != subject && !of_group(it.1));
        let kept: Vec<_> = failures.iter().filter(left).copied().collect();
        let now = of_rules(&after);
        prop_assert!(!now.contains(&(rule, subject)));
        for finding in kept {
            prop_assert!(now.contains(&finding), "{finding:?} went too");
        }
    }

    #[test]
    fn what_is_read_less_of_finds_nothing_new(scene in a_scene(), pick in any::<prop::sample::Index>()) {
        let kind = ResourceKind::ALL[pick.index(ResourceKind::ALL.len())];
        let (whole, less) = (outlook(&scene, ALL), outlook(&scene.clone().without(kind), ALL));
        for finding in &less.findings {
            prop_assert!(whole.findings.contains(finding), "{finding:?}");
        }
        prop_assert!(less.asked.is_subset(&whole.asked));
    }
}
