//! Resources of every kind: whole lists, in as few calls as AWS lets us, and nothing but them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use simian_aws::Account;
use simian_core::fleet::View;
use simian_core::ports::{Cause, Cloud, GroupQuery, ResourceQuery};
use simian_core::resource::{Resource, ResourceId, ResourceKind as Kind, Tags};

use super::moto::{Moto, elements};
use super::{account, cause, home, impatient, on_the_wire};

const VOLUMES: &str = "ec2:DescribeVolumes";

/// All of a kind, and the calls that it took.
async fn all(moto: &Moto, account: &Account, kind: Kind, query: &ResourceQuery) -> (Vec<Resource>, Value) {
    moto.forget_calls();
    let found = account.resources(&home(), kind, query).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
    assert!(found.iter().all(|one| one.kind() == kind && one.id.kind == kind), "{found:?}");
    (found, moto.calls()["counts"].clone())
}

fn ids(resources: &[Resource]) -> BTreeSet<&str> {
    resources.iter().map(|one| one.id.id.as_str()).collect()
}

/// These, and one that there is not.
fn these(known: &[String], unknown: &str) -> ResourceQuery {
    ResourceQuery::Ids(known.iter().cloned().chain([unknown.to_owned()]).collect())
}

/// The first text of that name in the answer of a call of EC2.
fn made(moto: &Moto, action: &str, parameters: &[(&str, &str)], name: &str) -> String {
    elements(&moto.query("ec2", "2016-11-15", action, parameters), name).remove(0)
}

#[test]
fn volumes_are_a_thousand_a_call() {
    on_the_wire("resources::volumes_are_a_thousand_a_call", &[], |moto| async move {
        let seeded = moto.resources(&json!({ "volumes": 2500 }));
        let account = account().await;
        let (found, calls) = all(&moto, &account, Kind::Volume, &ResourceQuery::All).await;
        assert_eq!(ids(&found), seeded["volumes"].iter().map(String::as_str).collect());
        assert_eq!(calls, json!({ VOLUMES: 3 }));
        let asked = moto.calls()["log"][0]["params"].clone();
        assert_eq!(asked, json!({ "MaxResults": "1000", "IncludeManagedResources": "true" }));
        // Loose ones are asked for as such.
        let (found, _) = all(&moto, &account, Kind::Volume, &ResourceQuery::Loose).await;
        assert_eq!(found.len(), 2500);
        let asked = moto.calls()["log"][0]["params"].clone();
        assert_eq!((&asked["Filter.1.Name"], &asked["Filter.1.Value.1"]), (&json!("status"), &json!("available")));
        // By id, 200 a call; one that there is not is left out.
        let some = these(&seeded["volumes"][..200], "vol-0123456789abcdef0");
        let (found, calls) = all(&moto, &account, Kind::Volume, &some).await;
        assert_eq!((found.len(), calls), (200, json!({ VOLUMES: 2 })));
        assert!(moto.calls()["log"][0]["params"]["VolumeId.1"].is_null(), "an unknown id would fail them all");
        let (found, calls) = all(&moto, &account, Kind::Volume, &ResourceQuery::Ids(vec![])).await;
        assert_eq!((found.len(), calls), (0, json!({})));
    });
}

#[test]
fn a_list_that_breaks_off_is_no_list() {
    on_the_wire("resources::a_list_that_breaks_off_is_no_list", &[], |moto| async move {
        moto.resources(&json!({ "volumes": 1500 }));
        let account = account().await;
        let ask = async || account.resources(&home(), Kind::Volume, &ResourceQuery::All).await;
        let second = |kind: &str, when: &str| json!([{ "kind": kind, "when": when, "skip": 1, "times": -1 }]);
        moto.faults(&second("truncate", "after"));
        assert_eq!(cause(ask().await), Cause::Malformed);
        moto.faults(&json!([{ "kind": "error", "code": "InvalidNextToken", "skip": 1 }]));
        assert_eq!(cause(ask().await), super::refused("InvalidNextToken"));
        // A throttle is waited out, and the page is read again.
        moto.forget_calls();
        moto.faults(&json!([{ "kind": "throttle", "skip": 1, "times": 2 }]));
        assert_eq!(ask().await.unwrap().len(), 1500);
        assert_eq!(moto.calls()["counts"], json!({ VOLUMES: 4 }));
    });
}

