//! Every kind of fault, once.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use simian_core::{Actuator, CalendarState, Cause, ChangeCalendar, Clock, Cloud, GroupQuery, InstanceId};
use simian_sim::{Bucket, Fault, Operation, Outage, SimAccount, VirtualClock, Weather, call, sandbox};

use crate::world::{eu, members, seconds, start, us, web};

fn all() -> GroupQuery {
    GroupQuery::Keyed(vec!["simian:chaos".into()])
}

async fn survey(account: &SimAccount) -> Result<usize, Cause> {
    account.groups(&us(), &all()).await.map(|groups| groups.len()).map_err(|error| error.cause)
}

fn ended(account: &SimAccount, ids: &[InstanceId]) -> usize {
    ids.iter().filter(|id| account.truth().life(id).unwrap().ended.is_some()).count()
}

#[test]
fn scripted_errors_meet_the_nth_call_and_no_other() {
    let (clock, account, _) = web(1);
    account.inject(call::GROUPS, 2, Fault::ErrorBefore(Cause::Throttled));
    account.inject(call::GROUPS, 3, Fault::ErrorAfter(Cause::Malformed));
    account.inject(call::IDENTITY, 1, Fault::ErrorBefore(Cause::Denied));
    let surveys: Vec<_> = (0..4).map(|_| clock.drive(survey(&account))).collect();
    assert_eq!(surveys, [Ok(1), Err(Cause::Throttled), Err(Cause::Malformed), Ok(1)]);
    let denied = clock.drive(account.identity()).unwrap_err();
    assert_eq!((denied.cause, denied.on.as_str()), (Cause::Denied, "111122223333"));
    assert_eq!(clock.drive(account.identity()).unwrap().account, account.id());
    let errors: Vec<_> = account.call_log().into_iter().map(|record| record.error).collect();
    assert_eq!(errors, [None, Some(Cause::Throttled), Some(Cause::Malformed), None, Some(Cause::Denied), None]);
}

#[test]
fn an_error_may_come_before_after_or_in_the_middle_of_the_effect() {
    for (fault, cause, gone, waited) in [
        (Fault::ErrorBefore(Cause::Timeout), Cause::Timeout, 0, 20),
        (Fault::ErrorBefore(Cause::Broken), Cause::Broken, 0, 0),
        (Fault::ErrorAfter(Cause::Timeout), Cause::Timeout, 3, 20),
        (Fault::ErrorAfter(Cause::Broken), Cause::Broken, 3, 0),
        (Fault::ErrorHalfway(Cause::Broken), Cause::Broken, 2, 0),
        (
            Fault::ErrorHalfway(Cause::Refused("OperationNotPermitted".into())),
            Cause::Refused("OperationNotPermitted".into()),
            2,
            0,
        ),
    ] {
        let (clock, account, group) = web(1);
        let ids = &members(&account, &group)[..3];
        account.inject(call::TERMINATE, 1, fault.clone());
        assert_eq!(clock.drive(account.terminate(&us(), ids)).unwrap_err().cause, cause);
        assert_eq!((ended(&account, ids), clock.now()), (gone, start() + seconds(waited)), "{fault:?}");
    }
}

#[test]
fn a_late_call_has_its_effect_late() {
    let (clock, account, group) = web(1);
    let ids = &members(&account, &group)[..1];
    account.inject(call::TERMINATE, 1, Fault::Latency(seconds(90)));
    clock.drive(account.terminate(&us(), ids)).unwrap();
    assert_eq!(account.truth().life(&ids[0]).unwrap().ended.unwrap().0, start() + seconds(90));
}

#[test]
#[should_panic(expected = "no call has the name ec2:Terminate; there are: sts:GetCallerIdentity")]
fn a_fault_of_no_call_is_a_mistake() {
    web(1).1.inject("ec2:Terminate", 1, Fault::ErrorBefore(Cause::Throttled));
}

#[test]
#[should_panic(expected = "by the port's contract, Throttled has no effect")]
fn a_throttled_call_has_no_effect() {
    web(1).1.inject(call::TERMINATE, 1, Fault::ErrorAfter(Cause::Throttled));
}

