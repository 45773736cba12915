//! Turns, waits and bounds: nobody is called too often, and nobody waits for another.

use std::cell::RefCell;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;
use simian_aws::Account;
use simian_core::fleet::InstanceId;
use simian_core::ports::{Actuator, Cause, Cloud, GroupQuery};

use super::{Leaping, cause, hasty, home, ids, on_the_wire, options, region};

const GROUPS: &str = "autoscaling:DescribeAutoScalingGroups";
const TERMINATE: &str = "ec2:TerminateInstances";

fn any() -> GroupQuery {
    GroupQuery::Keyed(vec!["k".into()])
}

fn loose(moto: &super::Moto, number: usize) -> Vec<InstanceId> {
    let seeded = moto.seed(&json!({ "loose": number }));
    let texts: Vec<String> = serde_json::from_value(seeded["loose"].clone()).unwrap();
    ids(&texts)
}

#[test]
fn a_throttled_write_makes_the_next_one_wait() {
    on_the_wire("limits::a_throttled_write_makes_the_next_one_wait", &[], |moto| async move {
        let clock = Arc::new(Leaping::default());
        let account = Account::connect(options(), clock.clone()).await.unwrap();
        let victims = loose(&moto, 51);
        let (one, fifty) = (&victims[..1], &victims[1..]);
        moto.faults(&json!([{ "kind": "throttle" }]));
        assert_eq!(cause(account.terminate(&home(), one).await), Cause::Throttled);
        let waits = clock.waits();
        assert!(waits.contains(&TimeDelta::seconds(20)), "the call has its whole time: {waits:?}");
        assert_eq!(account.terminate(&home(), one).await.unwrap(), one);
        let waits = clock.waits();
        assert_eq!(waits.first(), Some(&TimeDelta::milliseconds(250)), "a token of four a second: {waits:?}");
        assert!(waits.contains(&TimeDelta::milliseconds(19_750)), "wait and call together are one call: {waits:?}");
        // Fifty instances would wait for three seconds, which is too long after the last look at the kill switch.
        let error = account.terminate(&home(), fifty).await.unwrap_err();
        assert_eq!(error.cause, Cause::Throttled);
        assert!(error.message.starts_with("by our own limit"), "{error}");
        assert_eq!(moto.count(TERMINATE), 2, "nothing was called");
        // Other regions and other calls have buckets of their own.
        clock.waits();
        account.reboot(&home(), fifty).await.unwrap();
        account.terminate(&region("eu-west-1"), one).await.unwrap_err();
        assert_eq!(clock.leaps(), []);
    });
}

#[test]
fn a_throttled_read_makes_the_next_ones_wait() {
    on_the_wire("limits::a_throttled_read_makes_the_next_ones_wait", &[], |moto| async move {
        let clock = Arc::new(Leaping::default());
        let account = Account::connect(options(), clock.clone()).await.unwrap();
        let twenty = async || {
            for _ in 0..20 {
                account.groups(&home(), &any()).await.unwrap();
            }
            clock.leaps().into_iter().sum::<TimeDelta>()
        };
        assert_eq!(twenty().await, TimeDelta::zero(), "so many at once");
        // The bucket is empty: another twenty come at four a second.
        let waited = twenty().await;
        assert!(waited >= TimeDelta::milliseconds(4_900), "{waited}");
        // An hour later it would be full again, but for the throttle.
        clock.0.lock().unwrap().0 += TimeDelta::hours(1);
        moto.forget_calls();
        moto.faults(&json!([{ "kind": "throttle", "times": 2 }]));
        account.groups(&home(), &any()).await.unwrap();
        assert_eq!(moto.count(GROUPS), 3, "the SDK tries three times");
        let paused = clock.leaps();
        assert_eq!(paused.len(), 2, "and pauses in between, on our clock: {paused:?}");
        let waited = twenty().await;
        assert!(waited >= TimeDelta::milliseconds(2_900), "after pauses of less than two seconds: {waited}");
        account.groups(&region("eu-west-1"), &any()).await.unwrap();
        account.instances(&home(), &ids(&["i-0123456789abcdef0".into()])).await.unwrap();
        assert_eq!(clock.leaps(), []);
    });
}

/// What bounds a look at a region that takes connections and never answers: one call's time, all tries together.
#[test]
fn a_region_that_never_answers_delays_no_other() {
    on_the_wire("limits::a_region_that_never_answers_delays_no_other", &[], |moto| async move {
        moto.seed(&json!({ "region": "eu-west-1", "groups": [{ "name": "shop", "tags": { "k": "v" } }] }));
        moto.faults(&json!([{ "kind": "delay", "seconds": 8, "region": "us-east-1", "times": -1 }]));
        let account = hasty().await;
        let order = RefCell::new(Vec::new());
        let ask = async |name: &str| {
            let answer = account.groups(&region(name), &any()).await;
            order.borrow_mut().push(name.to_owned());
            answer
        };
        // Several hang; one more connection is always to be had.
        let (us, _, _, _, eu) =
            tokio::join!(ask("us-east-1"), ask("us-east-1"), ask("us-east-1"), ask("us-east-1"), ask("eu-west-1"));
        assert_eq!(cause(us), Cause::Timeout);
        assert_eq!(eu.unwrap().len(), 1);
        assert_eq!(order.into_inner()[0], "eu-west-1");
        assert_eq!(moto.count(GROUPS), 5, "who gave no answer in the call's time is not asked again");
    });
}