#[test]
fn every_list_is_read_to_its_last_page_in_as_few_calls_as_there_are_pages() {
    let name = "resources::every_list_is_read_to_its_last_page_in_as_few_calls_as_there_are_pages";
    on_the_wire(name, &[], |moto| async move {
        // Every network has a security group and a route table to begin with.
        let order = json!({
            "snapshots": 1001, "images": 3, "interfaces": 1001, "security_groups": 1000, "route_tables": 100,
            "templates": 201, "configurations": 101, "balancers": 401, "classic_balancers": 401,
            "target_groups": 401, "log_groups": 101, "parameters": 60, "others": 60,
        });
        let seeded = moto.resources(&order);
        let nodes: serde_json::Map<String, Value> =
            (0..51).map(|n| (format!("i-{n:017x}"), json!(if n == 0 { "ConnectionLost" } else { "Online" }))).collect();
        moto.control("POST", "nodes", &json!({ "nodes": nodes }));
        let account = impatient().await;
        let elb =
            |list: &str| json!({ format!("elasticloadbalancing:{list}"): 2, "elasticloadbalancing:DescribeTags": 21 });
        for (kind, seed, number, calls) in [
            // Three images have a snapshot each; the second list has those that everybody may restore.
            (Kind::Snapshot, "snapshots", 1004, json!({ "ec2:DescribeSnapshots": 3 })),
            (Kind::Image, "images", 3, json!({ "ec2:DescribeImages": 1 })),
            (Kind::Interface, "interfaces", 1001, json!({ "ec2:DescribeNetworkInterfaces": 2 })),
            // Each classic balancer brings one.
            (Kind::SecurityGroup, "security_groups", 1402, json!({ "ec2:DescribeSecurityGroups": 2 })),
            (Kind::RouteTable, "route_tables", 101, json!({ "ec2:DescribeRouteTables": 2 })),
            (Kind::LaunchTemplate, "templates", 201, json!({ "ec2:DescribeLaunchTemplates": 2 })),
            (
                Kind::LaunchConfiguration,
                "configurations",
                101,
                json!({ "autoscaling:DescribeLaunchConfigurations": 2 }),
            ),
            (Kind::Balancer, "balancers", 401, elb("DescribeLoadBalancers")),
            (Kind::ClassicBalancer, "classic_balancers", 401, elb("DescribeLoadBalancers")),
            (Kind::TargetGroup, "target_groups", 401, elb("DescribeTargetGroups")),
            (Kind::LogGroup, "log_groups", 101, json!({ "logs:DescribeLogGroups": 3 })),
            (Kind::Parameter, "parameters", 60, json!({ "ssm:DescribeParameters": 3, "ssm:GetParameters": 12 })),
        ] {
            let (found, counts) = all(&moto, &account, kind, &ResourceQuery::All).await;
            assert_eq!((found.len(), counts), (number, calls), "{kind}");
            assert!(seeded[seed].iter().all(|id| ids(&found).contains(id.as_str())), "{kind}");
        }
        let (found, calls) = all(&moto, &account, Kind::ManagedNode, &ResourceQuery::All).await;
        assert_eq!(calls, json!({ "ssm:DescribeInstanceInformation": 2 }));
        assert_eq!(found.iter().filter(|one| one.managed_node().unwrap().online).count(), 50);
        let (found, calls) = all(&moto, &account, Kind::Group, &ResourceQuery::All).await;
        assert_eq!((found.len(), calls), (0, json!({})), "groups have a list of their own");
    });
}

