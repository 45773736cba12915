//! What is made of a world: whose findings, who is exempt, what is not known, and the scores.

use simian_core::resource::{About, Volume, VolumeState};
use simian_core::{
    Finding, InstanceId, InstanceState, Outlook, Resource, ResourceKind, Score, Severity, TagRules, View,
};

use crate::testing::{Scene, group, instance, instance_but, resource, scope, tags, today};
use crate::{Chaos, Config, Conformity};

/// What a monkey of that config makes of a scene.
pub(super) fn outlook(scene: &Scene, config: &str) -> Outlook {
    let config: Config = toml::from_str(config).unwrap();
    let monkey = Conformity::new(&config, TagRules::default(), Chaos::default());
    monkey.inspect(&scene.world, today())
}

fn told(outlook: &Outlook) -> Vec<String> {
    outlook.findings.iter().map(|finding| format!("{} {}", finding.rule, finding.subject)).collect()
}

fn was_asked(outlook: &Outlook, rule: &str) -> bool {
    outlook.asked.iter().any(|(_, id)| *id == rule)
}

fn old(id: &str) -> Resource {
    instance_but(id, |it| it.metadata.tokens_required = Some(false))
}

fn in_the_clear(attached: &[&str]) -> Resource {
    resource(
        "vol-1",
        About::Volume(Volume {
            state: VolumeState::InUse,
            size: 8,
            kind: "gp3".into(),
            iops: None,
            throughput: None,
            encrypted: false,
            snapshot: None,
            attached: attached.iter().map(|id| InstanceId::new(*id)).collect(),
            managed: false,
        }),
    )
}

#[test]
fn a_healthy_region_has_no_finding() {
    let mut scene = Scene::new();
    let health = ["i-a", "i-b", "i-c"].map(|id| (InstanceId::new(id), simian_core::detail::TargetHealth::Healthy));
    scene.estate().health.insert(crate::testing::TARGETS.into(), View::Known(health.into()));
    scene.estate().refreshes.insert("shop-prod-v001".into(), View::Known(None));
    let outlook = outlook(&scene, "");
    assert_eq!(told(&outlook), Vec::<String>::new());
    assert_eq!(outlook.blind, []);
    assert_eq!(outlook.asked.len(), crate::rules().len());
    let perfect = |app: Option<&str>, checks| Score {
        owner: Some("storefront".into()),
        app: app.map(str::to_owned),
        checks,
        failed: 0,
        score: 100,
    };
    let checks = outlook.scores[1].checks;
    assert!(checks > 20, "{checks}");
    // The image belongs to nobody that we know.
    let nobody = Score { checks: 1, score: 100, ..Score::default() };
    assert_eq!(outlook.scores, [nobody, perfect(None, checks), perfect(Some("shop"), checks)]);
}

#[test]
fn an_instance_that_ended_is_asked_nothing() {
    let nobodys = |state| {
        let mut one = instance_but("i-1", |it| it.state = state);
        one.tags = View::Known(tags(&[]));
        told(&outlook(&Scene::bare().with([one]), "rules = [\"owner-present\"]"))
    };
    assert_eq!(nobodys(InstanceState::Stopped), ["owner-present instance/i-1"]);
    assert_eq!(nobodys(InstanceState::Terminated), Vec::<String>::new());
}

#[test]
fn a_finding_says_what_is_wrong_with_what_and_whose_it_is() {
    let mut scene = Scene::new().with([old("i-a")]);
    scene.group().zones.truncate(1);
    let rules = "rules = [\"imds-v1\", \"one-zone\"]";
    let finding = |rule, subject: &str, why: &str| Finding {
        rule,
        scope: scope(),
        subject: subject.into(),
        owner: Some("storefront".into()),
        app: Some("shop".into()),
        severity: Severity::High,
        why: why.into(),
    };
    let remedy = "Require tokens in the launch template and of the instance (modify-instance-metadata-options \
                  --http-tokens required)";
    let expected = [
        finding(
            "imds-v1",
            "instance/i-a",
            &format!("it answers questions about its metadata without a token. {remedy}"),
        ),
        finding(
            "one-zone",
            "auto-scaling-group/shop-prod-v001",
            "it is in us-east-1a only. Give the group subnets in other zones",
        ),
    ];
    assert_eq!(outlook(&scene, rules).findings, expected);
}

#[test]
fn an_own_tag_goes_over_the_groups_and_what_hangs_on_a_member_is_the_groups_too() {
    let mut own = old("i-a");
    own.tags = View::Known(tags(&[("owner", "search"), ("app", "ignored")]));
    let mut alone = old("i-alone");
    alone.tags = View::Known(tags(&[("app", "wiki")]));
    let scene = Scene::new().with([own, alone, in_the_clear(&["i-b"])]);
    let outlook = outlook(&scene, "rules = [\"imds-v1\", \"unencrypted-volume\"]");
    let whose: Vec<_> =
        outlook.findings.iter().map(|it| (it.subject.as_str(), it.owner.as_deref(), it.app.as_deref())).collect();
    let expected = [
        ("instance/i-a", Some("search"), Some("shop")),
        ("instance/i-alone", None, Some("wiki")),
        ("volume/vol-1", Some("storefront"), Some("shop")),
    ];
    assert_eq!(whose, expected);
}

