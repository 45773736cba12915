//! A group that has nothing to launch, or nowhere, says why, tries again, and heals once that is mended.

use chrono::{DateTime, TimeDelta, Utc};
use simian_core::detail::{Launches, Progress};
use simian_core::{Clock, Cloud, LaunchSource};
use simian_sim::{GroupId, GroupSpec, Operation, SimAccount, Who, call};

use crate::world::{account, members, seconds, us, web};

/// What the last launch of the group said when it failed.
fn failed(account: &SimAccount, group: &GroupId) -> Vec<String> {
    let launches =
        account.truth().activities(group, DateTime::<Utc>::MAX_UTC).into_iter().filter(|activity| activity.launch);
    let why = launches.filter_map(|activity| match activity.progress {
        Progress::Failed(why) => Some(why),
        _ => None,
    });
    why.collect()
}

fn template(version: u32) -> LaunchSource {
    LaunchSource::Template { id: "lt-web-v001".into(), version: version.to_string() }
}

#[test]
fn whatever_is_missing_the_group_does_not_launch_until_it_is_back() {
    let group = GroupId::new(&us(), "web-v001");
    let there = |there| {
        let group = || group.clone();
        let zone = |letter: &str| Operation::SetAddresses {
            zone: format!("us-east-1{letter}"),
            free: if there { 9 } else { 0 },
        };
        [
            (vec![Operation::SetImages { group: group(), there }], "' does not exist"),
            (vec![Operation::SetTemplates { group: group(), there }], "template ID lt-web-v001, does not exist"),
            (["a", "b", "c"].map(zone).to_vec(), "not enough free addresses in subnet 'subnet-us-east-1"),
        ]
    };
    for ((spoil, part), (mend, _)) in there(false).into_iter().zip(there(true)) {
        let (clock, account, group) = web(1);
        assert!(spoil.into_iter().all(|operation| account.perform(operation)));
        account.perform(Operation::Scale { group: group.clone(), desired: 8 });
        assert_eq!(members(&account, &group).len(), 6, "{part}");
        clock.jump(TimeDelta::hours(1));
        assert_eq!(members(&account, &group).len(), 6, "{part}");
        let said = failed(&account, &group);
        // After 30 seconds, then twice as long each time, then every ten minutes.
        assert_eq!(said.len(), 10, "{said:?}");
        assert!(said[0].contains(part) && said[0].ends_with("Launching EC2 instance failed."), "{said:?}");
        assert!(mend.into_iter().all(|operation| account.perform(operation)));
        clock.jump(seconds(600 + 300));
        assert_eq!(account.truth().serving(&group), 8, "{part}");
        assert_eq!(failed(&account, &group).len(), 10, "{part}");
    }
}

#[test]
fn a_zone_without_capacity_or_addresses_leaves_the_others() {
    let (clock, account, group) = web(1);
    account.perform(Operation::SetAddresses { zone: "us-east-1a".into(), free: 1 });
    account.perform(Operation::ZoneOutage { zone: "us-east-1b".into(), lasts: TimeDelta::hours(1) });
    account.perform(Operation::Scale { group: group.clone(), desired: 12 });
    clock.jump(TimeDelta::minutes(30));
    let zones: Vec<_> = account.truth().group(&group).unwrap().members.into_iter().map(|member| member.zone).collect();
    let count = |zone: &str| zones.iter().filter(|one| *one == zone).count();
    assert_eq!((count("us-east-1a"), count("us-east-1b"), count("us-east-1c")), (3, 0, 9));
    assert_eq!(failed(&account, &group), [] as [String; 0]);
    account.perform(Operation::ZoneOutage { zone: "us-east-1c".into(), lasts: TimeDelta::hours(1) });
    account.perform(Operation::Scale { group: group.clone(), desired: 20 });
    assert!(failed(&account, &group)[0].contains("sufficient m5.large capacity"), "{:?}", failed(&account, &group));
}

#[test]
fn launches_take_addresses_and_ends_give_them_back() {
    let (clock, account, group) = web(1);
    let free = || {
        let ids: Vec<String> = ["a", "b", "c", "f"].map(|zone| format!("subnet-us-east-1{zone}")).into();
        clock.drive(account.subnets(&us(), &ids)).unwrap().into_values().collect::<Vec<_>>()
    };
    let before = free();
    assert_eq!(before.len(), 3, "one that is gone is left out");
    assert_eq!(account.truth().addresses(&us(), "subnet-us-east-1a", clock.now()), Some(before[0]));
    account.perform(Operation::Scale { group: group.clone(), desired: 9 });
    assert_eq!(free(), before.iter().map(|free| free - 1).collect::<Vec<_>>());
    account.kill(&members(&account, &group)[0]);
    assert_eq!(free(), [before[0], before[1] - 1, before[2] - 1]);
    clock.jump(seconds(60));
    assert_eq!(free(), before.iter().map(|free| free - 1).collect::<Vec<_>>(), "its replacement");
    account.perform(Operation::Scale { group: group.clone(), desired: 3 });
    clock.jump(seconds(60));
    assert_eq!(free(), before.iter().map(|free| free + 1).collect::<Vec<_>>());
    account.delete_group(&us(), "web-v001");
    assert_eq!(free(), before.iter().map(|free| free + 2).collect::<Vec<_>>());
}

#[test]
fn each_version_has_an_image_of_its_own() {
    let (clock, account, group) = web(1);
    let launches = |source: &LaunchSource| clock.drive(account.launches(&us(), source)).unwrap();
    let Launches::Image(first) = launches(&template(1)) else { panic!("no image") };
    assert!(account.perform(Operation::SetImages { group: group.clone(), there: false }));
    assert_eq!(launches(&template(1)), Launches::MissingImage(first.clone()));
    assert_eq!(launches(&LaunchSource::Image(first.clone())), Launches::MissingImage(first));
    assert!(account.perform(Operation::Refresh { group: group.clone(), every: seconds(60) }));
    assert!(matches!(launches(&template(2)), Launches::Image(_)));
    assert!(account.perform(Operation::SetTemplates { group: group.clone(), there: false }));
    assert_eq!(launches(&template(2)), Launches::Gone);
    assert_eq!(account.truth().launches(&us(), &template(2), clock.now()), Launches::Gone);
    let calls = account.calls();
    assert_eq!(
        (calls[call::TEMPLATES], calls[call::IMAGES]),
        (4, 4),
        "of a template that is gone nobody reads the image"
    );
    account.delete_group(&us(), "web-v001");
    assert!(!account.perform(Operation::SetImages { group, there: true }), "no such group");
}

#[test]
fn a_group_may_launch_from_configurations_and_images_too() {
    let (clock, account) = account(1);
    let sources = [LaunchSource::Configuration("web-7".into()), LaunchSource::Image("ami-override".into())];
    let spec = GroupSpec::new(&us(), "web-v001", 3);
    account.found(sources.iter().cloned().fold(spec, GroupSpec::launches_from));
    let group = GroupId::new(&us(), "web-v001");
    assert_eq!(account.truth().group(&group).unwrap().launches, sources);
    for source in &sources {
        assert!(matches!(clock.drive(account.launches(&us(), source)).unwrap(), Launches::Image(_)));
    }
    assert_eq!(account.calls()[call::CONFIGURATIONS], 1);
    account.perform(Operation::SetTemplates { group: group.clone(), there: false });
    account.perform(Operation::KillMember(Who::Nth(group.clone(), 0)));
    clock.jump(seconds(60));
    assert_eq!(
        failed(&account, &group)[0],
        "The launch configuration web-7 does not exist. Launching EC2 instance failed."
    );
}
