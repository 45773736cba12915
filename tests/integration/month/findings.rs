//! What the conformity monkey says of an account, and what it says when that is mended.
//!
//! The emulator has no spot instances, launches every instance into a VPC, says nothing of the version that a member was
//! launched from, and spreads members evenly. So `in-a-vpc`, `one-instance-type`, `capacity-rebalance`,
//! `stale-template-version` and `zone-skew` find nothing here, and neither do the two rules about recoveries: no
//! instance is ended by us. They have tests of their own.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use simian::clock::SystemClock;
use simian_core::{Clock, Kind};

use super::stage::{Stage, next_monday};
use crate::moto::{Moto, elements, text};
use crate::post::Post;
use crate::process;

/// The working days of the month.
const DAYS: i64 = 20;
/// The last day on which nobody did anything.
const NEGLECTED: i64 = 17;

/// All rules, in the words of an operator. Some say the same of every instance of the emulator: groups are exempt from
/// those, and the loose instance shows them.
fn config() -> String {
    let of_every_instance = [
        "imds-v1",
        "metadata-hop-limit",
        "public-ip",
        "unencrypted-volume",
        "instance-too-old",
        "required-security-groups",
    ];
    let exempt = of_every_instance.map(|rule| {
        format!(
            "[[monkeys.conformity.exempt]]\nrule = \"{rule}\"\nresource = \"auto-scaling-group/*\"\n\
             until = \"2199-12-31\"\nwhy = \"so are all instances of the emulator\"\n"
        )
    });
    format!(
        r#"[monkeys.conformity]
enabled = true
[monkeys.conformity.rule.instance-too-old]
age = "20d"
[monkeys.conformity.rule.old-image]
age = "15d"
[monkeys.conformity.rule.opted-out-too-long]
days = 12
[monkeys.conformity.rule.health-check-grace]
longest = "4m"
[monkeys.conformity.rule.metadata-hop-limit]
most = 0
[monkeys.conformity.rule.never-chaos-tested]
stacks = ["prod"]
[monkeys.conformity.rule.required-security-groups]
groups = ["base"]
[monkeys.conformity.rule.required-tags]
kinds = ["auto-scaling-group"]
tags = {{ owner = ["ann", "cid"] }}
{}"#,
        exempt.concat()
    )
}

const EC2: &str = "2016-11-15";
const SCALING: &str = "2011-01-01";
const BALANCING: &str = "2015-12-01";

/// The account, and how it is mended.
struct Account<'m> {
    moto: &'m Moto,
    /// An instance that belongs to nobody, and its volume.
    alone: String,
    disk: String,
    members: BTreeMap<String, Vec<String>>,
    default: String,
    open: String,
    snapshot: String,
    image: String,
    volume: String,
}

/// The groups, each of which fails one rule, or two that ask the same thing. The image of them all is old one day.
const GROUPS: [&str; 14] = [
    "behind-prod-v001",
    "exempt-prod-v001",
    "failing-prod-v001",
    "full-prod-v001",
    "good-prod-v001",
    "late-prod-v001",
    "narrow-prod-v001",
    "nobody-test-v001",
    "out-prod-v001",
    "quiet-prod-v001",
    "single-prod-v001",
    "slow-prod-v001",
    "stuck-prod-v001",
    "typo-prod-v001",
];

/// What is different from a good group.
fn but(name: &str) -> Value {
    let exempt = |text: &str| {
        json!({ "zones": ["us-east-1a"], "tags": {
            "owner": "cid", "simian:chaos": "on", "simian:conformity:exempt": text } })
    };
    let tags = |tags: Value| json!({ "tags": tags });
    match name.split('-').next().unwrap() {
        "behind" => json!({ "balanced": true, "subnets": true }),
        "exempt" => exempt("one-zone@2199-12-31"),
        "full" => json!({ "min": 1, "max": 2 }),
        "late" => exempt("one-zone@2020-01-31"),
        "narrow" => json!({ "zones": ["us-east-1a"] }),
        "nobody" => tags(json!({})),
        "out" => tags(json!({ "owner": "ann", "simian:chaos": "off" })),
        "quiet" => tags(json!({ "owner": "ann" })),
        "single" => json!({ "count": 1, "max": 1 }),
        "slow" => json!({ "balanced": true, "health_check": "ELB" }),
        "stuck" => json!({ "suspended": ["Launch"] }),
        "typo" => exempt("one-zone"),
        _ => json!({}),
    }
}

