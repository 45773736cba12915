//! What is attached to an instance, and the security group that lets nothing through.

use serde_json::{Value, json};
use simian_core::fault::Attached;
use simian_core::fleet::InstanceId;
use simian_core::ports::{Actuator, Cause, Cloud};
use simian_core::resource::ResourceKind;

use super::moto::{Moto, elements, text};
use super::{cause, gone, home, impatient, on_the_wire, refused};

const TYPES: &str = "ec2:DescribeInstanceTypes";
const FIND: &str = "ec2:DescribeSecurityGroups";
const MAKE: &str = "ec2:CreateSecurityGroup";
const REVOKE: &str = "ec2:RevokeSecurityGroupEgress";

fn ec2(moto: &Moto, action: &str, parameters: &[(&str, &str)]) -> String {
    moto.query("ec2", "2016-11-15", action, parameters)
}

async fn attached(account: &impl Cloud, id: &str) -> Option<Attached> {
    account.attached(&home(), &InstanceId::new(id)).await.unwrap()
}

#[test]
fn everything_but_what_it_boots_from() {
    on_the_wire("attached::everything_but_what_it_boots_from", &[], |moto| async move {
        let members = moto.group("shop", 1);
        let volumes = moto.resources(&json!({ "volumes": 2 })).remove("volumes").unwrap();
        let account = impatient().await;
        let bare = attached(&account, &members[0]).await.unwrap();
        assert!(bare.vpc.as_ref().unwrap().starts_with("vpc-") && bare.volumes.is_empty(), "{bare:?}");
        assert!(bare.stoppable && !bare.ephemeral);
        let (interface, groups) = bare.interfaces.iter().next().unwrap();
        assert!(interface.starts_with("eni-") && groups[0].starts_with("sg-"), "{bare:?}");
        assert_eq!(moto.calls()["counts"], json!({ "ec2:DescribeInstances": 1, (TYPES): 1 }));
        for (volume, device) in volumes.iter().zip(["/dev/sdg", "/dev/sdf"]) {
            let change = format!("attach-volume {volume} {} {device}", members[0]).parse().unwrap();
            account.alter(&home(), &change).await.unwrap();
        }
        let full = attached(&account, &members[0]).await.unwrap();
        let expected = [("/dev/sdf", &volumes[1]), ("/dev/sdg", &volumes[0])];
        assert_eq!(full.volumes, expected.map(|(device, volume)| (device.to_owned(), volume.clone())).into());
        assert_eq!(full.interfaces, bare.interfaces);
        // What there is not, and what ends.
        assert_eq!(attached(&account, "i-0123456789abcdef0").await, None);
        moto.control("POST", "member", &json!({ "instance": members[0], "state": "terminated" }));
        assert_eq!(attached(&account, &members[0]).await, None);
    });
}

#[test]
fn whoever_carries_a_tag_whose_key_begins_so_is_found_with_all_its_tags() {
    on_the_wire(
        "attached::whoever_carries_a_tag_whose_key_begins_so_is_found_with_all_its_tags",
        &[],
        |moto| async move {
            let account = impatient().await;
            let members = moto.group("shop", 2);
            let tag = async |key: &str, value: &str| {
                let ids = [members[0].clone()];
                account.tag(&home(), ResourceKind::Instance, &ids, key, value).await.unwrap();
            };
            assert!(account.tagged(&home(), "simian:fault:").await.unwrap().is_empty());
            tag("simian:faulty", "x").await;
            assert!(account.tagged(&home(), "simian:fault:").await.unwrap().is_empty());
            tag("simian:fault:0123456789ab", "latency until=2026-11-23T10:10:00Z").await;
            let found = account.tagged(&home(), "simian:fault:").await.unwrap();
            assert_eq!(found.keys().map(InstanceId::as_str).collect::<Vec<_>>(), [members[0].as_str()]);
            let tags = &found[&InstanceId::new(&members[0])];
            assert_eq!(tags["simian:fault:0123456789ab"], "latency until=2026-11-23T10:10:00Z");
            assert_eq!(tags["simian:faulty"], "x");
        },
    );
}

#[test]
fn a_type_with_disks_of_its_own_says_so() {
    on_the_wire("attached::a_type_with_disks_of_its_own_says_so", &[], |moto| async move {
        let image = moto.resources(&json!({ "images": 1 }))["images"][0].clone();
        let account = impatient().await;
        for (kind, ephemeral) in [("m5.large", false), ("m5d.large", true)] {
            let order = [("ImageId", image.as_str()), ("InstanceType", kind), ("MinCount", "1"), ("MaxCount", "1")];
            let id = elements(&ec2(&moto, "RunInstances", &order), "instanceId").remove(0);
            assert_eq!(attached(&account, &id).await.unwrap().ephemeral, ephemeral, "{kind}");
        }
        let members = moto.group("shop", 1);
        moto.faults(&json!([{ "kind": "error", "code": "UnauthorizedOperation", "action": "DescribeInstanceTypes" }]));
        let error = account.attached(&home(), &InstanceId::new(&members[0])).await.unwrap_err();
        assert_eq!((error.call, error.cause), (TYPES, Cause::Denied));
    });
}

/// The network of an instance.
async fn network(moto: &Moto, account: &impl Cloud) -> String {
    let members = moto.group("shop", 1);
    attached(account, &members[0]).await.unwrap().vpc.unwrap()
}