#[test]
fn latency_lets_time_pass_in_the_call() {
    let (clock, account, _) = web(1);
    account.set_weather(Weather { latency_millis: (400, 400), ..Weather::calm() });
    clock.drive(survey(&account)).unwrap();
    assert_eq!(clock.now(), start() + TimeDelta::milliseconds(400));
}

#[test]
fn chance_strikes_as_often_as_it_should() {
    type Set = fn(&mut Weather);
    let cases: [(Set, Cause); 6] = [
        (|weather| weather.throttle = 0.25, Cause::Throttled),
        (|weather| weather.timeout_before = 0.25, Cause::Timeout),
        (|weather| weather.timeout_after = 0.25, Cause::Timeout),
        (|weather| weather.broken_before = 0.25, Cause::Broken),
        (|weather| weather.broken_after = 0.25, Cause::Broken),
        (|weather| weather.partial = 0.25, Cause::Malformed),
    ];
    for (n, (set, cause)) in cases.into_iter().enumerate() {
        let (clock, account, _) = web(1);
        let mut weather = Weather { seed: n as u64, ..Weather::calm() };
        set(&mut weather);
        account.set_weather(weather);
        let mut failed = 0;
        for _ in 0..400 {
            match clock.drive(survey(&account)) {
                Ok(groups) => assert_eq!(groups, 1),
                Err(error) => {
                    assert_eq!(error, cause);
                    failed += 1;
                }
            }
        }
        assert!((60..140).contains(&failed), "{cause:?}: {failed} of 400");
    }
}

#[test]
fn half_a_batch_may_end_before_the_connection_breaks() {
    let (clock, account, group) = web(1);
    account.set_weather(Weather { half_batch: 1.0, ..Weather::calm() });
    let ids = members(&account, &group);
    assert_eq!(clock.drive(account.terminate(&us(), &ids)).unwrap_err().cause, Cause::Broken);
    assert_eq!(ended(&account, &ids), 3);
}

#[test]
fn a_bucket_throttles_by_use_and_fills_again() {
    let (clock, account, _) = web(1);
    account.set_weather(Weather { bucket: Some(Bucket { burst: 3, per_second: 0.5 }), ..Weather::calm() });
    let surveys = |n| (0..n).filter(|_| clock.drive(survey(&account)).is_ok()).count();
    assert_eq!(surveys(5), 3);
    clock.jump(seconds(4));
    assert_eq!(surveys(5), 2);
    assert!(clock.drive(account.groups(&eu(), &all())).is_ok(), "every region has its own");
}

#[test]
fn a_bucket_of_one_call_throttles_no_other() {
    let (clock, account, group) = web(1);
    let bucket = Bucket { burst: 2, per_second: 0.5 };
    account.set_weather(Weather { buckets: [(call::GROUPS, bucket)].into(), ..Weather::calm() });
    let surveys = |n| (0..n).filter(|_| clock.drive(survey(&account)).is_ok()).count();
    assert_eq!(surveys(5), 2);
    assert!(clock.drive(account.instances(&us(), &members(&account, &group))).is_ok());
    assert!(clock.drive(account.groups(&eu(), &all())).is_ok(), "every region has its own");
    clock.jump(seconds(2));
    assert_eq!(surveys(5), 1);
}

#[test]
fn a_calendar_is_what_somebody_made_it_and_changes_in_its_time() {
    let (clock, account, _) = web(1);
    let calendar: ChangeCalendar = "arn:aws:ssm:us-east-1:111122223333:document/freeze".parse().unwrap();
    let ask = || clock.drive(account.change_calendar(&calendar));
    assert_eq!(ask().unwrap_err().cause, Cause::Refused("InvalidDocument".into()));
    let until = clock.now() + seconds(60);
    let closed = CalendarState { open: false, next_transition: Some(until) };
    account.perform(Operation::SetCalendar { calendar: calendar.clone(), state: closed.clone() });
    assert_eq!(ask(), Ok(closed));
    clock.jump(seconds(60));
    assert_eq!(ask(), Ok(CalendarState { open: true, next_transition: None }));
    account.inject(call::CALENDAR, 1, Fault::ErrorBefore(Cause::Denied));
    assert_eq!(ask().unwrap_err().cause, Cause::Denied);
}