#[test]
fn every_version_of_every_template() {
    on_the_wire("resources::every_version_of_every_template", &[], |moto| async move {
        let many = moto.resources(&json!({ "templates": 1, "versions": 401 }))["templates"][0].clone();
        let account = impatient().await;
        let (found, calls) = all(&moto, &account, Kind::TemplateVersion, &ResourceQuery::All).await;
        assert_eq!(found.len(), 401);
        let both = json!({ "ec2:DescribeLaunchTemplates": 1, "ec2:DescribeLaunchTemplateVersions": 3 });
        assert_eq!(calls, both);
        let asked = moto.calls()["log"][1]["params"].clone();
        assert_eq!((&asked["MaxResults"], &asked["ResolveAlias"]), (&json!("200"), &Value::Null));
        let marked = |test: fn(&Resource) -> bool| found.iter().filter(|one| test(one)).collect::<Vec<_>>();
        let latest = marked(|one| one.template_version().unwrap().latest);
        let default = marked(|one| one.template_version().unwrap().default);
        assert_eq!(latest.iter().map(|one| one.id.id.clone()).collect::<Vec<_>>(), [format!("{many}:401")]);
        assert_eq!(default.iter().map(|one| one.id.id.clone()).collect::<Vec<_>>(), [format!("{many}:1")]);
        let launch = &default[0].template_version().unwrap().launch;
        assert_eq!((launch.kind.as_deref(), launch.image.is_some()), (Some("m7g.large"), true));
        // Some by id: a call for each template that they are of, and no list of templates.
        let some = ["lt-0123456789abcdef0:1".to_owned(), format!("{many}:7"), format!("{many}:999")];
        let (found, calls) = all(&moto, &account, Kind::TemplateVersion, &ResourceQuery::Ids(some.into())).await;
        assert_eq!(ids(&found), [format!("{many}:7").as_str()].into());
        assert_eq!(calls, json!({ "ec2:DescribeLaunchTemplateVersions": 4 }), "three pages, and one that is gone");
    });
}

#[test]
fn whatever_is_asked_for_by_id_and_is_gone_is_left_out() {
    on_the_wire("resources::whatever_is_asked_for_by_id_and_is_gone_is_left_out", &[], |moto| async move {
        let order = json!({
            "snapshots": 1, "images": 1, "interfaces": 1, "security_groups": 1, "route_tables": 1, "templates": 1,
            "configurations": 1, "balancers": 1, "classic_balancers": 1, "target_groups": 1, "log_groups": 1,
            "parameters": 1,
        });
        let seeded = moto.resources(&order);
        let account = impatient().await;
        for (kind, seed) in [
            (Kind::Snapshot, "snapshots"),
            (Kind::Image, "images"),
            (Kind::Interface, "interfaces"),
            (Kind::SecurityGroup, "security_groups"),
            (Kind::RouteTable, "route_tables"),
            (Kind::LaunchTemplate, "templates"),
            (Kind::LaunchConfiguration, "configurations"),
            (Kind::Balancer, "balancers"),
            (Kind::ClassicBalancer, "classic_balancers"),
            (Kind::TargetGroup, "target_groups"),
            (Kind::LogGroup, "log_groups"),
            (Kind::Parameter, "parameters"),
        ] {
            let known = &seeded[seed];
            let unknown = known[0].replace(['0', '1', '2', '3', '4', '5', '6', '7'], "8");
            let (found, _) = all(&moto, &account, kind, &these(known, &unknown)).await;
            assert_eq!(ids(&found), [known[0].as_str()].into(), "{kind}");
            assert!(found[0].tags.known().is_some(), "{kind}");
            let (found, _) = all(&moto, &account, kind, &ResourceQuery::Ids(vec![unknown])).await;
            assert!(found.is_empty(), "{kind}");
        }
        for kind in [Kind::Instance, Kind::Address, Kind::KeyPair, Kind::NatGateway, Kind::Subnet, Kind::ManagedNode] {
            let (found, _) = all(&moto, &account, kind, &these(&[], "x-0123456789abcdef0")).await;
            assert!(found.is_empty(), "{kind}");
        }
    });
}

