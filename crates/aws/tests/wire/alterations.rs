//! What faults change in an account and take back: one call each, one try, and a look that tells how it stands.

use serde_json::{Value, json};
use simian_core::fault::{Alteration, Standing};
use simian_core::fleet::InstanceId;
use simian_core::ports::{Actuator, CallError, Cause, Cloud};

use super::moto::{Moto, elements};
use super::{cause, gone, home, impatient, on_the_wire, refused};

fn change(text: &str) -> Alteration {
    text.parse().unwrap()
}

/// A group of two that may shrink, behind a target group, and a volume that nothing uses.
struct Stage {
    first: String,
    second: String,
    target_group: String,
    volume: String,
    interface: String,
    groups: String,
    other_group: String,
}

impl Stage {
    async fn new(moto: &Moto, account: &impl Cloud) -> Self {
        let order = json!({ "name": "shop prod", "count": 2, "min": 0, "balanced": false, "subnets": true });
        let seeded = moto.seed(&json!({ "groups": [order, { "name": "balanced", "count": 0, "balanced": true }] }));
        let member = |n: usize| seeded["members"]["shop prod"][n].as_str().unwrap().to_owned();
        let made = moto.resources(&json!({ "volumes": 1, "security_groups": 1 }));
        let attached = account.attached(&home(), &InstanceId::new(member(0))).await.unwrap().unwrap();
        let (interface, groups) = attached.interfaces.into_iter().next().unwrap();
        Self {
            first: member(0),
            second: member(1),
            target_group: seeded["target_groups"]["balanced"].as_str().unwrap().to_owned(),
            volume: made["volumes"][0].clone(),
            interface,
            groups: groups.join(" "),
            other_group: made["security_groups"][0].clone(),
        }
    }

    /// Each change of a fault with the one that takes it back.
    fn pairs(&self) -> Vec<(Alteration, Alteration)> {
        let Self { first, second, target_group, volume, interface, groups, other_group } = self;
        let pair = |done: String, undone: String| (change(&done), change(&undone));
        vec![
            pair(format!("stop {second}"), format!("start {second}")),
            pair(format!("groups {interface} {other_group}"), format!("groups {interface} {groups}")),
            pair(
                format!("detach-volume {volume} {first} /dev/sdf"),
                format!("attach-volume {volume} {first} /dev/sdf"),
            ),
            pair("suspend AZRebalance+Launch shop prod".into(), "resume AZRebalance+Launch shop prod".into()),
            pair(format!("deregister {first} {target_group}"), format!("register {first} {target_group}")),
            pair(format!("enter-standby {first} shop prod"), format!("exit-standby {first} shop prod")),
            pair(format!("detach {first} shop prod"), format!("attach {first} shop prod")),
        ]
    }
}

async fn stands(account: &impl Cloud, alteration: &Alteration) -> Standing {
    account.standing(&home(), alteration).await.unwrap_or_else(|error| panic!("{alteration}: {error}"))
}

async fn alter(account: &impl Actuator, alteration: &Alteration) -> Result<(), CallError> {
    account.alter(&home(), alteration).await
}

/// What the emulator holds of all that is changed here, asked without our own code.
fn held(moto: &Moto, stage: &Stage) -> Value {
    let ec2 = |action: &str, name: &str, id: &str, element: &str| {
        elements(&moto.query("ec2", "2016-11-15", action, &[(name, id)]), element)
    };
    let group = moto.control("GET", "groups", &Value::Null)["groups"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "shop prod")
        .unwrap()
        .clone();
    let life = group["members"].as_array().unwrap().iter().find(|one| one["id"] == stage.first);
    let target = [("TargetGroupArn", stage.target_group.as_str())];
    let health = moto.query("elasticloadbalancing", "2015-12-01", "DescribeTargetHealth", &target);
    let interface = ec2("DescribeNetworkInterfaces", "NetworkInterfaceId.1", &stage.interface, "groupSet");
    json!({
        "state": moto.state(&stage.second),
        "groups": elements(&interface[0], "groupId"),
        "volume": ec2("DescribeVolumes", "VolumeId.1", &stage.volume, "device"),
        "suspended": group["suspended"],
        "targets": elements(&health, "Port"),
        "desired": group["desired"],
        "life": life.map_or(&Value::Null, |one| &one["lifecycle"]),
    })
}

