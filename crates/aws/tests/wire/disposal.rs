//! Saving and ending resources: one call, one try, and whatever is used stays.

use serde_json::json;
use simian_core::chore::Disposal;
use simian_core::ports::{Actuator, CallError, Cause, Cloud, Effect, ResourceQuery};
use simian_core::resource::{ResourceId, ResourceKind as Kind, Tags};

use super::moto::{Moto, elements};
use super::{account, cause, gone, hasty, home, impatient, in_use, on_the_wire, refused};

/// Ends it the usual way.
async fn end(account: &impl Actuator, kind: Kind, id: &str) -> Result<(), CallError> {
    account.dispose(&home(), &ResourceId::new(kind, id), &Disposal::End).await
}

/// A call of EC2 that must succeed; the first text of that name in its answer.
fn made(moto: &Moto, action: &str, parameters: &[(&str, &str)], name: &str) -> String {
    elements(&moto.query("ec2", "2016-11-15", action, parameters), name).into_iter().next().unwrap_or_default()
}

fn ec2(moto: &Moto, action: &str, parameters: &[(&str, &str)]) {
    moto.query("ec2", "2016-11-15", action, parameters);
}

#[test]
fn each_kind_ends_by_its_call() {
    on_the_wire("disposal::each_kind_ends_by_its_call", &[], |moto| async move {
        let order = json!({
            "volumes": 1, "snapshots": 1, "images": 1, "interfaces": 1, "security_groups": 1, "templates": 2,
            "versions": 2, "configurations": 1, "balancers": 1, "classic_balancers": 1, "target_groups": 1,
        });
        let seeded = moto.resources(&order);
        let loose = moto.seed(&json!({ "loose": 1 }))["loose"][0].as_str().unwrap().to_owned();
        moto.group("shop", 0);
        let address = made(&moto, "AllocateAddress", &[("Domain", "vpc")], "allocationId");
        let key = made(&moto, "CreateKeyPair", &[("KeyName", "ops")], "keyPairId");
        let account = impatient().await;
        let subnet = account.resources(&home(), Kind::Subnet, &ResourceQuery::All).await.unwrap()[0].id.id.clone();
        let private = [("SubnetId", subnet.as_str()), ("ConnectivityType", "private")];
        let gateway = made(&moto, "CreateNatGateway", &private, "natGatewayId");
        let first = |kind: &str| seeded[kind][0].clone();
        let version = format!("{}:2", seeded["templates"][1]);
        for (kind, id, call, again) in [
            (Kind::Instance, loose, "ec2:TerminateInstances", Ok(())),
            (Kind::Volume, first("volumes"), "ec2:DeleteVolume", Err(gone("InvalidVolume.NotFound"))),
            (Kind::Snapshot, first("snapshots"), "ec2:DeleteSnapshot", Err(gone("InvalidSnapshot.NotFound"))),
            (Kind::Image, first("images"), "ec2:DeregisterImage", Err(gone("InvalidAMIID.Unavailable"))),
            (Kind::Group, "shop".into(), "autoscaling:DeleteAutoScalingGroup", Err(gone("ValidationError"))),
            (
                Kind::LaunchConfiguration,
                first("configurations"),
                "autoscaling:DeleteLaunchConfiguration",
                Err(gone("ValidationError")),
            ),
            (
                Kind::TemplateVersion,
                version,
                "ec2:DeleteLaunchTemplateVersions",
                Err(gone("launchTemplateVersionDoesNotExist")),
            ),
            (
                Kind::LaunchTemplate,
                first("templates"),
                "ec2:DeleteLaunchTemplate",
                Err(gone("InvalidLaunchTemplateId.NotFound")),
            ),
            // By AWS's word, these are no error a second time.
            (Kind::Balancer, first("balancers"), "elasticloadbalancing:DeleteLoadBalancer", Ok(())),
            (Kind::ClassicBalancer, first("classic_balancers"), "elasticloadbalancing:DeleteLoadBalancer", Ok(())),
            (Kind::KeyPair, key, "ec2:DeleteKeyPair", Ok(())),
            (
                Kind::TargetGroup,
                first("target_groups"),
                "elasticloadbalancing:DeleteTargetGroup",
                Err(gone("TargetGroupNotFound")),
            ),
            (Kind::Address, address, "ec2:ReleaseAddress", Err(gone("InvalidAllocationID.NotFound"))),
            (
                Kind::Interface,
                first("interfaces"),
                "ec2:DeleteNetworkInterface",
                Err(gone("InvalidNetworkInterfaceID.NotFound")),
            ),
            (
                Kind::SecurityGroup,
                first("security_groups"),
                "ec2:DeleteSecurityGroup",
                Err(gone("InvalidGroup.NotFound")),
            ),
            // It is seen as deleted for a while, and ends once more.
            (Kind::NatGateway, gateway, "ec2:DeleteNatGateway", Ok(())),
        ] {
            moto.forget_calls();
            end(&account, kind, &id).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert_eq!(moto.calls()["counts"], json!({ call: 1 }), "{kind}");
            assert_eq!(end(&account, kind, &id).await.map_err(|error| error.cause), again, "{kind}");
            let left = account.resources(&home(), kind, &ResourceQuery::Ids(vec![id.clone()])).await.unwrap();
            let still = matches!(kind, Kind::Instance | Kind::NatGateway);
            assert_eq!(!left.is_empty(), still, "{kind}: {left:?}");
        }
        let gone_gateway = end(&account, Kind::NatGateway, "nat-0123456789abcdef0").await;
        assert_eq!(cause(gone_gateway), gone("NatGatewayNotFound"));
    });
}