#[test]
fn what_a_service_of_aws_looks_after_is_not_asked() {
    let managed = instance_but("i-managed", |it| (it.managed, it.metadata.tokens_required) = (true, Some(false)));
    let scene = Scene::bare().with([managed]);
    let outlook = outlook(&scene, "rules = [\"imds-v1\"]");
    assert_eq!((told(&outlook), outlook.scores), (vec![], vec![]));
}

#[test]
fn an_owners_exemption_counts_neither_as_pass_nor_as_fail_and_reaches_what_belongs_to_the_group() {
    let rules = "rules = [\"imds-v1\", \"one-zone\", \"exemption-ended\"]";
    let mut scene = Scene::new().with([old("i-a"), old("i-alone")]);
    scene.group().tags = tags(&[("simian:conformity:exempt", "imds-v1@2026-11-23")]);
    let exempt = outlook(&scene, rules);
    assert_eq!(told(&exempt), ["imds-v1 instance/i-alone"]);
    assert!(was_asked(&exempt, "imds-v1"), "an exempt finding closes");
    let checks = |outlook: &Outlook| outlook.scores.iter().map(|score| score.checks).max();
    scene.group().tags = tags(&[("simian:conformity:exempt", "imds-v1@2026-11-22")]);
    let ended = outlook(&scene, rules);
    let expected =
        ["exemption-ended auto-scaling-group/shop-prod-v001", "imds-v1 instance/i-a", "imds-v1 instance/i-alone"];
    assert_eq!(told(&ended), expected);
    assert_eq!(checks(&exempt), Some(3), "its zones, its exemption, and i-alone");
    assert_eq!(checks(&ended), Some(6), "and its members");
}

#[test]
fn the_operator_exempts_by_kind_and_id_and_place() {
    let exempt = |resource: &str, more: &str| {
        let scene = Scene::new().with([old("i-a"), old("i-alone")]);
        let config = format!(
            "rules = [\"imds-v1\"]\n[[exempt]]\nrule = \"imds-v1\"\nresource = \"{resource}\"\nwhy = \"legacy\"\n{more}"
        );
        told(&outlook(&scene, &config))
    };
    let until = "until = \"2027-01-31\"\n";
    let both = ["imds-v1 instance/i-a", "imds-v1 instance/i-alone"];
    assert_eq!(exempt("instance/i-a", until), ["imds-v1 instance/i-alone"]);
    assert_eq!(exempt("auto-scaling-group/shop-*", until), ["imds-v1 instance/i-alone"], "its members");
    assert_eq!(exempt("*", until), Vec::<String>::new());
    assert_eq!(exempt("*", "until = \"2026-11-22\""), both, "it has ended");
    assert_eq!(exempt("*", &format!("{until}region = \"eu-*\"")), both);
    assert_eq!(exempt("*", &format!("{until}account = \"1111*\"\nregion = \"us-*\"")), Vec::<String>::new());
}

#[test]
fn an_exemption_of_the_operators_that_ended_is_one_finding_and_nobodys() {
    let scene = Scene::new().with([old("i-a"), old("i-alone")]);
    let ended = |resource: &str, more: &str| {
        let config = format!(
            "rules = [\"imds-v1\", \"exemption-ended\"]\n[[exempt]]\nrule = \"imds-v1\"\nresource = \"{resource}\"\n\
             until = \"2026-11-22\"\nwhy = \"legacy\"\n{more}"
        );
        let findings = outlook(&scene, &config).findings.into_iter();
        findings.filter(|finding| finding.rule == "exemption-ended").collect::<Vec<_>>()
    };
    let [one] = &ended("instance/i-*", "")[..] else { panic!("{:?}", ended("instance/i-*", "")) };
    assert_eq!((one.subject.as_str(), &one.owner), ("exemption/imds-v1/instance/i-*", &None));
    let why = "the config exempts instance/i-* from imds-v1 until 2026-11-22 (legacy). Keep the rule and remove the \
               exemption, or give it another last day";
    assert_eq!(one.why, why);
    assert_eq!(ended("auto-scaling-group/shop-*", "").len(), 1, "its members");
    assert_eq!(ended("instance/i-gone", "").len(), 0, "what it was about is gone");
    assert_eq!(ended("*", "region = \"eu-*\"").len(), 0, "not here");
}