#[test]
fn what_a_network_is_made_of() {
    on_the_wire("resources::what_a_network_is_made_of", &[], |moto| async move {
        let account = account().await;
        let (subnets, _) = all(&moto, &account, Kind::Subnet, &ResourceQuery::All).await;
        let subnet = subnets[0].id.id.clone();
        assert!(subnets[0].subnet().unwrap().zone.starts_with("us-east-1"));
        let allocation = made(&moto, "AllocateAddress", &[("Domain", "vpc")], "allocationId");
        let place = [("SubnetId", subnet.as_str()), ("AllocationId", &allocation)];
        let gateway = made(&moto, "CreateNatGateway", &place, "natGatewayId");
        let (tables, _) = all(&moto, &account, Kind::RouteTable, &ResourceQuery::All).await;
        assert!(tables[0].route_table().unwrap().associated, "the main one");
        let table = tables[0].id.id.as_str();
        let route =
            [("RouteTableId", table), ("DestinationCidrBlock", "0.0.0.0/0"), ("NatGatewayId", gateway.as_str())];
        moto.query("ec2", "2016-11-15", "CreateRoute", &route);

        let (gateways, calls) = all(&moto, &account, Kind::NatGateway, &ResourceQuery::All).await;
        assert_eq!(calls, json!({ "ec2:DescribeNatGateways": 1 }));
        let about = gateways[0].nat_gateway().unwrap();
        assert!(about.alive && about.subnet.as_ref() == Some(&subnet));
        assert_eq!(about.addresses, [allocation.as_str()]);
        let (tables, _) = all(&moto, &account, Kind::RouteTable, &ResourceQuery::All).await;
        assert_eq!(tables[0].route_table().unwrap().nat_gateways, [gateway.as_str()]);
        let (addresses, calls) = all(&moto, &account, Kind::Address, &ResourceQuery::All).await;
        assert_eq!(calls, json!({ "ec2:DescribeAddresses": 1 }));
        let address = addresses[0].address().unwrap();
        assert!(address.associated && !address.managed && address.instance.is_none());
        assert_eq!(address.interface.as_ref(), about.interfaces.first());

        let group = [("GroupName", "web"), ("GroupDescription", "of the shop")];
        let group = made(&moto, "CreateSecurityGroup", &group, "groupId");
        let rule = [
            ("GroupId", group.as_str()),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "443"),
            ("IpPermissions.1.ToPort", "443"),
            ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ];
        moto.query("ec2", "2016-11-15", "AuthorizeSecurityGroupIngress", &rule);
        let one = ResourceQuery::Ids(vec![group]);
        let (groups, _) = all(&moto, &account, Kind::SecurityGroup, &one).await;
        let about = groups[0].security_group().unwrap();
        assert_eq!((about.name.as_str(), about.ingress[0].ports), ("web", Some((443, 443))));
        assert_eq!((about.egress.len(), about.egress[0].protocol.as_str()), (1, "-1"));

        let key = made(&moto, "CreateKeyPair", &[("KeyName", "ops")], "keyPairId");
        let (keys, calls) = all(&moto, &account, Kind::KeyPair, &ResourceQuery::Ids(vec![key.clone()])).await;
        assert_eq!((keys[0].id.id.as_str(), keys[0].title()), (key.as_str(), "ops"));
        assert_eq!(calls, json!({ "ec2:DescribeKeyPairs": 1 }));
    });
}

#[test]
fn instances_and_what_they_hold() {
    on_the_wire("resources::instances_and_what_they_hold", &[], |moto| async move {
        let members = moto.group("shop", 2);
        let loose = moto.seed(&json!({ "loose": 1 }))["loose"][0].as_str().unwrap().to_owned();
        moto.query("ec2", "2016-11-15", "StopInstances", &[("InstanceId.1", &loose)]);
        let account = account().await;
        let (found, calls) = all(&moto, &account, Kind::Instance, &ResourceQuery::All).await;
        assert_eq!((found.len(), calls), (3, json!({ "ec2:DescribeInstances": 1 })));
        let one = |id: &String| found.iter().find(|one| one.id.id == *id).unwrap();
        let member = one(&members[0]).instance().unwrap();
        assert_eq!((member.group.as_deref(), member.stopped), (Some("shop"), None));
        assert!(member.image.starts_with("ami-") && !member.security_groups.is_empty());
        let stopped = one(&loose).instance().unwrap();
        assert!(stopped.group.is_none() && stopped.stopped.is_some(), "{stopped:?}");
        let (volumes, _) = all(&moto, &account, Kind::Volume, &ResourceQuery::All).await;
        assert_eq!(volumes.len(), 3);
        assert!(volumes.iter().any(|one| one.volume().unwrap().attached[0].as_str() == members[0]));
        let (volumes, _) = all(&moto, &account, Kind::Volume, &ResourceQuery::Loose).await;
        assert!(volumes.is_empty());
        let (interfaces, _) = all(&moto, &account, Kind::Interface, &ResourceQuery::Loose).await;
        assert!(interfaces.is_empty());
        let (interfaces, _) = all(&moto, &account, Kind::Interface, &ResourceQuery::All).await;
        assert!(interfaces.iter().any(|one| one.interface().unwrap().instance.as_ref() == Some(&members[0])));
    });
}