#[test]
fn what_is_used_stays() {
    on_the_wire("disposal::what_is_used_stays", &[], |moto| async move {
        let order = json!({ "images": 1, "security_groups": 2, "interfaces": 1, "target_groups": 1, "balancers": 1,
                            "configurations": 1 });
        let seeded = moto.resources(&order);
        let members = moto.group("shop", 1);
        let account = impatient().await;
        let all = async |kind| account.resources(&home(), kind, &ResourceQuery::All).await.unwrap();
        let volume = all(Kind::Volume).await.remove(0);
        assert_eq!(volume.volume().unwrap().attached[0].as_str(), members[0]);
        let image = all(Kind::Image).await.into_iter().find(|one| one.id.id == seeded["images"][0]).unwrap();
        let used = |one: &simian_core::resource::Resource| one.interface().unwrap().instance.is_some();
        let interface = all(Kind::Interface).await.into_iter().find(used).unwrap();
        let address = made(&moto, "AllocateAddress", &[("Domain", "vpc")], "allocationId");
        let with = [("AllocationId", address.as_str()), ("InstanceId", &members[0])];
        ec2(&moto, "AssociateAddress", &with);
        let rule = [
            ("GroupId", seeded["security_groups"][1].as_str()),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "443"),
            ("IpPermissions.1.ToPort", "443"),
            ("IpPermissions.1.Groups.1.GroupId", &seeded["security_groups"][0]),
        ];
        ec2(&moto, "AuthorizeSecurityGroupIngress", &rule);
        let own = all(Kind::SecurityGroup).await.into_iter().find(|one| one.title() == "default").unwrap();
        let listener = [
            ("LoadBalancerArn", seeded["balancers"][0].as_str()),
            ("Protocol", "HTTP"),
            ("Port", "80"),
            ("DefaultActions.member.1.Type", "forward"),
            ("DefaultActions.member.1.TargetGroupArn", &seeded["target_groups"][0]),
        ];
        moto.query("elasticloadbalancing", "2015-12-01", "CreateListener", &listener);
        let group = [
            ("AutoScalingGroupName", "old"),
            ("LaunchConfigurationName", seeded["configurations"][0].as_str()),
            ("MinSize", "0"),
            ("MaxSize", "0"),
            ("AvailabilityZones.member.1", "us-east-1a"),
        ];
        moto.query("autoscaling", "2011-01-01", "CreateAutoScalingGroup", &group);
        for (kind, id, expected) in [
            (Kind::Volume, &volume.id.id, in_use("VolumeInUse")),
            (Kind::Snapshot, &image.image().unwrap().snapshots[0], in_use("InvalidSnapshot.InUse")),
            (Kind::Interface, &interface.id.id, in_use("InvalidParameterValue")),
            (Kind::Address, &address, in_use("InvalidIPAddress.InUse")),
            (Kind::SecurityGroup, &seeded["security_groups"][0], in_use("DependencyViolation")),
            (Kind::SecurityGroup, &own.id.id, refused("CannotDelete")),
            (Kind::TargetGroup, &seeded["target_groups"][0], in_use("ResourceInUse")),
            (Kind::Group, &"shop".to_owned(), in_use("ResourceInUse")),
            (Kind::LaunchConfiguration, &seeded["configurations"][0], in_use("ResourceInUse")),
        ] {
            let error = end(&account, kind, id).await.expect_err(kind.as_str());
            assert_eq!(error.cause, expected, "{kind}: {error}");
            assert_eq!(error.cause.effect(), Effect::None);
            if kind != Kind::Group {
                let left = account.resources(&home(), kind, &ResourceQuery::Ids(vec![id.clone()])).await.unwrap();
                assert_eq!(left.len(), 1, "{kind}");
            }
        }
        assert_eq!(moto.state(&members[0]), "running");
        let log = moto.calls()["log"].clone();
        let group = log.as_array().unwrap().iter().find(|entry| entry["call"] == "autoscaling:DeleteAutoScalingGroup");
        assert_eq!(group.unwrap()["params"], json!({ "AutoScalingGroupName": "shop", "ForceDelete": "false" }));
        let text = end(&account, Kind::Volume, &volume.id.id).await.unwrap_err().to_string();
        let expected = "ec2:DeleteVolume in 123456789012/us-east-1 was refused with VolumeInUse: it is in use (Volume ";
        assert!(text.starts_with(expected), "{text}");
    });
}

