//! An instance refresh is shown as long as it goes on.

use chrono::TimeDelta;
use simian_core::Cloud;
use simian_sim::{GroupId, Operation, SimAccount, VirtualClock};

use crate::world::{seconds, start, us, web};

fn status(clock: &VirtualClock, account: &SimAccount) -> Option<String> {
    clock.drive(account.refresh(&us(), "web-v001")).unwrap().map(|refresh| refresh.status)
}

fn refresh(account: &SimAccount, group: &GroupId, minutes: i64) -> bool {
    account.perform(Operation::Refresh { group: group.clone(), every: TimeDelta::minutes(minutes) })
}

#[test]
fn it_is_in_progress_until_its_last_member_serves() {
    let (clock, account, group) = web(1);
    assert_eq!(status(&clock, &account), None);
    assert!(refresh(&account, &group, 10));
    assert!(!refresh(&account, &group, 10), "one at a time");
    assert_eq!(account.truth().group(&group).unwrap().members[5].template_version.as_deref(), Some("1"));
    // Six members, ten minutes from one to the next.
    clock.jump(TimeDelta::minutes(50));
    assert_eq!(status(&clock, &account).as_deref(), Some("InProgress"));
    clock.jump(seconds(20));
    assert_eq!(account.truth().serving(&group), 5);
    assert_eq!(status(&clock, &account).as_deref(), Some("InProgress"), "the last boots");
    clock.jump(seconds(300));
    assert_eq!((account.truth().serving(&group), status(&clock, &account)), (6, None));
    let shown = |minutes| account.truth().refresh(&group, start() + TimeDelta::minutes(minutes)).is_some();
    assert_eq!([-1, 0, 50, 56].map(shown), [false, true, true, false]);
    assert!(refresh(&account, &group, 10), "and once more");
    clock.jump(TimeDelta::hours(2));
    let members = account.truth().group(&group).unwrap().members;
    assert!(members.iter().all(|member| member.template_version.as_deref() == Some("3")));
}

#[test]
fn one_that_is_stuck_goes_on_for_ever_until_it_is_cancelled() {
    let (clock, account, group) = web(1);
    assert!(!account.perform(Operation::StickRefresh(group.clone())), "there is none");
    refresh(&account, &group, 10);
    clock.jump(TimeDelta::minutes(15));
    assert!(account.perform(Operation::StickRefresh(group.clone())));
    clock.jump(TimeDelta::hours(24));
    assert_eq!((account.truth().serving(&group), status(&clock, &account)), (6, Some("InProgress".into())));
    let of = |version: &str| {
        let members = account.truth().group(&group).unwrap().members;
        members.iter().filter(|member| member.template_version.as_deref() == Some(version)).count()
    };
    assert_eq!(of("2"), 2);
    assert!(account.perform(Operation::CancelRefresh(group.clone())));
    assert_eq!(status(&clock, &account), None, "nobody is on the way");
    assert!(refresh(&account, &group, 10));
    clock.jump(seconds(1));
    assert!(account.perform(Operation::CancelRefresh(group.clone())));
    assert_eq!(status(&clock, &account).as_deref(), Some("Cancelling"));
    clock.jump(TimeDelta::hours(2));
    assert_eq!((account.truth().serving(&group), status(&clock, &account)), (6, None));
    assert_eq!((of("2"), of("3")), (2, 1), "the one that was on the way is of the third version");
    assert!(!account.perform(Operation::CancelRefresh(group)));
}

#[test]
fn one_that_cannot_launch_does_not_end() {
    let (clock, account, group) = web(1);
    refresh(&account, &group, 1);
    account.perform(Operation::SetImages { group: group.clone(), there: false });
    clock.jump(TimeDelta::hours(6));
    assert_eq!((account.truth().serving(&group), status(&clock, &account)), (0, Some("InProgress".into())));
    account.perform(Operation::SetImages { group: group.clone(), there: true });
    clock.jump(seconds(600 + 300));
    assert_eq!((account.truth().serving(&group), status(&clock, &account)), (6, None));
}
