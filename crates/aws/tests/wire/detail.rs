//! The second look: what a group is about, and what could replace its instances.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use simian_core::detail::{Launches, Progress, Refresh, TargetHealth};
use simian_core::fleet::{Group, LaunchSource};
use simian_core::ports::{Cause, Cloud, GroupQuery};

use super::{NOW, account, cause, gone, home, ids, on_the_wire, refused};

const REFRESHES: &str = "autoscaling:DescribeInstanceRefreshes";
const ACTIVITIES: &str = "autoscaling:DescribeScalingActivities";
const HEALTH: &str = "elasticloadbalancing:DescribeTargetHealth";
const TEMPLATES: &str = "ec2:DescribeLaunchTemplateVersions";
const CONFIGURATIONS: &str = "autoscaling:DescribeLaunchConfigurations";
const IMAGES: &str = "ec2:DescribeImages";
const SUBNETS: &str = "ec2:DescribeSubnets";

fn change(moto: &super::Moto, change: &Value) {
    moto.control("POST", "group", change);
}

fn two_days_ago() -> DateTime<Utc> {
    NOW.parse::<DateTime<Utc>>().unwrap() - TimeDelta::hours(48)
}

async fn described(cloud: &impl Cloud, name: &str) -> Group {
    cloud.groups(&home(), &GroupQuery::Named(vec![name.into()])).await.unwrap().remove(0)
}

#[test]
fn a_refresh_is_seen_until_it_has_ended() {
    on_the_wire("detail::a_refresh_is_seen_until_it_has_ended", &[], |moto| async move {
        moto.group("shop", 2);
        let account = account().await;
        assert_eq!(account.refresh(&home(), "shop").await, Ok(None));
        for (status, unended) in
            [("Pending", true), ("Baking", true), ("RollbackInProgress", true), ("Successful", false)]
        {
            change(&moto, &json!({ "name": "shop", "refresh": status }));
            let expected = unended.then(|| Refresh { status: status.into() });
            assert_eq!(account.refresh(&home(), "shop").await, Ok(expected), "{status}");
        }
        assert_eq!(moto.calls()["counts"], json!({ REFRESHES: 5 }));
        let asked = moto.calls()["log"][0]["params"].clone();
        assert_eq!(asked, json!({ "AutoScalingGroupName": "shop", "MaxRecords": "100" }));
        assert_eq!(cause(account.refresh(&home(), "gone").await), gone("ValidationError"));
    });
}

#[test]
fn activities_of_the_last_days_to_the_last_page() {
    on_the_wire("detail::activities_of_the_last_days_to_the_last_page", &[], |moto| async move {
        moto.group("shop", 2);
        for (at, status) in
            [("2026-11-21T17:59:59Z", "Failed"), ("2026-11-21T18:00:00Z", "Cancelled"), (NOW, "MidLifecycleAction")]
        {
            moto.clock(at);
            change(&moto, &json!({ "name": "shop", "activity": status }));
        }
        let account = account().await;
        let seen = account.activities(&home(), "shop", two_days_ago()).await.unwrap();
        let progress: Vec<_> = seen.iter().map(|activity| activity.progress.clone()).collect();
        assert_eq!(progress, [Progress::Running("MidLifecycleAction".into()), Progress::Cancelled]);
        assert_eq!((seen[0].started, seen[0].launch), (NOW.parse().unwrap(), true));
        assert_eq!(seen[0].what, "Launching a new EC2 instance");
        let asked = moto.calls()["log"][0]["params"].clone();
        assert_eq!(asked["Filters.member.1.Values.member.1"], "2026-11-21T18:00:00Z");
        assert_eq!(asked["Filters.member.1.Name"], "StartTimeLowerBound");

        change(&moto, &json!({ "name": "shop", "activity": "" }));
        for _ in 0..250 {
            change(&moto, &json!({ "name": "shop", "activity": "Failed", "message": "no capacity" }));
        }
        moto.forget_calls();
        let seen = account.activities(&home(), "shop", two_days_ago()).await.unwrap();
        assert_eq!(seen.len(), 250);
        assert!(seen.iter().all(|activity| activity.progress == Progress::Failed("no capacity".into())));
        assert_eq!(moto.calls()["counts"], json!({ ACTIVITIES: 3 }));
        // Half of them are none.
        moto.faults(&json!([{ "kind": "error", "code": "InvalidNextToken", "skip": 1 }]));
        let error = account.activities(&home(), "shop", two_days_ago()).await;
        assert_eq!(cause(error), refused("InvalidNextToken"));
    });
}