#[test]
fn an_image_goes_with_the_snapshots_that_are_named() {
    on_the_wire("disposal::an_image_goes_with_the_snapshots_that_are_named", &[], |moto| async move {
        let seeded = moto.resources(&json!({ "images": 2, "snapshots": 2 }));
        let account = account().await;
        let image = |n: usize| ResourceId::new(Kind::Image, &seeded["images"][n]);
        let with = |snapshots: Vec<String>| Disposal::EndImage { snapshots };
        let snapshots = async || {
            let all = account.resources(&home(), Kind::Snapshot, &ResourceQuery::All).await.unwrap();
            all.into_iter().map(|one| one.id.id).collect::<Vec<_>>()
        };
        let own = account.resources(&home(), Kind::Image, &ResourceQuery::Ids(vec![image(0).id])).await.unwrap();
        let own = own[0].image().unwrap().snapshots[0].clone();
        moto.forget_calls();
        account.dispose(&home(), &image(0), &with(vec![own.clone()])).await.unwrap();
        assert_eq!(moto.calls()["counts"], json!({ "ec2:DeregisterImage": 1, "ec2:DeleteSnapshot": 1 }));
        assert_eq!(snapshots().await.len(), 3, "no other snapshot went with it");
        // Once more, and what is gone is no error while there is something to finish.
        let left = seeded["snapshots"][0].clone();
        account.dispose(&home(), &image(0), &with(vec![own.clone(), left.clone()])).await.unwrap();
        assert!(!snapshots().await.contains(&left));
        assert_eq!(cause(account.dispose(&home(), &image(0), &with(vec![])).await), gone("InvalidAMIID.Unavailable"));
        // The image is gone, one snapshot is refused, and the others have gone all the same.
        let other = seeded["snapshots"][1].clone();
        let pattern = format!("^{own}$");
        moto.faults(&json!([{ "kind": "error", "action": "DeleteSnapshot", "code": "UnauthorizedOperation",
                              "match": { "SnapshotId": pattern } }]));
        let error = account.dispose(&home(), &image(1), &with(vec![own, other.clone()])).await.unwrap_err();
        assert_eq!((error.cause, error.call), (Cause::Denied, "ec2:DeleteSnapshot"));
        assert!(!snapshots().await.contains(&other));
        // What is not ended takes nothing with it.
        moto.forget_calls();
        moto.faults(&json!([{ "kind": "error", "action": "DeregisterImage", "code": "UnauthorizedOperation" }]));
        let error = account.dispose(&home(), &image(1), &with(vec!["snap-1".into()])).await;
        assert_eq!(cause(error), Cause::Denied);
        assert_eq!(moto.calls()["counts"], json!({ "ec2:DeregisterImage": 1 }));
    });
}

