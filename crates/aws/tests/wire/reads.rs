//! Lists to their last page, and nothing but them.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};
use simian_aws::{Account, Options};
use simian_core::fleet::{InstanceId, Lifecycle};
use simian_core::ports::{Cause, Cloud, GroupQuery, Identity, InstanceState};

use super::{NOW, Still, account, cause, clock, home, ids, on_the_wire, options, refused, region};

const GROUPS: &str = "autoscaling:DescribeAutoScalingGroups";
const INSTANCES: &str = "ec2:DescribeInstances";

fn keyed(key: &str) -> GroupQuery {
    GroupQuery::Keyed(vec![key.into()])
}

fn named(names: impl IntoIterator<Item = String>) -> GroupQuery {
    GroupQuery::Named(names.into_iter().collect())
}

#[test]
fn a_survey_of_250_groups_is_three_calls() {
    on_the_wire("reads::a_survey_of_250_groups_is_three_calls", &[], |moto| async move {
        let bulk = json!({ "prefix": "g", "count": 250, "instances_each": [1, 2], "tags": { "simian:chaos": "on" } });
        moto.seed(&json!({ "bulk": bulk, "groups": [{ "name": "other", "count": 1 }] }));
        let account = account().await;
        let groups = account.groups(&home(), &keyed("simian:chaos")).await.unwrap();
        let mut names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, (0..250).map(|n| format!("g-{n:04}")).collect::<Vec<_>>());
        assert_eq!(groups.iter().map(|group| group.members.len()).sum::<usize>(), 375);
        let calls = moto.calls();
        assert_eq!((&calls["counts"], &calls["total"]), (&json!({ GROUPS: 3 }), &json!(3)));
        assert_eq!(calls["log"][0]["params"]["MaxRecords"], "100");
    });
}

#[test]
fn a_group_arrives_whole() {
    on_the_wire("reads::a_group_arrives_whole", &[], |moto| async move {
        let tags = json!({ "simian:chaos": "on", "owner": "shop <shop@example.com>" });
        let order = json!({ "name": "shop", "count": 3, "min": 1, "max": 5, "tags": tags, "suspended": ["Launch"],
                            "zones": ["us-east-1a", "us-east-1b"], "health_check": "ELB" });
        let seeded = moto.seed(&json!({ "groups": [order] }));
        let members = seeded["members"]["shop"].as_array().unwrap();
        moto.control("POST", "member", &json!({ "instance": members[0], "health": "Unhealthy", "protected": true }));
        moto.control("POST", "member", &json!({ "instance": members[1], "lifecycle": "Standby" }));
        let groups = account().await.groups(&home(), &keyed("owner")).await.unwrap();
        let group = &groups[0];
        assert_eq!((group.min, group.desired, group.max), (1, 3, 5));
        assert_eq!(group.tags["owner"], "shop <shop@example.com>");
        assert_eq!((group.health_check.as_str(), &group.suspended[..]), ("ELB", &["Launch".to_owned()][..]));
        let member = |n: usize| group.member(&InstanceId::new(members[n].as_str().unwrap())).unwrap();
        assert!(!member(0).healthy && member(0).protected);
        assert_eq!(member(1).lifecycle, Lifecycle::Standby);
        assert!(member(2).serves() && !member(2).protected);
        assert!(group.members.iter().all(|member| member.zone.starts_with("us-east-1")));
        assert_eq!(moto.calls()["total"], 1, "no second call for tags or instances");
    });
}

#[test]
fn filters_join_with_and_and_their_values_with_or() {
    on_the_wire("reads::filters_join_with_and_and_their_values_with_or", &[], |moto| async move {
        moto.seed(&json!({ "groups": [
            { "name": "a", "tags": { "simian:chaos": "on" } },
            { "name": "b", "tags": { "simian:chaos": "off", "team": "on" } },
            { "name": "c", "tags": { "simian:latency": "on" } },
            { "name": "d", "tags": { "simian:chaos": "On" } },
            { "name": "e", "tags": { "chaos": "true" } },
            { "name": "f" },
        ]}));
        let account = account().await;
        let ask = async |query: GroupQuery| {
            let groups = account.groups(&home(), &query).await.unwrap();
            groups.into_iter().map(|group| group.name).collect::<Vec<_>>().join(" ")
        };
        let tagged = |keys: &[&str], values: &[&str]| GroupQuery::Tagged {
            keys: keys.iter().map(ToString::to_string).collect(),
            values: values.iter().map(ToString::to_string).collect(),
        };
        // `b` is not opted in: that is the caller's to see.
        assert_eq!(ask(tagged(&["simian:chaos"], &["on"])).await, "a b");
        assert_eq!(ask(tagged(&["simian:chaos", "simian:latency", "chaos"], &["on", "true"])).await, "a b c e");
        assert_eq!(ask(tagged(&["simian:chaos"], &["yes"])).await, "");
        assert_eq!(ask(keyed("simian:chaos")).await, "a b d");
        assert_eq!(ask(named(["a".into(), "gone".into(), "f".into(), "a".into()])).await, "a f");
        assert_eq!(moto.count(GROUPS), 5);
        // AWS reads an empty list as "all of them".
        for nothing in [tagged(&[], &["on"]), tagged(&["k"], &[]), GroupQuery::Keyed(vec![]), named([])] {
            assert_eq!(ask(nothing).await, "");
        }
        assert_eq!(moto.count(GROUPS), 5);
    });
}