#[test]
fn with_whom_images_and_snapshots_are_shared() {
    on_the_wire("resources::with_whom_images_and_snapshots_are_shared", &[], |moto| async move {
        let seeded = moto.resources(&json!({ "images": 1, "snapshots": 2, "volumes": 1 }));
        let (image, snapshot) = (&seeded["images"][0], &seeded["snapshots"][0]);
        let account = account().await;
        let shared = async |kind, id: &str| account.shared_with(&home(), &ResourceId::new(kind, id)).await.unwrap();
        assert!(shared(Kind::Image, image).await.is_empty());
        assert!(shared(Kind::Snapshot, snapshot).await.is_empty());
        let with = [
            ("ImageId", image.as_str()),
            ("LaunchPermission.Add.1.UserId", "111122223333"),
            ("LaunchPermission.Add.2.UserId", "123456789012"),
        ];
        moto.query("ec2", "2016-11-15", "ModifyImageAttribute", &with);
        let with = [
            ("SnapshotId", snapshot.as_str()),
            ("Attribute", "createVolumePermission"),
            ("OperationType", "add"),
            ("UserGroup.1", "all"),
        ];
        moto.query("ec2", "2016-11-15", "ModifySnapshotAttribute", &with);
        moto.forget_calls();
        assert_eq!(shared(Kind::Image, image).await, ["111122223333"], "and not with its owner");
        assert_eq!(shared(Kind::Snapshot, snapshot).await, ["all"]);
        assert!(shared(Kind::Volume, &seeded["volumes"][0]).await.is_empty());
        let calls = json!({ "ec2:DescribeImageAttribute": 1, "ec2:DescribeSnapshotAttribute": 1 });
        assert_eq!(moto.calls()["counts"], calls);
        let (found, _) = all(&moto, &account, Kind::Snapshot, &ResourceQuery::All).await;
        let public = |one: &&Resource| one.snapshot().unwrap().public == Some(true);
        assert_eq!(found.iter().filter(public).map(|one| &one.id.id).collect::<Vec<_>>(), [snapshot]);
        let log = moto.calls()["log"].clone();
        assert_eq!((&log[0]["params"]["Owner.1"], &log[0]["params"]["RestorableBy.1"]), (&json!("self"), &Value::Null));
        assert_eq!(
            (&log[1]["params"]["Owner.1"], &log[1]["params"]["RestorableBy.1"]),
            (&json!("self"), &json!("all"))
        );
        let gone = account.shared_with(&home(), &ResourceId::new(Kind::Image, "ami-0123456789abcdef0")).await;
        assert_eq!(cause(gone), super::gone("InvalidAMIID.NotFound"));
    });
}

#[test]
fn a_disabled_image_is_the_accounts_too() {
    on_the_wire("resources::a_disabled_image_is_the_accounts_too", &[], |moto| async move {
        let image = moto.resources(&json!({ "images": 1 }))["images"][0].clone();
        moto.query("ec2", "2016-11-15", "DisableImage", &[("ImageId", &image)]);
        let account = account().await;
        let (found, _) = all(&moto, &account, Kind::Image, &ResourceQuery::All).await;
        let about = found[0].image().unwrap();
        assert!(about.disabled && !about.available && about.snapshots.len() == 1 && about.owner == "123456789012");
        assert_eq!(found[0].title(), "image-0000");
        let asked = moto.calls()["log"][0]["params"].clone();
        let wanted = json!({ "Owner.1": "self", "IncludeDeprecated": "true", "IncludeDisabled": "true",
                             "MaxResults": "1000" });
        assert_eq!(asked, wanted);
    });
}

