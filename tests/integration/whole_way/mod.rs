//! Faults that last, the whole way: the program, the SDK, an account on a loopback port, and back.
//!
//! Where something is done inside an instance, the account's Run Command hands it to an agent of the test, which does it
//! for real, in a throw-away guest.

mod by_api;
mod guest;
mod inside;

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use simian::clock::SystemClock;
use simian_core::Clock as _;

use crate::daemon::every_second;
use crate::moto::text;
use crate::place::{Place, Said, US};

/// What the keys of a fault's tags begin with.
const MARK: &str = "simian:fault:";

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Waits until there is an answer, so many seconds at most.
#[track_caller]
fn within<T>(seconds: i64, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = SystemClock.now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(seconds_since(began) < seconds, "{what}: not within {seconds} s");
        std::thread::sleep(LOOK);
    }
}

fn seconds_since(then: DateTime<Utc>) -> i64 {
    (SystemClock.now() - then).num_seconds()
}

/// A group of three of which two may be missing, and whose owner wants these faults.
fn group(name: &str, faults: &str) -> Value {
    let tags = [("simian:chaos", "on"), ("simian:chaos:mean-days", "1000"), ("simian:chaos:faults", faults)];
    let tags: BTreeMap<&str, &str> = tags.into_iter().chain([("owner", "ann")]).collect();
    json!({ "name": name, "count": 3, "min": 1, "subnets": true, "tags": tags })
}

/// A live place in which nobody's turn comes today: what happens is what the test asks for.
fn place(groups: &[Value]) -> Place {
    let place = Place::armed_with(&every_second(US), groups);
    while !place.plan()["proposals"].as_array().unwrap().is_empty() {
        place.write(&place.config().replace("seed = \"", "seed = \"another "));
    }
    place
}

/// The tags of faults that an instance has.
fn marks(place: &Place, instance: &str) -> BTreeMap<String, String> {
    let all = place.aws.control("GET", "instances", &Value::Null);
    let one = all["instances"].as_array().unwrap().iter().find(|one| one["id"] == instance).unwrap().clone();
    let tags = one["tags"].as_object().unwrap().iter().map(|(key, value)| (key.clone(), text(value)));
    tags.filter(|(key, _)| key.starts_with(MARK)).collect()
}

/// What `simian faults` shows.
#[track_caller]
fn shown(place: &Place) -> Vec<Value> {
    let said = place.simian(&["faults", "--format", "json"]).ends(0).without_complaint().json();
    assert_eq!(said["failed"], json!([]));
    said["faults"].as_array().unwrap().clone()
}

/// `simian fault try` while it runs; killed with this value.
struct Trying(Option<Child>);

impl Trying {
    /// Asks for a fault, in the words of `simian fault try`.
    fn begin(place: &Place, words: &[&str]) -> Self {
        let mut command = place.command(&["fault", "try"]);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(Some(command.spawn().unwrap()))
    }

    /// Fails with what it said, if it has ended.
    #[track_caller]
    fn goes_on(&mut self) {
        let ended = self.0.as_mut().unwrap().try_wait().unwrap();
        assert!(ended.is_none(), "it ended: {:#?}", self.said());
    }

    /// How it ended, soon.
    #[track_caller]
    fn end(mut self) -> Said {
        within(20, "the end of `fault try`", || self.0.as_mut().unwrap().try_wait().unwrap());
        self.said()
    }

    /// What it said, to its end.
    fn said(&mut self) -> Said {
        Said::of(&self.0.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Trying {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