#[test]
fn names_are_asked_for_a_hundred_at_a_time() {
    on_the_wire("reads::names_are_asked_for_a_hundred_at_a_time", &[], |moto| async move {
        moto.seed(&json!({ "bulk": { "prefix": "g", "count": 130, "instances_each": 0 } }));
        let all = named((0..150).map(|n| format!("g-{n:04}")));
        assert_eq!(account().await.groups(&home(), &all).await.unwrap().len(), 130);
        assert_eq!(moto.count(GROUPS), 2);
    });
}

#[test]
fn instances_by_id() {
    on_the_wire("reads::instances_by_id", &[], |moto| async move {
        let seeded = moto.seed(&json!({ "loose": 250 }));
        let loose: Vec<String> =
            seeded["loose"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        moto.control("POST", "member", &json!({ "instance": loose[0], "state": "stopping" }));
        moto.control("POST", "member", &json!({ "instance": loose[1], "state": "terminated" }));
        let account = account().await;
        let unknown = InstanceId::new("i-0123456789abcdef0");
        let mut asked = ids(&loose[..3]);
        asked.push(unknown.clone());
        let states = account.instances(&home(), &asked).await.unwrap();
        let seen = |n: usize| states.get(&asked[n]).copied();
        assert_eq!(
            [seen(0), seen(1), seen(2), seen(3)],
            [Some(InstanceState::Stopped), Some(InstanceState::Terminated), Some(InstanceState::Running), None]
        );
        assert_eq!(states.len(), 3);
        assert_eq!(moto.count(INSTANCES), 1);
        assert_eq!(account.instances(&home(), &ids(&loose)).await.unwrap().len(), 250);
        assert_eq!(moto.count(INSTANCES), 3, "200 filter values a call");
        assert!(account.instances(&home(), &[]).await.unwrap().is_empty());
        assert_eq!(moto.count(INSTANCES), 3);
    });
}

#[test]
fn identity_is_that_of_the_role() {
    on_the_wire("reads::identity_is_that_of_the_role", &[], |moto| async move {
        let own = account().await.identity().await.unwrap();
        assert_eq!(own.account.as_str(), "123456789012");
        assert_eq!(moto.calls()["total"], 1);
        moto.forget_calls();
        let role = "arn:aws:iam::444455556666:role/simian";
        let options = Options { role_arn: Some(role.into()), session_name: "drill".into(), ..options() };
        // STS stamps credentials with the real time, and whether they have expired is for our clock to say.
        let now = moto.control("GET", "clock", &Value::Null)["now"].as_str().unwrap().parse().unwrap();
        let account = Account::connect(options, Arc::new(Still(now))).await.unwrap();
        assert_eq!(moto.calls()["total"], 0, "connecting calls nobody");
        let Identity { account: id, arn } = account.identity().await.unwrap();
        assert_eq!(id.as_str(), "444455556666");
        assert!(arn.ends_with(":assumed-role/simian/drill"), "{arn}");
        let assumed = moto.calls()["log"][0].clone();
        assert_eq!(assumed["params"]["DurationSeconds"], "3600");
        assert_eq!((&assumed["call"], &assumed["region"]), (&json!("sts:AssumeRole"), &json!("us-east-1")));
        // The credentials serve every service and region.
        let seed = json!({ "account": "444455556666", "region": "eu-west-1", "groups": [{ "name": "theirs" }] });
        moto.seed(&seed);
        let theirs = named(["theirs".into()]);
        assert_eq!(account.groups(&region("eu-west-1"), &theirs).await.unwrap().len(), 1);
        assert!(account.groups(&home(), &theirs).await.unwrap().is_empty());
        assert_eq!(moto.count("sts:AssumeRole"), 1);
    });
}

#[test]
fn a_refused_role_is_named() {
    on_the_wire("reads::a_refused_role_is_named", &[], |moto| async move {
        let never = json!({ "kind": "error", "action": "AssumeRole", "code": "AccessDenied", "times": -1 });
        moto.faults(&json!([never]));
        let role = "arn:aws:iam::444455556666:role/simian";
        let options = Options { role_arn: Some(role.into()), ..options() };
        let account = Account::connect(options, clock()).await.unwrap();
        let error = account.groups(&home(), &keyed("k")).await.unwrap_err();
        assert_eq!(error.cause, Cause::Credentials);
        assert!(error.message.starts_with(&format!("cannot assume {role}: AccessDenied: ")), "{error}");
        assert_eq!(moto.count(GROUPS), 0);
    });
}

#[test]
fn skew_is_their_date_minus_our_clock() {
    on_the_wire("reads::skew_is_their_date_minus_our_clock", &[], |moto| async move {
        let account = Account::connect(options(), Arc::new(Still(NOW.parse().unwrap()))).await.unwrap();
        assert_eq!(account.skew(&home()), None);
        for (theirs, seconds) in
            [("2026-11-23T18:00:00Z", 0), ("2026-11-23T18:01:30Z", 90), ("2026-11-23T17:00:00Z", -3600)]
        {
            moto.clock(theirs);
            account.groups(&home(), &keyed("k")).await.unwrap();
            assert_eq!(account.skew(&home()), Some(TimeDelta::seconds(seconds)), "{theirs}");
        }
        // A refusal has a date, too; other regions are measured by themselves.
        moto.clock("2026-11-23T18:00:10Z");
        moto.faults(&json!([{ "kind": "error", "service": "ec2", "code": "UnauthorizedOperation" }]));
        cause(account.instances(&home(), &ids(&["i-0123456789abcdef0".into()])).await);
        assert_eq!(account.skew(&home()), Some(TimeDelta::seconds(10)));
        assert_eq!(account.skew(&region("eu-west-1")), None);
        account.identity().await.unwrap();
        assert_eq!(account.skew(&home()), Some(TimeDelta::seconds(10)));
    });
}

#[test]
fn a_list_that_breaks_off_is_no_list() {
    on_the_wire("reads::a_list_that_breaks_off_is_no_list", &[], |moto| async move {
        moto.seed(&json!({ "bulk": { "prefix": "g", "count": 150, "instances_each": 0, "tags": { "k": "v" } } }));
        let account = account().await;
        let second = |kind: &str, when: &str| json!([{ "kind": kind, "when": when, "skip": 1, "times": -1 }]);
        moto.faults(&second("malformed", "before"));
        assert_eq!(cause(account.groups(&home(), &keyed("k")).await), Cause::Malformed);
        moto.faults(&second("truncate", "after"));
        assert_eq!(cause(account.groups(&home(), &keyed("k")).await), Cause::Malformed);
        moto.faults(&json!([{ "kind": "error", "code": "InvalidNextToken", "skip": 1 }]));
        assert_eq!(cause(account.groups(&home(), &keyed("k")).await), refused("InvalidNextToken"));
        moto.faults(&json!([]));
        assert_eq!(account.groups(&home(), &keyed("k")).await.unwrap().len(), 150);
    });
}

#[test]
fn a_read_is_tried_three_times_and_disturbs_no_other_region() {
    on_the_wire("reads::a_read_is_tried_three_times_and_disturbs_no_other_region", &[], |moto| async move {
        moto.seed(&json!({ "groups": [{ "name": "shop", "tags": { "k": "v" } }] }));
        let account = account().await;
        moto.faults(&json!([{ "kind": "throttle", "times": 2 }]));
        assert_eq!(account.groups(&home(), &keyed("k")).await.unwrap().len(), 1);
        assert_eq!(moto.count(GROUPS), 3);
        let bad = region("eu-west-1");
        moto.faults(&json!([{ "kind": "throttle", "region": "eu-west-1", "times": -1 }]));
        let query = keyed("k");
        let good = home();
        let (theirs, ours) = tokio::join!(account.groups(&bad, &query), account.groups(&good, &query));
        assert_eq!(cause(theirs), Cause::Throttled);
        assert_eq!(ours.unwrap().len(), 1);
        // A region that the config does not name is not called, whoever asks.
        moto.forget_calls();
        let foreign = account.groups(&region("ap-south-1"), &query).await;
        assert_eq!(cause(foreign), refused("RegionNotConfigured"));
        assert_eq!(moto.calls()["total"], 0);
    });
}
