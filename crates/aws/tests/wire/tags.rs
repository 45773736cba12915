//! Tags written and taken away, by the service of each kind.

use serde_json::json;
use simian_core::ports::{Actuator, Cause, Cloud, GroupQuery, ResourceQuery};
use simian_core::resource::ResourceKind as Kind;

use super::moto::elements;
use super::{account, cause, gone, home, impatient, on_the_wire, refused};

const KEY: &str = "simian:mark";
const VALUE: &str = "delete@2026-12-01 rule=unattached-volume since=2026-11-21";

#[test]
fn a_mark_comes_and_goes_on_every_kind() {
    on_the_wire("tags::a_mark_comes_and_goes_on_every_kind", &[], |moto| async move {
        let order = json!({
            "volumes": 2, "snapshots": 2, "images": 2, "interfaces": 2, "security_groups": 2, "route_tables": 2,
            "templates": 2, "balancers": 2, "classic_balancers": 2, "target_groups": 2, "log_groups": 1,
        });
        let mut seeded = moto.resources(&order);
        let instances = moto.seed(&json!({ "loose": 2 }))["loose"].clone();
        seeded.insert("instances".into(), serde_json::from_value(instances).unwrap());
        let key = moto.query("ec2", "2016-11-15", "CreateKeyPair", &[("KeyName", "ops")]);
        seeded.insert("key_pairs".into(), elements(&key, "keyPairId"));
        let address = moto.query("ec2", "2016-11-15", "AllocateAddress", &[("Domain", "vpc")]);
        seeded.insert("addresses".into(), elements(&address, "allocationId"));
        let account = impatient().await;
        let elb = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"];
        for (kind, seed, calls) in [
            (Kind::Instance, "instances", ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::Volume, "volumes", ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::Snapshot, "snapshots", ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::Image, "images", ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::Interface, "interfaces", ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::SecurityGroup, "security_groups", ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::RouteTable, "route_tables", ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::LaunchTemplate, "templates", ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::KeyPair, "key_pairs", ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::Address, "addresses", ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::Balancer, "balancers", elb),
            (Kind::ClassicBalancer, "classic_balancers", elb),
            (Kind::TargetGroup, "target_groups", elb),
            (Kind::LogGroup, "log_groups", ["logs:TagResource", "logs:UntagResource"]),
        ] {
            let ids = &seeded[seed];
            let seen = async || {
                let all = account.resources(&home(), kind, &ResourceQuery::Ids(ids.clone())).await.unwrap();
                assert_eq!(all.len(), ids.len(), "{kind}");
                all.iter().map(|one| one.tag(KEY).map(str::to_owned)).collect::<Vec<_>>()
            };
            moto.forget_calls();
            account.tag(&home(), kind, ids, "other", "stays").await.unwrap();
            account.tag(&home(), kind, ids, KEY, "old").await.unwrap();
            account.tag(&home(), kind, ids, KEY, VALUE).await.unwrap();
            assert_eq!(moto.calls()["counts"], json!({ calls[0]: 3 }), "{kind}");
            assert_eq!(seen().await, vec![Some(VALUE.to_owned()); ids.len()], "{kind}");
            moto.forget_calls();
            account.untag(&home(), kind, ids, KEY).await.unwrap();
            assert_eq!(moto.calls()["counts"], json!({ calls[1]: 1 }), "{kind}");
            assert_eq!(seen().await, vec![None; ids.len()], "{kind}");
            // One that has none is no error.
            account.untag(&home(), kind, ids, KEY).await.unwrap();
            let all = account.resources(&home(), kind, &ResourceQuery::Ids(ids.clone())).await.unwrap();
            assert!(all.iter().all(|one| one.tag("other") == Some("stays")), "{kind}: nothing else goes");
        }
    });
}

#[test]
fn a_groups_mark_is_its_own() {
    on_the_wire("tags::a_groups_mark_is_its_own", &[], |moto| async move {
        moto.seed(&json!({ "groups": [{ "name": "shop", "count": 1, "tags": { "owner": "ann" } }] }));
        let account = account().await;
        let names = ["shop".to_owned()];
        account.tag(&home(), Kind::Group, &names, KEY, VALUE).await.unwrap();
        let asked = moto.calls()["log"][0].clone();
        assert_eq!(asked["call"], "autoscaling:CreateOrUpdateTags");
        assert_eq!(asked["params"]["Tags.member.1.PropagateAtLaunch"], "false");
        let group = async || account.groups(&home(), &GroupQuery::All).await.unwrap().remove(0);
        assert_eq!(group().await.tags[KEY], VALUE);
        account.untag(&home(), Kind::Group, &names, KEY).await.unwrap();
        let tags = group().await.tags;
        assert_eq!(tags, [("owner".to_owned(), "ann".to_owned())].into());
        let unknown = account.tag(&home(), Kind::Group, &["gone".to_owned()], KEY, VALUE).await;
        assert_eq!(cause(unknown), gone("ValidationError"));
    });
}