#[test]
fn every_change_is_made_and_taken_back() {
    on_the_wire("alterations::every_change_is_made_and_taken_back", &[], |moto| async move {
        let account = impatient().await;
        let stage = Stage::new(&moto, &account).await;
        alter(&account, &change(&format!("attach-volume {} {} /dev/sdf", stage.volume, stage.first))).await.unwrap();
        let register = change(&format!("register {} {}", stage.first, stage.target_group));
        alter(&account, &register).await.unwrap();
        let before = held(&moto, &stage);
        let untouched = json!({
            "state": "running", "groups": [stage.groups], "volume": ["/dev/sdf"], "suspended": [], "targets": ["80"],
            "desired": 2, "life": "InService",
        });
        assert_eq!(before, untouched);
        let changed = [
            json!({ "state": "stopped" }),
            json!({ "groups": [stage.other_group] }),
            json!({ "volume": [] }),
            json!({ "suspended": ["AZRebalance", "Launch"] }),
            json!({ "targets": [] }),
            json!({ "desired": 1, "life": "Standby" }),
            json!({ "desired": 1, "life": null }),
        ];
        for ((done, undone), differs) in stage.pairs().iter().zip(changed) {
            let both = async || (stands(&account, done).await, stands(&account, undone).await);
            assert_eq!(both().await, (Standing::Otherwise, Standing::So), "before {done}");
            moto.forget_calls();
            alter(&account, done).await.unwrap_or_else(|error| panic!("{done}: {error}"));
            assert_eq!(moto.calls()["counts"], json!({ (done.permission()): 1 }));
            assert_eq!(both().await, (Standing::So, Standing::Otherwise), "after {done}");
            let mut expected = before.clone();
            expected.as_object_mut().unwrap().extend(differs.as_object().unwrap().clone());
            assert_eq!(held(&moto, &stage), expected, "{done}");
            moto.forget_calls();
            alter(&account, undone).await.unwrap_or_else(|error| panic!("{undone}: {error}"));
            assert_eq!(moto.calls()["counts"], json!({ (undone.permission()): 1 }));
            assert_eq!(both().await, (Standing::Otherwise, Standing::So), "after {undone}");
            assert_eq!(held(&moto, &stage), before, "{undone}");
        }
    });
}

#[test]
fn what_is_sent_is_that_and_nothing_else() {
    on_the_wire("alterations::what_is_sent_is_that_and_nothing_else", &[], |moto| async move {
        let account = impatient().await;
        let member = |ids: &str| json!({ "AutoScalingGroupName": "shop prod", "InstanceIds.member.1": ids });
        let less = |mut params: Value| {
            params["ShouldDecrementDesiredCapacity"] = json!("true");
            params
        };
        let processes = json!({
            "AutoScalingGroupName": "shop prod", "ScalingProcesses.member.1": "Launch",
            "ScalingProcesses.member.2": "Terminate",
        });
        let target = json!({ "TargetGroupArn": "arn:a", "Targets.member.1.Id": "i-1" });
        let volume = json!({ "VolumeId": "vol-1", "InstanceId": "i-1", "Device": "/dev/sdf" });
        let mut gently = volume.clone();
        gently["Force"] = json!("false");
        for (text, params) in [
            ("stop i-1", json!({ "InstanceId.1": "i-1", "Force": "false" })),
            ("start i-1", json!({ "InstanceId.1": "i-1" })),
            (
                "groups eni-1 sg-1 sg-2",
                json!({ "NetworkInterfaceId": "eni-1", "SecurityGroupId.1": "sg-1", "SecurityGroupId.2": "sg-2" }),
            ),
            ("detach-volume vol-1 i-1 /dev/sdf", gently),
            ("attach-volume vol-1 i-1 /dev/sdf", volume),
            ("suspend Launch+Terminate shop prod", processes.clone()),
            ("resume Launch+Terminate shop prod", processes),
            ("deregister i-1 arn:a", target.clone()),
            ("register i-1 arn:a", target),
            ("enter-standby i-1 shop prod", less(member("i-1"))),
            ("exit-standby i-1 shop prod", member("i-1")),
            ("detach i-1 shop prod", less(member("i-1"))),
            ("attach i-1 shop prod", member("i-1")),
        ] {
            let alteration = change(text);
            moto.forget_calls();
            // One try, whatever comes of it.
            moto.faults(&json!([{ "kind": "drop", "times": -1 }]));
            assert_eq!(cause(alter(&account, &alteration).await), Cause::Broken, "{text}");
            assert_eq!(moto.calls()["total"], 1, "{text}");
            let entry = moto.calls()["log"][0].clone();
            assert_eq!((&entry["call"], &entry["params"]), (&json!(alteration.permission()), &params), "{text}");
            moto.faults(&json!([{ "kind": "throttle", "times": -1 }]));
            assert_eq!(cause(alter(&account, &alteration).await), Cause::Throttled, "{text}");
            assert_eq!(moto.calls()["total"], 2, "{text}");
            moto.faults(&json!([{ "kind": "error", "code": "AccessDenied" }]));
            let error = alter(&account, &alteration).await.unwrap_err();
            assert_eq!((error.cause, error.call), (Cause::Denied, alteration.permission()), "{text}");
        }
        // Without a name, Auto Scaling would do it to all processes.
        moto.forget_calls();
        for nothing in ["suspend  shop", "resume  shop", "groups eni-1"] {
            assert_eq!(cause(alter(&account, &change(nothing)).await), refused("InvalidRequest"), "{nothing}");
        }
        assert_eq!(moto.calls()["total"], 0);
    });
}

