//! The daemon is one future; dropping it at any await is a crash, and the account knows what happened.

use simian_core::{Actuator, Clock, Cloud, GroupQuery};
use simian_sim::{EndedBy, Weather, call};

use crate::world::{members, us, web};

#[test]
fn a_crash_at_any_await_leaves_a_whole_account() {
    let mut effects = Vec::new();
    for polls in 0.. {
        let (clock, account, group) = web(1);
        account.set_weather(Weather { latency_millis: (100, 100), ..Weather::calm() });
        let ids = &members(&account, &group)[..2];
        let done = {
            let mut daemon = Box::pin(async {
                account.groups(&us(), &GroupQuery::Keyed(vec!["simian:chaos".into()])).await.unwrap();
                clock.sleep_until(clock.now() + chrono::TimeDelta::minutes(5)).await;
                account.terminate(&us(), ids).await.unwrap();
                account.instances(&us(), ids).await.unwrap();
            });
            clock.drive_polls(polls, daemon.as_mut()).is_ready()
        };
        assert_eq!(clock.sleepers(), 0);
        let ended = account.truth().ended_by_us();
        assert!(ended.is_empty() || ended.len() == 2, "both or none");
        assert!(ended.iter().all(|life| life.ended.is_some_and(|(_, by)| by == EndedBy::Terminate)));
        let answered = account.call_log().iter().any(|record| record.call == call::TERMINATE && record.answered);
        effects.push((ended.len(), answered));
        if done {
            break;
        }
    }
    assert!(effects.contains(&(2, false)), "among them one after the effect and before the answer: {effects:?}");
    assert_eq!(effects.first(), Some(&(0, false)));
    assert_eq!(effects.last(), Some(&(2, true)));
    assert!(effects.is_sorted());
    assert_eq!(effects.len(), 9, "three calls of two awaits, one sleep, the start and the end");
}
