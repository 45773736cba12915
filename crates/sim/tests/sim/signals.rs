//! Alarms and the safety lever.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use simian_core::detail::{AlarmState, Lever};
use simian_core::{Clock, Cloud};
use simian_sim::{GroupSpec, Operation, SimAccount, VirtualClock, Who, call};

use crate::world::{eu, seconds, start, us, web};

fn alarms(clock: &VirtualClock, account: &SimAccount) -> BTreeMap<String, AlarmState> {
    clock.drive(account.alarms(&us(), &["bound".to_owned(), "free".to_owned()])).unwrap()
}

#[test]
fn an_alarm_says_what_it_was_set_to_and_one_that_there_is_not_says_nothing() {
    let (clock, account, _) = web(1);
    assert_eq!(alarms(&clock, &account), BTreeMap::new());
    let set = |state| Operation::SetAlarm { region: us(), name: "free".into(), state };
    for state in [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData] {
        assert!(account.perform(set(state)));
        assert_eq!(alarms(&clock, &account), [("free".to_owned(), state)].into());
    }
    assert_eq!(clock.drive(account.alarms(&eu(), &["free".to_owned()])).unwrap(), BTreeMap::new());
    clock.jump(seconds(60));
    assert!(account.perform(Operation::RemoveAlarm { region: us(), name: "free".into() }));
    assert!(!account.perform(Operation::RemoveAlarm { region: us(), name: "free".into() }));
    assert_eq!(alarms(&clock, &account), BTreeMap::new());
    let then = |n| account.truth().alarm(&us(), "free", start() + seconds(n));
    assert_eq!(
        [-1, 0, 59, 60].map(then),
        [None, Some(AlarmState::InsufficientData), Some(AlarmState::InsufficientData), None]
    );
    let names: Vec<String> = (0..250).map(|n| n.to_string()).collect();
    let before = account.calls()[call::ALARMS];
    clock.drive(account.alarms(&us(), &names)).unwrap();
    assert_eq!(account.calls()[call::ALARMS] - before, 3, "a hundred names a call");
}

#[test]
fn a_bound_alarm_goes_off_late_and_falls_silent_late() {
    let (clock, account, group) = web(1);
    assert!(account.perform(Operation::BindAlarm { name: "bound".into(), group: group.clone(), fewer_than: 5 }));
    let state = || alarms(&clock, &account).remove("bound").unwrap();
    clock.jump(TimeDelta::minutes(10));
    assert_eq!(state(), AlarmState::Ok);
    // Suspended, so that it stays so for a while.
    account.perform(Operation::Suspend { group: group.clone(), process: "Launch".into() });
    let fell = clock.now();
    for nth in [0, 1] {
        assert!(account.perform(Operation::KillMember(Who::Nth(group.clone(), nth))));
    }
    assert_eq!(account.truth().serving(&group), 4);
    while state() == AlarmState::Ok {
        clock.jump(seconds(1));
    }
    let late = clock.now() - fell;
    assert!((seconds(61)..=seconds(120)).contains(&late), "{late}");
    account.perform(Operation::Resume { group: group.clone(), process: "Launch".into() });
    clock.jump(seconds(300 + 120));
    assert_eq!(state(), AlarmState::Ok);
    account.delete_group(&us(), "web-v001");
    clock.jump(seconds(120));
    assert_eq!(state(), AlarmState::InsufficientData);
    assert!(account.found(GroupSpec::new(&us(), "web-v001", 5)));
    clock.jump(seconds(120));
    assert_eq!(state(), AlarmState::Ok);
    account.perform(Operation::SetAlarm { region: us(), name: "bound".into(), state: AlarmState::Alarm });
    assert_eq!(state(), AlarmState::Alarm, "somebody tries it out");
    clock.jump(seconds(60));
    assert_eq!(state(), AlarmState::Ok);
}

#[test]
fn the_lever_is_one_a_region() {
    let (clock, account, _) = web(1);
    let lever = |region| clock.drive(account.safety_lever(&region)).unwrap();
    assert!(!lever(us()).engaged);
    let engaged = Lever { engaged: true, reason: "incident 47".into() };
    clock.jump(seconds(10));
    assert!(account.perform(Operation::SetLever { region: us(), lever: engaged.clone() }));
    assert_eq!((lever(us()), lever(eu()).engaged), (engaged.clone(), false));
    let then = |n| account.truth().lever(&us(), start() + seconds(n)).engaged;
    assert_eq!([9, 10].map(then), [false, true]);
    assert!(!account.perform(Operation::SetLever { region: "mars-north-1".parse().unwrap(), lever: engaged }));
}