#[test]
fn secrets_are_not_read() {
    on_the_wire("resources::secrets_are_not_read", &[], |moto| async move {
        let put = |name: &str, kind: &str, value: &str| {
            moto.json("ssm", "AmazonSSM.PutParameter", &json!({ "Name": name, "Type": kind, "Value": value }));
        };
        put("golden", "String", "ami-0123456789abcdef0");
        put("/list", "StringList", "ami-01234567,ami-0123456789abcdef1");
        put("/secret", "SecureString", "ami-0123456789abcdef2");
        put("/text", "String", "see ami-0123456789abcdef3");
        let account = account().await;
        let (found, _) = all(&moto, &account, Kind::Parameter, &ResourceQuery::All).await;
        assert_eq!(ids(&found), ["/list", "golden"].into());
        let log = moto.calls()["log"].clone();
        let asked: Vec<String> = serde_json::from_value(log[1]["params"]["Names"].clone()).unwrap();
        assert_eq!(asked.into_iter().collect::<BTreeSet<_>>(), ["/list", "/text", "golden"].map(String::from).into());
        assert_eq!(log[1]["params"]["WithDecryption"], json!(false));
        let list = found.iter().find(|one| one.id.id == "/list").unwrap();
        assert_eq!(list.parameter().unwrap().images, ["ami-01234567", "ami-0123456789abcdef1"]);
        // Asked for by name, a secret is nothing either.
        let (found, _) = all(&moto, &account, Kind::Parameter, &these(&["golden".into()], "/secret")).await;
        assert_eq!(ids(&found), ["golden"].into());
    });
}

#[test]
fn tags_that_are_a_call_of_their_own() {
    on_the_wire("resources::tags_that_are_a_call_of_their_own", &[], |moto| async move {
        let seeded = moto.resources(&json!({ "balancers": 3, "classic_balancers": 1, "log_groups": 1 }));
        let arns = &seeded["balancers"];
        let tag = [
            ("ResourceArns.member.1", arns[0].as_str()),
            ("Tags.member.1.Key", "owner"),
            ("Tags.member.1.Value", "ann"),
        ];
        moto.query("elasticloadbalancing", "2015-12-01", "AddTags", &tag);
        let tag = [
            ("LoadBalancerNames.member.1", "classic-0000"),
            ("Tags.member.1.Key", "owner"),
            ("Tags.member.1.Value", "bob"),
        ];
        moto.query("elasticloadbalancing", "2012-06-01", "AddTags", &tag);
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/seeded/0000";
        moto.json("logs", "Logs_20140328.TagResource", &json!({ "resourceArn": arn, "tags": { "owner": "eve" } }));
        let account = account().await;
        let (found, _) = all(&moto, &account, Kind::Balancer, &ResourceQuery::All).await;
        let owners: Vec<_> = found.iter().filter_map(|one| one.tag("owner")).collect();
        assert_eq!((owners, found[1].tags.clone()), (vec!["ann"], View::Known(Tags::new())));
        let (found, _) = all(&moto, &account, Kind::ClassicBalancer, &ResourceQuery::All).await;
        assert_eq!((found[0].tag("owner"), found[0].classic_balancer().unwrap().public), (Some("bob"), true));
        let (found, calls) = all(&moto, &account, Kind::LogGroup, &ResourceQuery::All).await;
        assert_eq!((&found[0].tags, calls), (&View::Unasked, json!({ "logs:DescribeLogGroups": 1 })));
        let (found, calls) =
            all(&moto, &account, Kind::LogGroup, &ResourceQuery::Ids(vec!["/seeded/0000".into()])).await;
        assert_eq!(found[0].tag("owner"), Some("eve"));
        assert_eq!(calls, json!({ "logs:DescribeLogGroups": 1, "logs:ListTagsForResource": 1 }));
        // One that goes between the two calls fails the tags of all: then each is asked alone, and that one is left out.
        let rule = json!({ "kind": "error", "action": "DescribeTags", "code": "LoadBalancerNotFound", "times": -1 });
        let with_the_first = |at: usize| {
            let mut rule = rule.clone();
            rule["match"] = json!({ format!("ResourceArns.member.{at}"): format!("^{}$", arns[0]) });
            rule
        };
        moto.faults(&json!([with_the_first(1), with_the_first(2), with_the_first(3)]));
        let (found, calls) = all(&moto, &account, Kind::Balancer, &ResourceQuery::All).await;
        assert_eq!(ids(&found), arns[1..].iter().map(String::as_str).collect());
        assert_eq!(calls["elasticloadbalancing:DescribeTags"], 4);
    });
}