#[test]
fn what_is_taken_away_has_a_key_and_no_value() {
    on_the_wire("tags::what_is_taken_away_has_a_key_and_no_value", &[], |moto| async move {
        let volumes = moto.resources(&json!({ "volumes": 1 }))["volumes"].clone();
        let account = account().await;
        account.untag(&home(), Kind::Volume, &volumes, KEY).await.unwrap();
        let asked = moto.calls()["log"][0]["params"].clone();
        assert_eq!(asked, json!({ "ResourceId.1": volumes[0], "Tag.1.Key": KEY }), "a value would have to match");
        // Without a key EC2 would take away all tags.
        moto.forget_calls();
        assert_eq!(cause(account.untag(&home(), Kind::Volume, &volumes, "").await), refused("InvalidRequest"));
        assert_eq!(cause(account.tag(&home(), Kind::Volume, &volumes, "", "x").await), refused("InvalidRequest"));
        assert_eq!(moto.calls()["total"], 0);
    });
}

#[test]
fn what_cannot_be_one_call_is_none() {
    on_the_wire("tags::what_cannot_be_one_call_is_none", &[], |moto| async move {
        let account = account().await;
        let ids = |number: usize| (0..number).map(|n| n.to_string()).collect::<Vec<_>>();
        for (kind, most) in [(Kind::Volume, 1000), (Kind::Group, 25), (Kind::ClassicBalancer, 20), (Kind::LogGroup, 1)]
        {
            let many = account.tag(&home(), kind, &ids(most + 1), KEY, VALUE).await;
            assert_eq!(cause(many), refused("BatchTooLarge"), "{kind}");
            assert_eq!(cause(account.untag(&home(), kind, &ids(most + 1), KEY).await), refused("BatchTooLarge"));
            account.tag(&home(), kind, &[], KEY, VALUE).await.unwrap();
            account.untag(&home(), kind, &[], KEY).await.unwrap();
        }
        for kind in [Kind::LaunchConfiguration, Kind::TemplateVersion, Kind::Parameter, Kind::ManagedNode] {
            let error = account.tag(&home(), kind, &ids(1), KEY, VALUE).await.unwrap_err();
            assert_eq!(error.cause, refused("NotTaggable"), "{kind}");
            assert_eq!(cause(account.untag(&home(), kind, &ids(1), KEY).await), refused("NotTaggable"), "{kind}");
        }
        assert_eq!(moto.calls()["total"], 0);
    });
}

#[test]
fn a_tag_that_is_refused_says_so_once() {
    on_the_wire("tags::a_tag_that_is_refused_says_so_once", &[], |moto| async move {
        let order = json!({ "volumes": 1, "balancers": 1, "classic_balancers": 1, "log_groups": 1 });
        let seeded = moto.resources(&order);
        moto.group("shop", 0);
        let account = impatient().await;
        for (kind, ids, calls) in [
            (Kind::Volume, seeded["volumes"].clone(), ["ec2:CreateTags", "ec2:DeleteTags"]),
            (Kind::Group, vec!["shop".to_owned()], ["autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"]),
            (
                Kind::Balancer,
                seeded["balancers"].clone(),
                ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
            ),
            (
                Kind::ClassicBalancer,
                seeded["classic_balancers"].clone(),
                ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
            ),
            (Kind::LogGroup, seeded["log_groups"].clone(), ["logs:TagResource", "logs:UntagResource"]),
        ] {
            moto.forget_calls();
            moto.faults(&json!([{ "kind": "error", "code": "AccessDenied", "times": -1 }]));
            let error = account.tag(&home(), kind, &ids, KEY, VALUE).await.unwrap_err();
            assert_eq!((error.cause, error.call), (Cause::Denied, calls[0]));
            assert!(error.on.starts_with(&ids[0]), "{}", error.on);
            let error = account.untag(&home(), kind, &ids, KEY).await.unwrap_err();
            assert_eq!((error.cause, error.call), (Cause::Denied, calls[1]));
            moto.faults(&json!([{ "kind": "drop", "when": "after", "times": -1 }]));
            assert_eq!(cause(account.tag(&home(), kind, &ids, KEY, VALUE).await), Cause::Broken, "{kind}");
            assert_eq!(moto.calls()["counts"], json!({ calls[0]: 2, calls[1]: 1 }), "{kind}");
            moto.faults(&json!([]));
        }
        let unknown = ["/unknown".to_owned()];
        let error = account.tag(&home(), Kind::LogGroup, &unknown, KEY, VALUE).await;
        assert_eq!(cause(error), gone("ResourceNotFoundException"));
    });
}