#[test]
fn a_version_that_is_not_deleted_is_an_error() {
    on_the_wire("disposal::a_version_that_is_not_deleted_is_an_error", &[], |moto| async move {
        let template = moto.resources(&json!({ "templates": 1, "versions": 3 }))["templates"][0].clone();
        let account = account().await;
        let default = end(&account, Kind::TemplateVersion, &format!("{template}:1")).await.unwrap_err();
        assert_eq!(default.cause, refused("unexpectedError"));
        end(&account, Kind::TemplateVersion, &format!("{template}:2")).await.unwrap();
        let left = account.resources(&home(), Kind::TemplateVersion, &ResourceQuery::All).await.unwrap();
        let left: Vec<&str> = left.iter().map(|one| one.id.id.as_str()).collect();
        assert_eq!(left, [format!("{template}:1"), format!("{template}:3")]);
        moto.forget_calls();
        assert_eq!(cause(end(&account, Kind::TemplateVersion, &template).await), refused("InvalidRequest"));
        assert_eq!(moto.calls()["total"], 0);
        let unknown = end(&account, Kind::TemplateVersion, "lt-0123456789abcdef0:1").await;
        assert_eq!(cause(unknown), gone("InvalidLaunchTemplateId.NotFound"));
    });
}

#[test]
fn a_log_group_stays_and_forgets() {
    on_the_wire("disposal::a_log_group_stays_and_forgets", &[], |moto| async move {
        moto.resources(&json!({ "log_groups": 1 }));
        let account = account().await;
        let group = ResourceId::new(Kind::LogGroup, "/seeded/0000");
        account.dispose(&home(), &group, &Disposal::Retain { days: 30 }).await.unwrap();
        let found = account.resources(&home(), Kind::LogGroup, &ResourceQuery::All).await.unwrap();
        assert_eq!(found[0].log_group().unwrap().retention_days, Some(30));
        let unknown = ResourceId::new(Kind::LogGroup, "/unknown");
        let error = account.dispose(&home(), &unknown, &Disposal::Retain { days: 30 }).await.unwrap_err();
        assert_eq!((error.cause, error.call), (gone("ResourceNotFoundException"), "logs:PutRetentionPolicy"));
    });
}

#[test]
fn what_no_call_ends_is_not_called_for() {
    on_the_wire("disposal::what_no_call_ends_is_not_called_for", &[], |moto| async move {
        let account = account().await;
        let retain = Disposal::Retain { days: 30 };
        let with_nothing = Disposal::EndImage { snapshots: vec![] };
        for (kind, disposal) in [
            (Kind::LogGroup, &Disposal::End),
            (Kind::RouteTable, &Disposal::End),
            (Kind::Subnet, &Disposal::End),
            (Kind::Parameter, &Disposal::End),
            (Kind::ManagedNode, &Disposal::End),
            (Kind::Volume, &retain),
            (Kind::Instance, &with_nothing),
        ] {
            let error = account.dispose(&home(), &ResourceId::new(kind, "x"), disposal).await.unwrap_err();
            assert_eq!(error.cause, refused("NotDisposable"), "{kind}");
        }
        for kind in Kind::ALL.iter().filter(|kind| !matches!(kind, Kind::Volume | Kind::Image)) {
            let error = account.save(&home(), &ResourceId::new(*kind, "x"), &Tags::new()).await.unwrap_err();
            assert_eq!(error.cause, refused("NotSavable"), "{kind}");
        }
        assert_eq!(moto.calls()["total"], 0);
    });
}