#[test]
fn what_the_balancers_say_of_each_instance() {
    on_the_wire("detail::what_the_balancers_say_of_each_instance", &[], |moto| async move {
        let seeded = moto.seed(&json!({ "groups": [{ "name": "shop", "count": 3, "balanced": true }] }));
        let members: Vec<String> = serde_json::from_value(seeded["members"]["shop"].clone()).unwrap();
        moto.control("POST", "member", &json!({ "instance": members[0], "target": "unhealthy" }));
        moto.control("POST", "member", &json!({ "instance": members[1], "target": "unused" }));
        let account = account().await;
        let arn = described(&account, "shop").await.target_groups.remove(0);
        moto.forget_calls();
        let seen = account.target_health(&home(), &arn).await.unwrap();
        let expected = [TargetHealth::Other("unhealthy".into()), TargetHealth::Unused, TargetHealth::Healthy];
        assert_eq!(seen, ids(&members).into_iter().zip(expected).collect());
        assert_eq!(moto.calls()["counts"], json!({ HEALTH: 1 }));
        let other = arn.replace("shop", "gone");
        assert_eq!(cause(account.target_health(&home(), &other).await), gone("TargetGroupNotFound"));
    });
}

#[test]
fn a_template_leads_to_its_image() {
    on_the_wire("detail::a_template_leads_to_its_image", &[], |moto| async move {
        moto.group("shop", 1);
        let ids = moto.control("POST", "launches", &json!({}));
        let image = ids["image"].as_str().unwrap().to_owned();
        let template = |version: &str| LaunchSource::Template {
            id: ids["template"].as_str().unwrap().to_owned(),
            version: version.into(),
        };
        let account = account().await;
        let source = described(&account, "shop").await.launches.remove(0);
        assert_eq!(source, template("1"));
        moto.forget_calls();
        let launches = async |source: &LaunchSource| account.launches(&home(), source).await;
        assert_eq!(launches(&source).await, Ok(Launches::Image(image.clone())));
        assert_eq!(moto.calls()["counts"], json!({ TEMPLATES: 1, IMAGES: 1 }));
        let log = moto.calls()["log"].clone();
        assert_eq!(
            (&log[0]["params"]["ResolveAlias"], &log[0]["params"]["LaunchTemplateVersion.1"]),
            (&json!("true"), &json!("1"))
        );
        assert_eq!(log[1]["params"]["Filter.1.Value.1"], image.as_str());
        assert_eq!(log[1]["params"]["IncludeDeprecated"], "true");
        for alias in ["$Latest", "$Default"] {
            assert_eq!(launches(&template(alias)).await, Ok(Launches::Image(image.clone())), "{alias}");
        }
        assert_eq!(launches(&LaunchSource::Image(image.clone())).await, Ok(Launches::Image(image.clone())));

        assert_eq!(launches(&template("7")).await, Ok(Launches::Gone));
        moto.control("POST", "launches", &json!({ "template": false }));
        moto.forget_calls();
        assert_eq!(launches(&source).await, Ok(Launches::Gone));
        assert_eq!(moto.calls()["counts"], json!({ TEMPLATES: 1 }));
        moto.control("POST", "launches", &json!({ "template": true, "image": "disabled" }));
        assert_eq!(launches(&source).await, Ok(Launches::MissingImage(image)));
        let unknown = "ami-0123456789abcdef0".to_owned();
        let missing = launches(&LaunchSource::Image(unknown.clone())).await;
        assert_eq!(missing, Ok(Launches::MissingImage(unknown)));
    });
}

#[test]
fn a_launch_configuration_leads_to_its_image() {
    on_the_wire("detail::a_launch_configuration_leads_to_its_image", &[], |moto| async move {
        moto.group("shop", 1);
        let image = moto.control("POST", "launches", &json!({}))["image"].as_str().unwrap().to_owned();
        let parameters =
            [("LaunchConfigurationName", "old"), ("ImageId", image.as_str()), ("InstanceType", "t3.micro")];
        moto.query("autoscaling", "2011-01-01", "CreateLaunchConfiguration", &parameters);
        moto.forget_calls();
        let account = account().await;
        let named = async |name: &str| account.launches(&home(), &LaunchSource::Configuration(name.into())).await;
        assert_eq!(named("old").await, Ok(Launches::Image(image)));
        assert_eq!(moto.calls()["counts"], json!({ CONFIGURATIONS: 1, IMAGES: 1 }));
        assert_eq!(named("gone").await, Ok(Launches::Gone));
        assert_eq!(moto.calls()["counts"], json!({ CONFIGURATIONS: 2, IMAGES: 1 }));
    });
}