#[test]
fn what_is_so_already_is_refused_or_nothing_and_stands() {
    on_the_wire("alterations::what_is_so_already_is_refused_or_nothing_and_stands", &[], |moto| async move {
        let account = impatient().await;
        let stage = Stage::new(&moto, &account).await;
        let Stage { first, second, target_group, volume, interface, groups, .. } = &stage;
        let attach = format!("attach-volume {volume} {first} /dev/sdf");
        alter(&account, &change(&attach)).await.unwrap();
        alter(&account, &change(&format!("detach {second} shop prod"))).await.unwrap();
        for (text, answer) in [
            (format!("start {first}"), Ok(())),
            (format!("groups {interface} {groups}"), Ok(())),
            (attach, Err(super::in_use("VolumeInUse"))),
            ("resume Launch shop prod".into(), Ok(())),
            (format!("deregister {first} {target_group}"), Ok(())),
            (format!("exit-standby {first} shop prod"), Err(refused("ValidationError"))),
            (format!("attach {first} shop prod"), Err(refused("ValidationError"))),
            (format!("detach {second} shop prod"), Err(refused("ValidationError"))),
        ] {
            let alteration = change(&text);
            assert_eq!(alter(&account, &alteration).await.map_err(|error| error.cause), answer, "{text}");
            assert_eq!(stands(&account, &alteration).await, Standing::So, "{text}");
        }
        // Somebody else's: neither as the fault leaves it nor as its end does.
        for (text, other) in [
            (format!("detach-volume {volume} {second} /dev/sdf"), format!("attach-volume {volume} {second} /dev/sdf")),
            (format!("detach-volume {volume} {first} /dev/sdg"), format!("attach-volume {volume} {first} /dev/sdg")),
        ] {
            assert_eq!(stands(&account, &change(&text)).await, Standing::Otherwise, "{text}");
            assert_eq!(stands(&account, &change(&other)).await, Standing::Otherwise, "{other}");
        }
        moto.control("POST", "group", &json!({ "name": "shop prod", "suspended": ["Launch"] }));
        for half in ["suspend Launch+Terminate shop prod", "resume Launch+Terminate shop prod"] {
            assert_eq!(stands(&account, &change(half)).await, Standing::Otherwise, "{half}");
        }
        // A smallest size holds.
        moto.control("POST", "group", &json!({ "name": "shop prod", "min": 1 }));
        let below = change(&format!("enter-standby {first} shop prod"));
        assert_eq!(cause(alter(&account, &below).await), refused("ValidationError"));
    });
}

#[test]
fn on_its_way_is_neither_so_nor_otherwise() {
    on_the_wire("alterations::on_its_way_is_neither_so_nor_otherwise", &[], |moto| async move {
        let account = impatient().await;
        let stage = Stage::new(&moto, &account).await;
        let id = &stage.first;
        for state in ["stopping", "pending"] {
            moto.control("POST", "member", &json!({ "instance": id, "state": state }));
            for text in ["stop", "start"] {
                assert_eq!(stands(&account, &change(&format!("{text} {id}"))).await, Standing::Moving, "{state}");
            }
        }
        moto.control("POST", "member", &json!({ "instance": id, "state": "running" }));
        for lifecycle in ["EnteringStandby", "Detaching", "Pending", "Pending:Wait"] {
            moto.control("POST", "member", &json!({ "instance": id, "lifecycle": lifecycle }));
            for text in ["enter-standby", "exit-standby", "detach", "attach"] {
                let alteration = change(&format!("{text} {id} shop prod"));
                assert_eq!(stands(&account, &alteration).await, Standing::Moving, "{text} {lifecycle}");
            }
        }
        // Connections that drain are of one that is registered no longer.
        let (deregister, register) = (
            change(&format!("deregister {id} {}", stage.target_group)),
            change(&format!("register {id} {}", stage.target_group)),
        );
        alter(&account, &register).await.unwrap();
        for (target, there) in [("initial", true), ("unhealthy", true), ("draining", false)] {
            moto.control("POST", "member", &json!({ "instance": id, "target": target }));
            let found = (stands(&account, &register).await, stands(&account, &deregister).await);
            let (yes, no) = (Standing::So, Standing::Otherwise);
            assert_eq!(found, if there { (yes, no) } else { (no, yes) }, "{target}");
        }
    });
}