impl<'m> Account<'m> {
    fn new(moto: &'m Moto) -> Self {
        let group = |name: &&str| {
            let tags = json!({ "owner": "ann", "simian:chaos": "on" });
            let mut group = json!({ "name": name, "count": 2, "max": 4, "tags": tags });
            group.as_object_mut().unwrap().extend(but(name).as_object().unwrap().clone());
            group
        };
        let launched = next_monday() - TimeDelta::days(2);
        let groups: Vec<Value> = GROUPS.iter().map(group).collect();
        let seeded = moto.seed(&json!({ "loose": 1, "groups": groups, "launched": launched.to_rfc3339() }));
        let alone = text(&seeded["loose"][0]);
        let all = |action: &str, parameters: &[(&str, &str)], element: &str| {
            elements(&moto.query("ec2", EC2, action, parameters), element)
        };
        let ec2 = |action: &str, parameters: &[(&str, &str)], element: &str| all(action, parameters, element).remove(0);
        let vpc = ec2("DescribeVpcs", &[], "vpcId");
        let group = [("GroupName", "open"), ("GroupDescription", "-"), ("VpcId", vpc.as_str())];
        let volume = [("Size", "8"), ("AvailabilityZone", "us-east-1a"), ("Encrypted", "true")];
        let volume = ec2("CreateVolume", &volume, "volumeId");
        let account = Self {
            moto,
            disk: ec2("DescribeInstances", &[("InstanceId.1", &alone)], "volumeId"),
            members: serde_json::from_value(seeded["members"].clone()).unwrap(),
            default: ec2("DescribeSecurityGroups", &[("GroupName.1", "default")], "groupId"),
            open: ec2("CreateSecurityGroup", &group, "groupId"),
            snapshot: ec2("CreateSnapshot", &[("VolumeId", &volume)], "snapshotId"),
            image: ec2("CreateImage", &[("InstanceId", &alone), ("Name", "public")], "imageId"),
            alone,
            volume,
        };
        account.share("add");
        account.ssh("AuthorizeSecurityGroupIngress");
        account.balance(&text(&seeded["target_groups"]["behind-prod-v001"]), &all("DescribeSubnets", &[], "subnetId"));
        account.configured(&ec2("DescribeInstances", &[], "imageId"));
        account
    }

    /// What goes wrong on the first day, by the account's clock.
    fn trouble(&self) {
        let failing = json!({ "refresh": "Failed", "activity": "Failed", "message": "no room" });
        self.group("failing-prod-v001", &failing);
        self.target("unhealthy");
        let online: BTreeMap<&String, &str> = self.members.values().flatten().map(|id| (id, "Online")).collect();
        self.moto.control("POST", "nodes", &json!({ "nodes": online }));
    }

    /// Everything that its owners do about it in the end.
    fn mend(&self) {
        self.share("remove");
        self.ssh("RevokeSecurityGroupIngress");
        self.target("");
        self.ec2("TerminateInstances", &[("InstanceId.1", &self.alone)]);
        self.group("full-prod-v001", &json!({ "max": 6 }));
        self.group("stuck-prod-v001", &json!({ "suspended": [] }));
        self.group("failing-prod-v001", &json!({ "refresh": "" }));
        self.group("nobody-test-v001", &json!({ "tags": { "owner": "ann" } }));
        self.group("out-prod-v001", &json!({ "tags": { "simian:chaos": "on" } }));
        self.group("typo-prod-v001", &json!({ "tags": { "simian:conformity:exempt": "one-zone@2199-12-31" } }));
        self.group("late-prod-v001", &json!({ "tags": { "simian:conformity:exempt": null } }));
    }

