//! Simulated days must cost milliseconds.

use std::sync::Arc;

use simian_core::{Clock, Cloud, GroupQuery};
use simian_sim::{VirtualClock, sandbox};

use crate::world::{eu, seconds, start, us};

#[test]
fn a_hundred_days_polled_every_quarter_of_an_hour() {
    let clock = VirtualClock::new(start());
    let account = sandbox(1, Arc::new(clock.clone()));
    let query = GroupQuery::Tagged {
        keys: vec!["simian:chaos".into(), "chaos".into()],
        values: vec!["on".into(), "true".into()],
    };
    let seen = clock.drive(async {
        let mut seen = 0;
        for quarter in 1..=9_600 {
            clock.sleep_until(start() + seconds(900 * quarter)).await;
            for region in [us(), eu()] {
                seen += account.groups(&region, &query).await.unwrap().len();
            }
        }
        seen
    });
    assert!(seen > 9_600 * 25, "{seen}");
    assert_eq!(account.calls()["autoscaling:DescribeAutoScalingGroups"], 19_200);
}