#[test]
fn each_call_is_named_when_it_is_denied() {
    on_the_wire("resources::each_call_is_named_when_it_is_denied", &[], |moto| async move {
        moto.resources(&json!({ "templates": 1, "balancers": 1, "parameters": 1, "log_groups": 1 }));
        let account = account().await;
        for (kind, action, call) in [
            (Kind::TemplateVersion, "DescribeLaunchTemplates", "ec2:DescribeLaunchTemplates"),
            (Kind::TemplateVersion, "DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplateVersions"),
            (Kind::Balancer, "DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancers"),
            (Kind::Balancer, "DescribeTags", "elasticloadbalancing:DescribeTags"),
            (Kind::Parameter, "DescribeParameters", "ssm:DescribeParameters"),
            (Kind::Parameter, "GetParameters", "ssm:GetParameters"),
            (Kind::LogGroup, "DescribeLogGroups", "logs:DescribeLogGroups"),
        ] {
            moto.faults(&json!([{ "kind": "error", "action": action, "code": "AccessDenied", "times": -1 }]));
            let error = account.resources(&home(), kind, &ResourceQuery::All).await.unwrap_err();
            assert_eq!((error.cause, error.call), (Cause::Denied, call));
        }
        let elsewhere = account.resources(&super::region("ap-south-1"), Kind::Volume, &ResourceQuery::All).await;
        assert_eq!(cause(elsewhere), super::refused("RegionNotConfigured"));
    });
}

#[test]
fn every_group_and_what_all_of_them_were_about() {
    on_the_wire("resources::every_group_and_what_all_of_them_were_about", &[], |moto| async move {
        moto.seed(&json!({ "bulk": { "prefix": "g", "count": 150, "instances_each": 0 } }));
        let account = account().await;
        assert_eq!(account.groups(&home(), &GroupQuery::All).await.unwrap().len(), 150);
        assert_eq!(moto.count("autoscaling:DescribeAutoScalingGroups"), 2);
        for (at, group, status) in [
            ("2026-11-22T17:00:00Z", "g-0001", "Failed"),
            ("2026-11-23T17:00:00Z", "g-0001", "Successful"),
            ("2026-11-23T17:30:00Z", "g-0001", "Failed"),
            ("2026-11-23T17:10:00Z", "g-0002", "InProgress"),
        ] {
            moto.clock(at);
            moto.control("POST", "group", &json!({ "name": group, "activity": status }));
        }
        moto.forget_calls();
        let since = "2026-11-22T18:00:00Z".parse().unwrap();
        let all = account.recent_activities(&home(), since).await.unwrap();
        let starts: Vec<(&str, Vec<String>)> = all
            .iter()
            .map(|(group, all)| {
                (group.as_str(), all.iter().map(|one| one.started.format("%H:%M").to_string()).collect())
            })
            .collect();
        assert_eq!(starts, [("g-0001", vec!["17:30".into(), "17:00".into()]), ("g-0002", vec!["17:10".into()])]);
        assert_eq!(moto.calls()["counts"], json!({ "autoscaling:DescribeScalingActivities": 1 }));
        assert!(moto.calls()["log"][0]["params"]["AutoScalingGroupName"].is_null());
        moto.control("POST", "group", &json!({ "name": "g-0003", "refresh": "Successful" }));
        let last = account.last_refresh(&home(), "g-0003").await.unwrap();
        assert_eq!(last.map(|refresh| refresh.status).as_deref(), Some("Successful"));
        assert_eq!(account.last_refresh(&home(), "g-0004").await, Ok(None));
    });
}