    fn ec2(&self, action: &str, parameters: &[(&str, &str)]) {
        self.moto.query("ec2", EC2, action, parameters);
    }

    fn group(&self, name: &str, change: &Value) {
        let mut order = json!({ "name": name });
        order.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        self.moto.control("POST", "group", &order);
    }

    /// How a member behind the balancer is.
    fn target(&self, health: &str) {
        let order = json!({ "instance": self.members["behind-prod-v001"][0], "target": health });
        self.moto.control("POST", "member", &order);
    }

    /// The image and the snapshot with everybody, or with nobody: `add` or `remove`.
    fn share(&self, operation: &str) {
        let how = [("OperationType", operation), ("UserGroup.1", "all")];
        self.ec2("ModifyImageAttribute", &[&[("ImageId", self.image.as_str())], &how[..]].concat());
        self.ec2("ModifySnapshotAttribute", &[&[("SnapshotId", self.snapshot.as_str())], &how[..]].concat());
    }

    /// SSH from anywhere, or no more.
    fn ssh(&self, action: &str) {
        let order = [
            ("GroupId", self.open.as_str()),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "22"),
            ("IpPermissions.1.ToPort", "22"),
            ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ];
        self.ec2(action, &order);
    }

    /// A balancer before that target group, in fewer zones than the group.
    fn balance(&self, targets: &str, subnets: &[String]) {
        let call = |action: &str, parameters: &[(&str, &str)]| {
            self.moto.query("elasticloadbalancing", BALANCING, action, parameters)
        };
        let order = [("Name", "edge"), ("Subnets.member.1", subnets[0].as_str()), ("Subnets.member.2", &subnets[1])];
        let edge = elements(&call("CreateLoadBalancer", &order), "LoadBalancerArn").remove(0);
        let listener = [
            ("LoadBalancerArn", edge.as_str()),
            ("Protocol", "HTTP"),
            ("Port", "80"),
            ("DefaultActions.member.1.Type", "forward"),
            ("DefaultActions.member.1.TargetGroupArn", targets),
        ];
        call("CreateListener", &listener);
    }

    /// A group that launches as groups did before there were templates. It wants no instance yet.
    fn configured(&self, image: &str) {
        let configuration = ("LaunchConfigurationName", "old");
        let order = [configuration, ("ImageId", image), ("InstanceType", "t3.micro")];
        self.moto.query("autoscaling", SCALING, "CreateLaunchConfiguration", &order);
        let order = [
            ("AutoScalingGroupName", "old-prod-v001"),
            configuration,
            ("MinSize", "0"),
            ("MaxSize", "2"),
            ("AvailabilityZones.member.1", "us-east-1a"),
            ("Tags.member.1.Key", "owner"),
            ("Tags.member.1.Value", "ann"),
        ];
        self.moto.query("autoscaling", SCALING, "CreateAutoScalingGroup", &order);
    }

    /// What is found first, on which day, and on which day it is seen to be mended.
    fn expected(&self, old: i64) -> BTreeSet<(i64, &'static str, String, String)> {
        let alone = format!("instance/{}", self.alone);
        let disk = format!("volume/{}", self.disk);
        let group = |name: &str| format!("auto-scaling-group/{name}");
        let mended = Some(NEGLECTED + 1);
        let mut stories = vec![
            // A launch that failed is news for a day.
            (0, "cannot-launch", group("failing-prod-v001"), Some(2)),
            (0, "default-security-group", format!("security-group/{}", self.default), None),
            (0, "elb-health-check", group("behind-prod-v001"), None),
            (0, "exemption-ended", group("late-prod-v001"), mended),
            (0, "failed-refresh", group("failing-prod-v001"), mended),
            (0, "health-check-grace", group("slow-prod-v001"), None),
            (0, "healthy-in-balancer", group("behind-prod-v001"), mended),
            (0, "imds-v1", alone.clone(), mended),
            (15, "instance-too-old", alone.clone(), mended),
            (0, "launch-configuration", group("old-prod-v001"), None),
            (0, "malformed-exemption", group("typo-prod-v001"), mended),
            (0, "metadata-hop-limit", alone.clone(), mended),
            (0, "min-max-one", group("single-prod-v001"), None),
            (0, "never-chaos-tested", group("quiet-prod-v001"), None),
            (0, "no-headroom", group("full-prod-v001"), mended),
            (0, "not-managed-by-ssm", alone.clone(), mended),
            (0, "not-solo", alone.clone(), mended),
            (0, "one-zone", group("narrow-prod-v001"), None),
            (0, "one-zone", group("late-prod-v001"), None),
            (0, "one-zone", group("typo-prod-v001"), mended),
            (0, "open-ports", format!("security-group/{}", self.open), mended),
            (9, "opted-out-too-long", group("out-prod-v001"), mended),
            (0, "owner-present", alone.clone(), mended),
            (0, "owner-present", disk.clone(), mended),
            (0, "owner-present", format!("volume/{}", self.volume), None),
            (0, "owner-present", group("nobody-test-v001"), mended),
            (0, "public-image", format!("image/{}", self.image), mended),
            (0, "public-ip", alone.clone(), mended),
            (0, "public-snapshot", format!("snapshot/{}", self.snapshot), mended),
            (0, "required-security-groups", alone, mended),
            (0, "required-tags", group("nobody-test-v001"), mended),
            (0, "suspended-processes", group("stuck-prod-v001"), mended),
            (0, "unencrypted-volume", disk, mended),
            (0, "zones-match-balancer", group("behind-prod-v001"), None),
        ];
        stories.extend(GROUPS.map(|name| (old, "old-image", group(name), None)));
        let events = stories.into_iter().flat_map(|(opened, rule, subject, closed)| {
            let closed = closed.map(|day| (day, "closed", rule.to_owned(), subject.clone()));
            [(opened, "opened", rule.to_owned(), subject)].into_iter().chain(closed)
        });
        events.collect()
    }
}