#[test]
fn what_is_gone_is_gone() {
    on_the_wire("alterations::what_is_gone_is_gone", &[], |moto| async move {
        let account = impatient().await;
        let stage = Stage::new(&moto, &account).await;
        let Stage { first, second, target_group, volume, .. } = &stage;
        alter(&account, &change(&format!("detach {second} shop prod"))).await.unwrap();
        for id in [first, second] {
            moto.control("POST", "member", &json!({ "instance": id, "state": "terminated" }));
        }
        moto.control("POST", "member", &json!({ "instance": first, "lifecycle": "Terminating" }));
        let unknown_group = target_group.replace("/balanced/", "/unknown/");
        for (text, call) in [
            (format!("stop {first}"), Some(refused("IncorrectInstanceState"))),
            (format!("start {first}"), Some(refused("IncorrectInstanceState"))),
            ("start i-0123456789abcdef0".into(), Some(gone("InvalidInstanceID.NotFound"))),
            ("groups eni-0123456789abcdef0 sg-1".into(), Some(gone("InvalidNetworkInterfaceID.NotFound"))),
            ("detach-volume vol-0123456789abcdef0 i-1 /dev/sdf".into(), Some(gone("InvalidVolume.NotFound"))),
            (format!("attach-volume vol-0123456789abcdef0 {first} /dev/sdf"), Some(gone("InvalidVolume.NotFound"))),
            // The volume is there, and whom to give it back to is not.
            (format!("attach-volume {volume} {first} /dev/sdf"), Some(refused("IncorrectState"))),
            ("suspend Launch unknown".into(), Some(gone("ValidationError"))),
            ("resume Launch unknown".into(), Some(gone("ValidationError"))),
            (format!("deregister {first} {unknown_group}"), Some(gone("TargetGroupNotFound"))),
            (format!("register {first} {unknown_group}"), Some(gone("TargetGroupNotFound"))),
            (format!("register {first} {target_group}"), None),
            (format!("enter-standby {first} shop prod"), Some(refused("ValidationError"))),
            (format!("exit-standby {first} shop prod"), Some(refused("ValidationError"))),
            (format!("exit-standby {second} shop prod"), Some(refused("ValidationError"))),
            (format!("exit-standby {first} unknown"), Some(gone("ValidationError"))),
            (format!("detach {second} shop prod"), Some(refused("ValidationError"))),
            (format!("attach {second} shop prod"), Some(refused("ValidationError"))),
            (format!("attach {second} unknown"), Some(gone("ValidationError"))),
        ] {
            let alteration = change(&text);
            assert_eq!(stands(&account, &alteration).await, Standing::Gone, "{text}");
            if let Some(expected) = call {
                assert_eq!(cause(alter(&account, &alteration).await), expected, "{text}");
            }
        }
    });
}

#[test]
fn a_look_that_fails_says_which_call() {
    on_the_wire("alterations::a_look_that_fails_says_which_call", &[], |moto| async move {
        let account = impatient().await;
        for (text, call) in [
            ("stop i-1", "ec2:DescribeInstances"),
            ("groups eni-1 sg-1", "ec2:DescribeNetworkInterfaces"),
            ("attach-volume vol-1 i-1 /dev/sdf", "ec2:DescribeVolumes"),
            ("suspend Launch shop", "autoscaling:DescribeAutoScalingGroups"),
            ("exit-standby i-1 shop", "autoscaling:DescribeAutoScalingGroups"),
            ("register i-1 arn:a", "elasticloadbalancing:DescribeTargetHealth"),
        ] {
            for (fault, expected) in [
                (json!({ "kind": "error", "code": "AccessDenied" }), Cause::Denied),
                (json!({ "kind": "malformed" }), Cause::Malformed),
            ] {
                moto.faults(&json!([fault]));
                let error = account.standing(&home(), &change(text)).await.unwrap_err();
                assert_eq!((error.call, error.cause), (call, expected), "{text}");
            }
        }
    });
}
