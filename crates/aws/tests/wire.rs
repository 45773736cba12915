//! The whole crate over real HTTP, against the account that `tests/moto/launcher.py` plays.
//!
//! The SDK takes its settings from the environment, and a process should not change its own. So each test starts itself
//! again, as a child in whose environment a launcher is AWS.

use std::future::Future;
use std::process::Command;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use simian_aws::{Account, Options};
use simian_core::fleet::InstanceId;
use simian_core::ports::{CallError, Cause, Clock};
use simian_core::scope::Region;

#[path = "wire/alterations.rs"]
mod alterations;
#[path = "wire/attached.rs"]
mod attached;
#[path = "wire/calendars.rs"]
mod calendars;
#[path = "wire/detail.rs"]
mod detail;
#[path = "wire/disposal.rs"]
mod disposal;
#[path = "wire/experiments.rs"]
mod experiments;
#[path = "wire/failures.rs"]
mod failures;
#[path = "wire/guests.rs"]
mod guests;
#[path = "wire/limits.rs"]
mod limits;
mod moto;
#[path = "wire/reads.rs"]
mod reads;
#[path = "wire/resources.rs"]
mod resources;
#[path = "wire/routes.rs"]
mod routes;
#[path = "wire/stops.rs"]
mod stops;
#[path = "wire/tags.rs"]
mod tags;
#[path = "wire/topic.rs"]
mod topic;
#[path = "wire/whereabouts.rs"]
mod whereabouts;
#[path = "wire/writes.rs"]
mod writes;

use moto::Moto;

/// The port of the parent's launcher, in a child.
const PORT: &str = "SIMIAN_WIRE_PORT";

/// The time on our clock.
const NOW: &str = "2026-11-23T18:00:00Z";

/// Launchers that no test is using: as many as tests run at once. They end with this process.
static IDLE: Mutex<Vec<Moto>> = Mutex::new(Vec::new());

/// Runs `body` in a process whose AWS is a launcher as good as new; `name` is the test's full name. `settings` are variables on
/// top, an empty value takes one away.
fn on_the_wire<F: Future<Output = ()>>(name: &str, settings: &[(&str, &str)], body: impl FnOnce(Moto) -> F) {
    if let Some(port) = std::env::var(PORT).ok().and_then(|port| port.parse().ok()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(body(Moto::at(port)));
        let missing = Moto::at(port).calls()["unimplemented"].clone();
        assert_eq!(missing, serde_json::json!([]), "the emulator cannot do this");
        return;
    }
    let idle = IDLE.lock().unwrap().pop();
    let moto = idle.unwrap_or_else(Moto::start);
    moto.reset();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    moto.dress(&mut child);
    for (variable, value) in settings {
        if value.is_empty() {
            child.env_remove(variable);
        } else {
            child.env(variable, value);
        }
    }
    let output = child.env(PORT, moto.port().to_string()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{name} in a process of its own:\n{said}");
    IDLE.lock().unwrap().push(moto);
}

/// A clock that stands still, and on which nobody wakes.
struct Still(DateTime<Utc>);

#[async_trait]
impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
    async fn sleep_until(&self, _: DateTime<Utc>) {
        std::future::pending::<()>().await;
    }
}

/// A clock that runs as fast as the machine's, from another time on.
struct Running {
    from: DateTime<Utc>,
    since: tokio::time::Instant,
}

#[async_trait]
impl Clock for Running {
    fn now(&self) -> DateTime<Utc> {
        self.from + TimeDelta::from_std(self.since.elapsed()).unwrap()
    }
    async fn sleep_until(&self, when: DateTime<Utc>) {
        tokio::time::sleep((when - self.now()).to_std().unwrap_or_default()).await;
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(Running { from: NOW.parse().unwrap(), since: tokio::time::Instant::now() })
}

/// A clock on which a short wait is over at once, and a timeout never comes. It remembers every wait.
#[derive(Default)]
struct Leaping(Mutex<(TimeDelta, Vec<TimeDelta>)>);

/// What the SDK waits between tries and we for our turn is shorter than this, and every timeout is longer.
const SHORT: TimeDelta = TimeDelta::milliseconds(2500);

/// How often the SDK looks whether a stream has stalled: nobody waits for that.
const STALL: TimeDelta = TimeDelta::milliseconds(100);

impl Leaping {
    /// The waits since this was asked last.
    fn waits(&self) -> Vec<TimeDelta> {
        std::mem::take(&mut self.0.lock().unwrap().1)
    }

    /// Those of them that were over at once.
    fn leaps(&self) -> Vec<TimeDelta> {
        self.waits().into_iter().filter(|wait| *wait < SHORT).collect()
    }
}

#[async_trait]
impl Clock for Leaping {
    fn now(&self) -> DateTime<Utc> {
        NOW.parse::<DateTime<Utc>>().unwrap() + self.0.lock().unwrap().0
    }
    async fn sleep_until(&self, when: DateTime<Utc>) {
        let wait = when - self.now();
        if wait != STALL {
            self.0.lock().unwrap().1.push(wait);
        }
        if wait >= SHORT || wait == STALL {
            std::future::pending::<()>().await;
        }
        self.0.lock().unwrap().0 += wait;
    }
}

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

fn home() -> Region {
    region("us-east-1")
}

fn options() -> Options {
    Options::new("123456789012".parse().unwrap(), vec![home(), region("eu-west-1")])
}

async fn account() -> Account {
    Account::connect(options(), clock()).await.unwrap()
}

/// An account whose short waits are over at once.
async fn impatient() -> Account {
    Account::connect(options(), Arc::new(Leaping::default())).await.unwrap()
}

/// An account that waits for a second only.
async fn hasty() -> Account {
    Account::connect(Options { call_timeout: TimeDelta::seconds(1), ..options() }, clock()).await.unwrap()
}

fn ids(texts: &[String]) -> Vec<InstanceId> {
    texts.iter().map(InstanceId::new).collect()
}

/// The cause of a call that must fail.
fn cause<T: std::fmt::Debug>(result: Result<T, CallError>) -> Cause {
    result.unwrap_err().cause
}

fn refused(code: &str) -> Cause {
    Cause::Refused(code.into())
}

fn in_use(code: &str) -> Cause {
    Cause::InUse(code.into())
}

fn gone(code: &str) -> Cause {
    Cause::Gone(code.into())
}