#[test]
fn what_fails_is_told_and_what_is_mended_too() {
    process::of_its_own("month::findings::what_fails_is_told_and_what_is_mended_too", play);
}

async fn play(moto: Moto) {
    let outside = Moto::at(moto.port());
    let account = Account::new(&outside);
    let made: DateTime<Utc> = SystemClock.now();
    let post = Post::new(&outside);
    let mended =
        post.subscribe("mended", &json!({ "kind": ["finding.closed"], "owner": ["cid"], "app": ["typo", "late"] }));
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::new(moto, folder.path(), &config(), &post.topic).await;
    account.trouble();
    for day in 0..DAYS {
        stage.round("conformity", day).await;
        if day == NEGLECTED {
            account.mend();
        }
    }

    let events = stage.events().await;
    let told = events.iter().filter_map(|event| {
        let word = match event.body.kind {
            Kind::FindingOpened => "opened",
            Kind::FindingClosed => "closed",
            _ => return None,
        };
        Some((stage.day_of(event.body.at), word, event.body.outcome.clone()?, event.body.group.clone()?))
    });
    let told: Vec<(i64, &str, String, String)> = told.collect();
    // Only of images does the emulator go by the real time alone.
    let old = (0..DAYS).find(|day| stage.at(*day) - made > TimeDelta::days(15)).unwrap();
    let (all, expected) = (told.iter().cloned().collect::<BTreeSet<_>>(), account.expected(old));
    let [more, less] = [all.difference(&expected), expected.difference(&all)].map(|odd| odd.collect::<Vec<_>>());
    assert!(more.is_empty() && less.is_empty(), "told besides: {more:#?}; not told: {less:#?}");
    assert_eq!(told.len(), all.len(), "each once");

    // Those whose findings they are hear when they are mended, by the attributes of the finding.
    let heard = post.received(&mended).into_iter().map(|(event, _)| event.body.outcome.unwrap());
    assert_eq!(heard.collect::<Vec<_>>(), ["exemption-ended", "malformed-exemption", "one-zone"]);
    assert!(events.iter().all(|event| event.body.kind != Kind::ActionIntended), "it touches nothing");
}