#[test]
fn the_operator_says_how_bad_it_is() {
    let scene = Scene::new().with([old("i-a")]);
    let config = "rules = [\"imds-v1\"]\nrule.imds-v1.severity = \"critical\"";
    assert_eq!(outlook(&scene, config).findings[0].severity, Severity::Critical);
}

#[test]
fn what_was_not_read_is_told_and_the_other_rules_are_asked() {
    let mut scene = Scene::new().with([old("i-a")]).without(ResourceKind::Balancer).without(ResourceKind::ManagedNode);
    scene.group().zones.truncate(1);
    let config = "rules = [\"zones-match-balancer\", \"one-zone\", \"imds-v1\", \"not-managed-by-ssm\"]";
    let outlook = outlook(&scene, config);
    assert_eq!(told(&outlook), ["imds-v1 instance/i-a", "one-zone auto-scaling-group/shop-prod-v001"]);
    let blind: Vec<&str> = outlook.blind.iter().map(|(_, why)| why.as_str()).collect();
    let expected = [
        "load balancers are not known: throttled: zones-match-balancer is not asked",
        "managed nodes are not known: throttled: not-managed-by-ssm is not asked",
    ];
    assert_eq!(blind, expected);
    assert!(was_asked(&outlook, "one-zone") && !was_asked(&outlook, "zones-match-balancer"));
    assert!(was_asked(&outlook, "public-ip"), "what nobody asks any more is closed");
}

#[test]
fn without_the_groups_nothing_is_asked_of_instances_because_they_may_be_exempt() {
    let mut scene = Scene::new().with([old("i-a")]);
    scene.fleet().groups = View::Unknown("throttled".into());
    let outlook = outlook(&scene, "rules = [\"imds-v1\", \"one-zone\", \"malformed-exemption\"]");
    assert_eq!(told(&outlook), Vec::<String>::new());
    assert_eq!(outlook.blind.len(), 1);
    let why = "Auto Scaling groups are not known: throttled: one-zone, imds-v1 are not asked";
    assert_eq!(outlook.blind[0].1, why);
    for rule in ["imds-v1", "one-zone", "malformed-exemption"] {
        assert!(!was_asked(&outlook, rule), "{rule}");
    }
}

#[test]
fn groups_that_opted_in_are_not_all_groups() {
    let mut scene = Scene::new();
    scene.fleet().all_groups = false;
    let outlook = outlook(&scene, "rules = [\"one-zone\"]");
    assert_eq!(outlook.blind[0].1, "only groups that opted in were read: one-zone is not asked");
}

#[test]
fn an_answer_that_one_resource_lacks_keeps_the_rules_findings_open() {
    let unsaid = instance_but("i-unsaid", |it| it.metadata.tokens_required = None);
    let scene = Scene::bare().with([old("i-1"), unsaid]);
    let outlook = outlook(&scene, "rules = [\"imds-v1\"]");
    assert_eq!(told(&outlook), ["imds-v1 instance/i-1"]);
    assert!(!was_asked(&outlook, "imds-v1"));
    let why = "whether metadata needs a token was not said: imds-v1 has no answer for instance/i-unsaid";
    assert_eq!(outlook.blind, [(scope(), why.to_owned())]);
}

#[test]
fn tags_that_were_not_read_may_hold_an_exemption() {
    let mut unread = old("i-1");
    unread.tags = View::Unknown("throttled".into());
    let outlook = outlook(&Scene::bare().with([unread]), "rules = [\"imds-v1\"]");
    assert_eq!(told(&outlook), Vec::<String>::new());
    assert_eq!(outlook.blind[0].1, "tags are not known: throttled: imds-v1 has no answer for instance/i-1");
}

#[test]
fn a_score_weighs_by_severity_and_an_app_is_part_of_its_owner() {
    let mut cart = group("cart-v001");
    (cart.zones, cart.max) = (vec!["us-east-1a".into()], 1);
    cart.members.clear();
    cart.desired = 1;
    let scene = Scene::new().with_group(cart).with([instance("i-alone")]);
    // High is 3 and low is 1: cart fails one of each.
    let config = "rules = [\"one-zone\", \"min-max-one\", \"not-solo\"]\nrule.min-max-one.severity = \"low\"";
    let outlook = outlook(&scene, config);
    let score = |owner: Option<&str>, app: Option<&str>, checks, failed, score| Score {
        owner: owner.map(str::to_owned),
        app: app.map(str::to_owned),
        checks,
        failed,
        score,
    };
    let expected = [
        score(None, None, 1, 1, 0),
        // 3 + 1 + three members of 2 passed, of 14.
        score(Some("storefront"), None, 7, 2, 71),
        score(Some("storefront"), Some("cart"), 2, 2, 0),
        score(Some("storefront"), Some("shop"), 5, 0, 100),
    ];
    assert_eq!(outlook.scores, expected);
}