#[test]
fn a_volume_is_saved_by_a_snapshot_and_an_image_by_being_disabled() {
    let name = "disposal::a_volume_is_saved_by_a_snapshot_and_an_image_by_being_disabled";
    on_the_wire(name, &[], |moto| async move {
        let seeded = moto.resources(&json!({ "volumes": 1, "images": 1 }));
        let account = account().await;
        let volume = ResourceId::new(Kind::Volume, &seeded["volumes"][0]);
        let tags: Tags = [("owner", "ann"), ("simian:saved", "vol")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        moto.forget_calls();
        let snapshot = account.save(&home(), &volume, &tags).await.unwrap().unwrap();
        assert_eq!(moto.calls()["counts"], json!({ "ec2:CreateSnapshot": 1 }));
        let made = account.resources(&home(), Kind::Snapshot, &ResourceQuery::Ids(vec![snapshot])).await.unwrap();
        assert_eq!(made[0].tags.known(), Some(&tags));
        let about = made[0].snapshot().unwrap();
        assert_eq!(about.description, format!("simian made it before {} was deleted", volume.id));
        assert_eq!(about.volume.as_ref(), Some(&volume.id));
        assert!(account.save(&home(), &volume, &Tags::new()).await.unwrap().is_some());
        let image = ResourceId::new(Kind::Image, &seeded["images"][0]);
        assert_eq!(account.save(&home(), &image, &tags).await, Ok(None));
        let found = account.resources(&home(), Kind::Image, &ResourceQuery::All).await.unwrap();
        assert!(found[0].image().unwrap().disabled);
        let unknown = ResourceId::new(Kind::Volume, "vol-0123456789abcdef0");
        let error = account.save(&home(), &unknown, &tags).await.unwrap_err();
        assert_eq!((error.cause, error.call), (gone("InvalidVolume.NotFound"), "ec2:CreateSnapshot"));
    });
}

#[test]
fn one_try_and_a_true_account_of_it() {
    on_the_wire("disposal::one_try_and_a_true_account_of_it", &[], |moto| async move {
        let seeded = moto.resources(&json!({ "volumes": 12 }));
        let account = hasty().await;
        let faults = [
            (json!({ "kind": "throttle", "when": "before" }), Cause::Throttled, false),
            (json!({ "kind": "error", "code": "UnauthorizedOperation" }), Cause::Denied, false),
            (json!({ "kind": "error", "code": "OperationNotPermitted" }), refused("OperationNotPermitted"), false),
            (json!({ "kind": "drop", "when": "after" }), Cause::Broken, true),
            (json!({ "kind": "error", "code": "InternalError", "when": "after" }), Cause::Broken, true),
            (json!({ "kind": "delay", "seconds": 2, "when": "after" }), Cause::Timeout, true),
        ];
        for ((mut rule, expected, gone), id) in faults.into_iter().zip(&seeded["volumes"]) {
            // Each with full buckets.
            let account = hasty().await;
            rule["times"] = json!(-1);
            moto.forget_calls();
            moto.faults(&json!([rule]));
            let error = end(&account, Kind::Volume, id).await.unwrap_err();
            assert_eq!((error.cause, error.call), (expected, "ec2:DeleteVolume"), "{rule}");
            assert_eq!(moto.calls()["counts"], json!({ "ec2:DeleteVolume": 1 }), "{rule}");
            moto.faults(&json!([]));
            let left = account.resources(&home(), Kind::Volume, &ResourceQuery::Ids(vec![id.clone()])).await.unwrap();
            assert_eq!(left.is_empty(), gone, "{rule}");
        }
        // A denied call names what it was for.
        moto.faults(&json!([{ "kind": "error", "code": "UnauthorizedOperation" }]));
        let id = &seeded["volumes"][9];
        let text = end(&account, Kind::Volume, id).await.unwrap_err().to_string();
        assert!(text.starts_with(&format!("no permission for ec2:DeleteVolume on {id} in 123456789012/us-east-1")));
        let elsewhere = ResourceId::new(Kind::Volume, id);
        let elsewhere = account.dispose(&super::region("ap-south-1"), &elsewhere, &Disposal::End).await;
        assert_eq!(cause(elsewhere), refused("RegionNotConfigured"));
    });
}

#[test]
fn a_throttled_deletion_makes_the_next_one_of_its_kind_wait() {
    on_the_wire("disposal::a_throttled_deletion_makes_the_next_one_of_its_kind_wait", &[], |moto| async move {
        let seeded = moto.resources(&json!({ "volumes": 2, "snapshots": 1 }));
        let clock = std::sync::Arc::new(super::Leaping::default());
        let account = simian_aws::Account::connect(super::options(), clock.clone()).await.unwrap();
        moto.faults(&json!([{ "kind": "throttle" }]));
        assert_eq!(cause(end(&account, Kind::Volume, &seeded["volumes"][0]).await), Cause::Throttled);
        clock.waits();
        end(&account, Kind::Volume, &seeded["volumes"][0]).await.unwrap();
        assert_eq!(clock.leaps(), [chrono::TimeDelta::milliseconds(250)], "a token of four a second");
        end(&account, Kind::Snapshot, &seeded["snapshots"][0]).await.unwrap();
        assert_eq!(clock.leaps(), [], "another call has a bucket of its own");
    });
}