fn rules(moto: &Moto, group: &str) -> Vec<String> {
    let shown = ec2(moto, "DescribeSecurityGroupRules", &[("Filter.1.Name", "group-id"), ("Filter.1.Value.1", group)]);
    elements(&shown, "ipProtocol")
}

#[test]
fn the_quarantine_is_made_once_and_lets_nothing_through() {
    on_the_wire("attached::the_quarantine_is_made_once_and_lets_nothing_through", &[], |moto| async move {
        let account = impatient().await;
        let vpc = network(&moto, &account).await;
        moto.forget_calls();
        let made = account.quarantine(&home(), &vpc).await.unwrap();
        assert!(made.starts_with("sg-"), "{made}");
        assert_eq!(moto.calls()["counts"], json!({ (FIND): 1, (MAKE): 1, (REVOKE): 2 }));
        let log = moto.calls()["log"].clone();
        let mut asked = log[1]["params"].clone();
        let description = text(&asked.as_object_mut().unwrap().remove("GroupDescription").unwrap());
        // EC2 API, `CreateSecurityGroup`: up to 255 of these.
        let plain = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
        assert!((1..=255).contains(&description.len()) && description.chars().all(plain), "{description}");
        let expected = json!({
            "GroupName": "simian-quarantine", "VpcId": vpc, "TagSpecification.1.ResourceType": "security-group",
            "TagSpecification.1.Tag.1.Key": "simian:quarantine", "TagSpecification.1.Tag.1.Value": "yes",
        });
        assert_eq!(asked, expected);
        assert_eq!(rules(&moto, &made), Vec::<String>::new());
        moto.forget_calls();
        assert_eq!(account.quarantine(&home(), &vpc).await.unwrap(), made);
        assert_eq!(moto.calls()["counts"], json!({ (FIND): 1 }));
        // Another network has its own.
        let other = elements(&ec2(&moto, "CreateVpc", &[("CidrBlock", "10.9.0.0/16")]), "vpcId").remove(0);
        assert_ne!(account.quarantine(&home(), &other).await.unwrap(), made);
        assert_eq!(cause(account.quarantine(&home(), "vpc-0123456789abcdef0").await), gone("InvalidVpcID.NotFound"));
        // Both rules that a network with IPv6 gives.
        let order = [("CidrBlock", "10.8.0.0/16"), ("AmazonProvidedIpv6CidrBlock", "true")];
        let six = elements(&ec2(&moto, "CreateVpc", &order), "vpcId").remove(0);
        let made = account.quarantine(&home(), &six).await.unwrap();
        assert_eq!(rules(&moto, &made), Vec::<String>::new());
    });
}

#[test]
fn a_quarantine_with_a_rule_is_none() {
    on_the_wire("attached::a_quarantine_with_a_rule_is_none", &[], |moto| async move {
        let account = impatient().await;
        let vpc = network(&moto, &account).await;
        let made = account.quarantine(&home(), &vpc).await.unwrap();
        let rule = [
            ("GroupId", made.as_str()),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "22"),
            ("IpPermissions.1.ToPort", "22"),
            ("IpPermissions.1.IpRanges.1.CidrIp", "10.0.0.0/8"),
        ];
        for (adds, takes) in [
            ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"),
            ("AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress"),
        ] {
            ec2(&moto, adds, &rule);
            let error = account.quarantine(&home(), &vpc).await.unwrap_err();
            assert_eq!((error.call, &error.cause), (FIND, &refused("NotTight")));
            assert!(error.message.contains(&made) && error.message.contains("has 1,"), "{error}");
            ec2(&moto, takes, &rule);
            assert_eq!(account.quarantine(&home(), &vpc).await.unwrap(), made);
        }
    });
}

#[test]
fn who_makes_the_quarantine_at_the_same_time_makes_the_same_one() {
    on_the_wire("attached::who_makes_the_quarantine_at_the_same_time_makes_the_same_one", &[], |moto| async move {
        let account = impatient().await;
        let vpc = network(&moto, &account).await;
        let taken = |when: &str| {
            json!([{ "kind": "error", "code": "InvalidGroup.Duplicate", "when": when,
                                          "action": "CreateSecurityGroup" }])
        };
        // It is said to be there and is not seen.
        moto.faults(&taken("before"));
        assert_eq!(cause(account.quarantine(&home(), &vpc).await), refused("InvalidGroup.Duplicate"));
        // The other one has made it, and has not come to its rule yet.
        moto.forget_calls();
        moto.faults(&taken("after"));
        assert_eq!(cause(account.quarantine(&home(), &vpc).await), refused("NotTight"));
        assert_eq!(moto.calls()["counts"], json!({ (FIND): 2, (MAKE): 1 }));
        // A failure says which call it was.
        let other = elements(&ec2(&moto, "CreateVpc", &[("CidrBlock", "10.9.0.0/16")]), "vpcId").remove(0);
        for (action, call) in
            [("DescribeSecurityGroups", FIND), ("CreateSecurityGroup", MAKE), ("RevokeSecurityGroupEgress", REVOKE)]
        {
            moto.faults(&json!([{ "kind": "error", "code": "UnauthorizedOperation", "action": action }]));
            let error = account.quarantine(&home(), &other).await.unwrap_err();
            assert_eq!((error.call, error.cause), (call, Cause::Denied));
        }
        assert_eq!(moto.control("GET", "calls", &Value::Null)["unimplemented"], json!([]));
    });
}