#[test]
fn each_call_on_the_way_to_an_image_is_named_when_it_is_denied() {
    on_the_wire("detail::each_call_on_the_way_to_an_image_is_named_when_it_is_denied", &[], |moto| async move {
        moto.group("shop", 1);
        let account = account().await;
        let source = described(&account, "shop").await.launches.remove(0);
        for (action, call) in [("DescribeLaunchTemplateVersions", TEMPLATES), ("DescribeImages", IMAGES)] {
            moto.faults(&json!([{ "kind": "error", "action": action, "code": "UnauthorizedOperation", "times": -1 }]));
            let error = account.launches(&home(), &source).await.unwrap_err();
            assert_eq!((error.call, error.cause), (call, Cause::Denied));
        }
        // What is not said to be gone is not gone.
        let code = "InvalidLaunchTemplateId.Malformed";
        moto.faults(&json!([{ "kind": "error", "action": "DescribeLaunchTemplateVersions", "code": code }]));
        assert_eq!(cause(account.launches(&home(), &source).await), refused(code));
    });
}

#[test]
fn free_addresses_of_subnets() {
    on_the_wire("detail::free_addresses_of_subnets", &[], |moto| async move {
        moto.seed(&json!({ "groups": [{ "name": "shop", "count": 3, "subnets": true }] }));
        let account = account().await;
        let mut subnets = described(&account, "shop").await.subnets;
        assert_eq!(subnets.len(), 3);
        moto.forget_calls();
        let all = account.subnets(&home(), &subnets).await.unwrap();
        assert!(all.keys().eq(subnets.iter().collect::<std::collections::BTreeSet<_>>()), "{all:?}");
        assert!(all.values().all(|free| *free > 4000), "{all:?}");
        change(&moto, &json!({ "name": "shop", "addresses": 2 }));
        subnets.push("subnet-0123456789abcdef0".into());
        let all = account.subnets(&home(), &subnets).await.unwrap();
        assert_eq!(all.into_values().collect::<Vec<_>>(), [2, 2, 2], "one that is gone is left out");
        assert_eq!(moto.calls()["counts"], json!({ SUBNETS: 2 }));
        let many: Vec<String> = (0..201).map(|n| format!("subnet-{n:017x}")).collect();
        assert!(account.subnets(&home(), &many).await.unwrap().is_empty());
        assert!(account.subnets(&home(), &[]).await.unwrap().is_empty());
        assert_eq!(moto.calls()["counts"], json!({ SUBNETS: 4 }), "200 filter values a call");
    });
}

#[test]
fn odd_answers_are_no_answers() {
    on_the_wire("detail::odd_answers_are_no_answers", &[], |moto| async move {
        let account = account().await;
        let image = LaunchSource::Image("ami-1".into());
        let arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/73e2d6bc24d8a067";
        for (rule, expected) in [
            (json!({ "kind": "error", "code": "AccessDenied", "times": -1 }), Cause::Denied),
            (json!({ "kind": "error", "code": "ExpiredToken", "times": -1 }), Cause::Credentials),
            (json!({ "kind": "error", "code": "InternalFailure", "times": -1 }), Cause::Broken),
            (json!({ "kind": "malformed", "times": -1 }), Cause::Malformed),
            (json!({ "kind": "drop", "times": -1 }), Cause::Broken),
        ] {
            moto.faults(&json!([rule]));
            // Side by side, because each waits between its tries.
            let (old, subnets, alarms) =
                (LaunchSource::Configuration("old".into()), ["subnet-1".to_owned()], ["5xx".to_owned()]);
            let home = home();
            let answers = tokio::join!(
                account.refresh(&home, "shop"),
                account.activities(&home, "shop", two_days_ago()),
                account.target_health(&home, arn),
                account.launches(&home, &image),
                account.launches(&home, &old),
                account.subnets(&home, &subnets),
                account.alarms(&home, &alarms),
                account.safety_lever(&home),
            );
            let causes = [
                cause(answers.0),
                cause(answers.1),
                cause(answers.2),
                cause(answers.3),
                cause(answers.4),
                cause(answers.5),
                cause(answers.6),
                cause(answers.7),
            ];
            assert!(causes.iter().all(|cause| *cause == expected), "{rule}: {causes:?}");
        }
        // A throttle is waited out.
        moto.group("shop", 1);
        moto.faults(&json!([{ "kind": "throttle", "times": 2 }]));
        assert_eq!(account.refresh(&home(), "shop").await, Ok(None));
        moto.faults(&json!([{ "kind": "throttle", "code": "ThrottlingException", "times": 2 }]));
        assert!(!account.safety_lever(&home()).await.unwrap().engaged);
        let elsewhere = super::region("ap-south-1");
        assert_eq!(cause(account.safety_lever(&elsewhere).await), refused("RegionNotConfigured"));
    });
}