#[test]
fn denied_calls_are_denied_and_others_are_not() {
    let (clock, account, group) = web(1);
    account.set_weather(Weather { denied: BTreeSet::from([call::TERMINATE]), ..Weather::calm() });
    let ids = &members(&account, &group)[..1];
    assert_eq!(clock.drive(account.terminate(&us(), ids)).unwrap_err().cause, Cause::Denied);
    assert_eq!((ended(&account, ids), clock.drive(survey(&account))), (0, Ok(1)));
}

#[test]
fn an_outage_takes_one_region_or_all_for_a_time() {
    let (clock, account, _) = web(1);
    let hour = |n| start() + TimeDelta::hours(n);
    account.set_weather(Weather {
        outages: vec![
            Outage { region: Some(us()), from: hour(1), until: hour(2) },
            Outage { region: None, from: hour(3), until: hour(4) },
        ],
        ..Weather::calm()
    });
    for (at, here, there, identity) in [
        (0, true, true, true),
        (1, false, true, true),
        (2, true, true, true),
        (3, false, false, false),
        (4, true, true, true),
    ] {
        clock.set(hour(at));
        assert_eq!(clock.drive(survey(&account)).is_ok(), here, "{at}");
        assert_eq!(clock.drive(account.groups(&eu(), &all())).is_ok(), there, "{at}");
        assert_eq!(clock.drive(account.identity()).is_ok(), identity, "{at}");
        assert!(clock.drive(account.ourselves()).is_ok(), "the metadata service is on our own machine");
    }
    let nowhere = "mars-north-1".parse().unwrap();
    assert_eq!(clock.drive(account.groups(&nowhere, &all())).unwrap_err().cause, Cause::Unreachable);
}

#[test]
fn credentials_expire_and_may_be_somebody_elses() {
    let (clock, account, _) = web(1);
    let other = "999988887777".parse().unwrap();
    account.set_weather(Weather {
        credentials_until: Some(start() + seconds(60)),
        impostor: Some(other),
        ..Weather::calm()
    });
    let identity = clock.drive(account.identity()).unwrap();
    assert_eq!(identity.account.as_str(), "999988887777");
    assert_eq!(identity.arn, "arn:aws:sts::999988887777:assumed-role/simian/sim");
    clock.jump(seconds(60));
    assert_eq!(clock.drive(survey(&account)), Err(Cause::Credentials));
}

#[test]
fn the_skew_is_known_after_the_first_answer() {
    let (clock, account, _) = web(1);
    account.set_weather(Weather { skew_millis: -90_000, ..Weather::calm() });
    account.inject(call::GROUPS, 1, Fault::ErrorBefore(Cause::Unreachable));
    account.inject(call::GROUPS, 2, Fault::ErrorBefore(Cause::Denied));
    clock.drive(survey(&account)).unwrap_err();
    assert_eq!(account.skew(&us()), None, "nobody answered");
    clock.drive(survey(&account)).unwrap_err();
    assert_eq!(account.skew(&us()), Some(seconds(-90)), "a refusal has a date too");
    assert_eq!(account.skew(&eu()), None);
}

#[test]
fn we_may_be_told_where_we_run() {
    let (clock, account, group) = web(1);
    assert_eq!(clock.drive(account.ourselves()).unwrap(), None);
    let id = members(&account, &group).remove(0);
    account.set_ourselves(Some(id.clone()));
    assert_eq!(clock.drive(account.ourselves()).unwrap(), Some(id));
}

#[test]
fn rough_weather_is_rough_and_not_hopeless() {
    let clock = VirtualClock::new(start());
    let account = sandbox(1, Arc::new(clock.clone()));
    account.set_weather(Weather::rough(7));
    let answered = (0..300).filter(|_| clock.drive(survey(&account)).is_ok()).count();
    assert!((200..290).contains(&answered), "{answered} of 300");
    assert_eq!(account.calls()[call::GROUPS], 300);
}
