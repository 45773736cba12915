//! The reads of the second look go through the weather as the others do.

use chrono::TimeDelta;
use simian_core::{Cause, Clock, Cloud, LaunchSource};
use simian_sim::{GroupSpec, Operation, SimAccount, VirtualClock, Weather, call};

use crate::world::{account, seconds, start, us};

const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/0123456789abcdef";

fn balanced() -> (VirtualClock, SimAccount) {
    let (clock, account) = account(1);
    account.found(GroupSpec::new(&us(), "web-v001", 6).target_group(ARN));
    (clock, account)
}

/// All of them, one after another, each with its name.
async fn read(account: &SimAccount) -> Vec<(&'static str, Result<(), Cause>)> {
    let configuration = LaunchSource::Configuration("web".into());
    let template = LaunchSource::Template { id: "lt-web-v001".into(), version: "1".into() };
    let image = LaunchSource::Image("ami-1".into());
    let names = ["subnet-us-east-1a".to_owned()];
    macro_rules! told {
        ($($call:expr => $read:expr,)*) => {
            vec![$(($call, $read.await.map(drop).map_err(|error| error.cause)),)*]
        };
    }
    told![
        call::REFRESHES => account.refresh(&us(), "web-v001"),
        call::ACTIVITIES => account.activities(&us(), "web-v001", start()),
        call::TARGET_HEALTH => account.target_health(&us(), ARN),
        call::TEMPLATES => account.launches(&us(), &template),
        call::CONFIGURATIONS => account.launches(&us(), &configuration),
        call::IMAGES => account.launches(&us(), &image),
        call::SUBNETS => account.subnets(&us(), &names),
        call::ALARMS => account.alarms(&us(), &names),
        call::LEVER => account.safety_lever(&us()),
    ]
}

#[test]
fn each_is_counted_and_logged_and_may_be_denied() {
    let (clock, account) = balanced();
    assert!(clock.drive(read(&account)).iter().all(|(_, answer)| answer.is_ok()));
    let names: Vec<_> = clock.drive(read(&account)).into_iter().map(|(call, _)| call).collect();
    for name in names {
        let times = if name == call::IMAGES { 6 } else { 2 };
        assert_eq!(account.calls()[name], times, "{name}");
        assert!(account.call_log().iter().any(|record| record.call == name && record.region == Some(us())));
        let (clock, account) = balanced();
        account.set_weather(Weather { denied: [name].into(), ..Weather::calm() });
        for (call, answer) in clock.drive(read(&account)) {
            let through = [call::TEMPLATES, call::CONFIGURATIONS].contains(&call) && name == call::IMAGES;
            assert_eq!(answer == Err(Cause::Denied), call == name || through, "{call} without {name}");
        }
    }
}

#[test]
fn each_may_be_throttled_slow_or_lost() {
    let (clock, account) = balanced();
    for (weather, cause) in [
        (Weather { throttle: 1.0, ..Weather::calm() }, Cause::Throttled),
        (Weather { timeout_before: 1.0, ..Weather::calm() }, Cause::Timeout),
        (Weather { broken_after: 1.0, ..Weather::calm() }, Cause::Broken),
    ] {
        account.set_weather(weather);
        for (call, answer) in clock.drive(read(&account)) {
            assert_eq!(answer, Err(cause.clone()), "{call}");
        }
    }
    account.set_weather(Weather { slow: [(us(), seconds(5))].into(), ..Weather::calm() });
    let before = clock.now();
    clock.drive(read(&account));
    assert_eq!(clock.now() - before, seconds(11 * 5), "two of them are two calls");
    account.set_weather(Weather { partial: 1.0, ..Weather::calm() });
    let partial: Vec<_> = clock.drive(read(&account)).into_iter().filter(|(_, answer)| answer.is_err()).collect();
    let names: Vec<_> = partial.iter().map(|(call, _)| *call).collect();
    assert_eq!(names, [call::REFRESHES, call::ACTIVITIES, call::SUBNETS, call::ALARMS], "they come page by page");
}

#[test]
fn what_ec2_and_auto_scaling_say_may_be_old_and_what_alarms_and_levers_say_is_not() {
    let (clock, account) = balanced();
    account.set_weather(Weather { stale_seconds: 60, ..Weather::calm() });
    let group = simian_sim::GroupId::new(&us(), "web-v001");
    let template = LaunchSource::Template { id: "lt-web-v001".into(), version: "1".into() };
    let names = ["subnet-us-east-1b".to_owned()];
    account.perform(Operation::SetImages { group: group.clone(), there: false });
    account.perform(Operation::SetAddresses { zone: "us-east-1b".into(), free: 0 });
    account.perform(Operation::SetUsed { target_group: ARN.into(), used: false });
    account.perform(Operation::Refresh { group, every: TimeDelta::hours(1) });
    let alarm = simian_core::detail::AlarmState::Alarm;
    account.perform(Operation::SetAlarm { region: us(), name: "a".into(), state: alarm });
    clock.jump(seconds(30));
    let (mut images, mut free, mut used, mut refreshes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..60 {
        clock.drive(async {
            images.push(account.launches(&us(), &template).await.unwrap());
            free.push(account.subnets(&us(), &names).await.unwrap()[&names[0]]);
            used.push(account.target_health(&us(), ARN).await.unwrap().into_values().last());
            refreshes.push(account.refresh(&us(), "web-v001").await.unwrap());
            assert_eq!(account.alarms(&us(), &["a".to_owned()]).await.unwrap()["a"], alarm);
        });
    }
    assert!(images.iter().any(|one| *one != images[0]), "{images:?}");
    assert!(free.contains(&0) && free.iter().any(|free| *free > 0), "{free:?}");
    assert!(used.iter().any(|one| *one != used[0]), "{used:?}");
    assert!(refreshes.contains(&None) && refreshes.iter().any(Option::is_some), "{refreshes:?}");
}
