//! `simian run`: from a new ledger to SIGTERM, and what a sudden death leaves behind.

use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::json;
use simian_core::{Event, Kind};

use crate::place::{BOTH, Place, TERMINATE, US, config, groups, of_kind, targets};

/// How often a condition is looked at, and for how long: a busy machine needs some.
const LOOK: Duration = Duration::from_millis(100);
const PATIENCE: u32 = 600;

/// Waits until there is an answer.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(LOOK);
    }
    panic!("{what}: in vain")
}

/// A running daemon; killed with this value.
pub(crate) struct Daemon {
    child: Child,
    /// Where it tells systemd how it is.
    notes: UnixDatagram,
}

impl Daemon {
    /// Starts one, which writes its log to a file of that name.
    pub(crate) fn start(place: &Place, name: &str) -> Self {
        let address = place.path(&format!("{name}.notify"));
        let notes = UnixDatagram::bind(&address).unwrap();
        notes.set_read_timeout(Some(LOOK * PATIENCE)).unwrap();
        let log = std::fs::File::create(place.path(&format!("{name}.log"))).unwrap();
        let child = place
            .command(&["run"])
            .env("NOTIFY_SOCKET", &address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let daemon = Self { child, notes };
        let ready = daemon.note();
        assert!(ready.starts_with("READY=1\n") && ready.contains("STATUS=watching 1 accounts"), "{ready}");
        daemon
    }

    /// The next thing that it tells systemd.
    fn note(&self) -> String {
        let mut bytes = [0; 1024];
        let length = self.notes.recv(&mut bytes).expect("it tells systemd");
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }

    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    fn signal(&self, name: &str) {
        // The shell's own kill: there may be no other.
        let order = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &order]).status().unwrap().success());
    }

    /// How it ended, within ten seconds.
    pub(crate) fn end(&mut self) -> ExitStatus {
        for _ in 0..100 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(LOOK);
        }
        panic!("it did not end within 10 s");
    }

    /// As the kernel does it to whom memory runs out.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn is_up(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A live config that looks every second, with a control socket.
pub(crate) fn every_second(regions: &str) -> String {
    let config = config("live", regions).replace("grace = ", "cron = \"* * * * * *\"\ngrace = ");
    format!("{config}[control]\nsocket = \"control.sock\"\n")
}

/// Chooses a seed that leaves at least so many units due now.
fn with_due(place: &Place, at_least: usize) {
    let config = place.config();
    for seed in 0..50 {
        place.write(&config.replace("seed = \"integration\"", &format!("seed = \"integration {seed}\"")));
        if due_now(place).len() >= at_least {
            return;
        }
    }
    panic!("no seed has {at_least} units due now");
}

/// The instances whose turn has come and not gone.
fn due_now(place: &Place) -> BTreeSet<String> {
    let now = place.aws.control("GET", "clock", &serde_json::Value::Null)["now"].as_str().unwrap().to_owned();
    let now: chrono::DateTime<chrono::Utc> = now.parse().unwrap();
    let plan = place.plan();
    let time = |text: &serde_json::Value| text.as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    // Neither what may come due while the test runs, nor what may expire.
    let slack = chrono::TimeDelta::minutes(5);
    let due = plan["proposals"].as_array().unwrap().iter();
    due.filter(|one| time(&one["due"]) <= now && now + slack < time(&one["expires"]))
        .map(|one| one["target"].as_str().unwrap().to_owned())
        .collect()
}

/// At least so many events of that kind.
#[track_caller]
pub(crate) fn wait_for(place: &Place, kind: Kind, number: usize) -> Vec<Event> {
    until(&format!("{number} × {kind}"), || {
        let events = place.events();
        (of_kind(&events, kind).len() >= number).then_some(events)
    })
}

#[test]
fn a_new_ledger_waits_for_a_word_and_a_signal_ends_it_in_order() {
    let place = Place::new(&every_second(BOTH), &groups(12));
    with_due(&place, 2);
    let due = due_now(&place);
    let mut daemon = Daemon::start(&place, "one");

    // A new ledger is paused: rounds go by and nothing happens.
    let events = wait_for(&place, Kind::RoundClosed, 4);
    let paused = of_kind(&events, Kind::DaemonPaused);
    assert_eq!(paused.len(), 1);
    assert_eq!(paused[0].body.actor.as_deref(), Some("new-ledger"));
    assert!(targets(&events, Kind::ActionHeld).is_superset(&due), "{due:?}");
    for held in of_kind(&events, Kind::ActionHeld) {
        assert_eq!(held.body.outcome.as_deref(), Some("paused"));
    }
    place.is_untouched();

    // The word lifts it, through the socket: the kernel says whose word it was.
    let said = place.simian(&["resume", "--first-run", "--why", "nothing acted here"]).ends(0).without_complaint();
    assert!(said.out.starts_with("resumed\n") && said.out.contains("paused by new-ledger"), "{}", said.out);
    let events = wait_for(&place, Kind::ActionDone, due.len());
    assert!(targets(&events, Kind::ActionDone).is_superset(&due));
    let resumed = of_kind(&events, Kind::DaemonResumed)[0].body.clone();
    assert_eq!((resumed.outcome.as_deref(), resumed.why.as_str()), (Some("first-run"), "nothing acted here"));
    assert_eq!(resumed.actor, Some(simian::control::ourselves()));

    // Auto Scaling does its work, and it is seen.
    place.aws.heal();
    wait_for(&place, Kind::ActionRecovered, due.len());

    let said = place.simian(&["pause", "--why", "lunch"]).ends(0).without_complaint();
    assert_eq!(said.out, "paused: nothing is done until `simian resume`\n");
    assert!(daemon.is_up());

    daemon.terminate();
    assert_eq!(daemon.note(), "STOPPING=1\n");
    assert_eq!(daemon.end().code(), Some(0));
    assert!(!place.path("control.sock").exists(), "the socket is taken away");
    let events = place.events();
    assert_eq!(events.last().unwrap().body.kind, Kind::DaemonStopped);
    assert_eq!(of_kind(&events, Kind::DaemonPaused)[1].body.why, "lunch");
    place.is_sound();
}

#[test]
fn one_ledger_one_daemon() {
    let place = Place::new(&every_second(US), &groups(1));
    let mut daemon = Daemon::start(&place, "one");
    let pid = format!("(process {})", daemon.child.id());
    let ledger = place.path("ledger.db").display().to_string();
    for verb in [&["run"][..], &["round", "chaos"]] {
        let said = place.simian(verb).ends(6);
        said.complains(&["another simian holds the ledger", &ledger, &pid, "only one may run on it"]);
    }
    // Without its socket nobody can reach it, and nobody else may write.
    place.write(&place.config().replace("[control]\nsocket = \"control.sock\"\n", ""));
    place.simian(&["pause"]).ends(6).complains(&["another simian holds the ledger", &pid]);
    place.simian(&["audit", "verify"]).ends(0).without_complaint();
    assert!(daemon.is_up());
    daemon.terminate();
    assert_eq!(daemon.end().code(), Some(0));
}

/// A daemon was killed while its call, which had its effect, was still to be answered.
fn killed_in_its_call() -> Place {
    let place = Place::new(&every_second(US), &groups(12));
    with_due(&place, 1);
    place.simian(&["resume", "--first-run"]).ends(0);
    // The answer takes longer than the daemon lives.
    place.aws.faults(&json!([
        { "kind": "delay", "seconds": 15, "service": "ec2", "action": "TerminateInstances", "when": "after" }
    ]));
    let mut daemon = Daemon::start(&place, "one");
    until("the call", || (!place.ended().is_empty()).then_some(()));
    daemon.kill();
    place
}

#[test]
fn a_sudden_death_never_makes_it_act_twice() {
    let place = killed_in_its_call();
    let left = place.events();
    let begun = targets(&left, Kind::ActionIntended);
    assert_eq!(begun, place.ended());
    assert!(of_kind(&left, Kind::ActionDone).is_empty(), "it died before it knew");
    assert!(place.path("control.sock").exists());
    place.simian(&["audit", "verify"]).ends(0).without_complaint();
    // Its socket is there, and nobody listens: the verb opens the ledger itself.
    assert_eq!(place.simian(&["pause"]).ends(0).out, "paused: nothing is done until `simian resume`\n");
    place.simian(&["resume"]).ends(0);

    place.aws.faults(&json!([]));
    let rounds = of_kind(&place.events(), Kind::RoundClosed).len();
    let mut daemon = Daemon::start(&place, "two");
    let events = wait_for(&place, Kind::RoundClosed, rounds + 4);
    assert_eq!(of_kind(&events, Kind::DaemonStarted).len(), 2);
    let mut keys = BTreeSet::new();
    for intended in of_kind(&events, Kind::ActionIntended) {
        assert!(keys.insert(intended.body.key.clone()), "{:?} was begun twice", intended.body.key);
    }
    // What was begun before is neither done again nor given up: AWS may still honour the call.
    for event in &events {
        let about = event.body.target.as_ref().is_some_and(|target| begun.contains(target));
        let after = event.seq > left.last().unwrap().seq;
        assert!(!(about && after), "{event:?}");
    }
    let calls = place.aws.count(TERMINATE);
    daemon.terminate();
    assert_eq!(daemon.end().code(), Some(0));
    assert_eq!(place.aws.count(TERMINATE), calls);
    place.simian(&["audit", "verify"]).ends(0).without_complaint();
    // Each instance was named in one call only.
    let named: usize = place.batches().iter().sum();
    assert_eq!(named, place.ended().len());
}

#[test]
fn a_hangup_brings_in_the_new_config_and_a_bad_one_changes_nothing() {
    let place = Place::new(&every_second(US), &groups(3));
    let mut daemon = Daemon::start(&place, "one");
    let good = place.config();
    let loaded = |place: &Place| loaded_in(&place.events());
    assert_eq!(loaded(&place).len(), 1);

    // What cannot be read, and what cannot change while it runs: both are told, and the config in force stays.
    let elsewhere = good.replace("ledger.db", "other.db");
    assert_ne!(good, elsewhere);
    for (bad, says) in [
        (good.replacen("grace = ", "grase = ", 1), "did you mean `grace`?"),
        (elsewhere, "ledger: it cannot change while the daemon runs: restart it"),
    ] {
        place.write(&good);
        let before = of_kind(&place.events(), Kind::ConfigRejected).len();
        place.write(&bad);
        daemon.signal("HUP");
        let note = daemon.note();
        assert!(note.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{note}");
        assert_eq!(daemon.note(), "READY=1\n");
        place.write(&good);
        let events = place.events();
        let rejected = of_kind(&events, Kind::ConfigRejected);
        assert_eq!(rejected.len(), before + 1);
        let body = &rejected[before].body;
        assert!(body.why.contains(says), "{}", body.why);
        assert_eq!(Some(&body.config), loaded_in(&events).last(), "the one that stays in force");
        assert!(daemon.is_up());
    }

    // A good one counts from now on, in the same process, on the same ledger.
    place.write(&good.replace("mode = \"live\"", "mode = \"dry-run\""));
    daemon.signal("HUP");
    assert!(daemon.note().starts_with("RELOADING=1\n"));
    assert!(daemon.note().starts_with("READY=1\n"));
    wait_for(&place, Kind::ConfigLoaded, 2);
    let digests = loaded(&place);
    assert_ne!(digests[0], digests[1]);
    let since = place.events().last().unwrap().seq;
    until("a round by the new config", || {
        place.events().into_iter().find(|event| event.seq > since && event.body.kind == Kind::RoundClosed)
    });
    let events = place.events();
    let after: Vec<_> = of_kind(&events, Kind::RoundClosed).into_iter().filter(|event| event.seq > since).collect();
    assert!(after.iter().all(|event| event.body.mode == simian_core::Mode::DryRun), "{after:?}");
    assert_eq!(of_kind(&events, Kind::DaemonStarted).len(), 1, "the process is the same");
    assert!(of_kind(&events, Kind::DaemonStopped).is_empty());
    // Its socket is still the one that people know.
    place.simian(&["pause", "--why", "lunch"]).ends(0).without_complaint();
    daemon.terminate();
    assert_eq!(daemon.note(), "STOPPING=1\n");
    assert_eq!(daemon.end().code(), Some(0));
    place.is_sound();
}

/// The configs that were loaded, in order.
fn loaded_in(events: &[Event]) -> Vec<Option<String>> {
    of_kind(events, Kind::ConfigLoaded).into_iter().map(|event| event.body.config.clone()).collect()
}

/// Makes the ledger's claims so much older: nobody waits for AWS to forget a call.
fn age(place: &Place, by: chrono::TimeDelta) {
    let ledger = rusqlite::Connection::open(place.path("ledger.db")).unwrap();
    let mut all = ledger.prepare("SELECT key, record FROM claims").unwrap();
    let claims: Vec<(String, String)> =
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    for (key, record) in claims {
        let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
        for field in ["at", "act_before"] {
            let at: chrono::DateTime<chrono::Utc> = record[field].as_str().unwrap().parse().unwrap();
            record[field] = json!(at - by);
        }
        let changed = ledger.execute("UPDATE claims SET record = ?1 WHERE key = ?2", [record.to_string(), key]);
        assert_eq!(changed.unwrap(), 1);
    }
}

#[test]
fn what_a_killed_daemon_began_is_found_out_once_aws_can_no_longer_honour_it() {
    let place = killed_in_its_call();
    place.aws.faults(&json!([]));
    let begun = targets(&place.events(), Kind::ActionIntended);
    let calls = place.aws.count(TERMINATE);

    // Half an hour goes by, as far as the claims know; the plan's other turns are somebody else's test.
    place.simian(&["pause", "--why", "the others wait"]).ends(0);
    age(&place, chrono::TimeDelta::minutes(30));
    place.aws.heal();
    let mut daemon = Daemon::start(&place, "two");
    let events = wait_for(&place, Kind::ActionRecovered, begun.len());
    let resolved = of_kind(&events, Kind::ActionResolved);
    assert_eq!(targets(&events, Kind::ActionResolved), begun);
    assert!(resolved.iter().all(|event| event.body.outcome.as_deref() == Some("done")), "{resolved:?}");
    assert_eq!(targets(&events, Kind::ActionRecovered), begun, "followed against what the claim says of before");
    assert_eq!(place.aws.count(TERMINATE), calls, "looked at, and not done again");
    daemon.terminate();
    assert_eq!(daemon.end().code(), Some(0));
    place.simian(&["audit", "verify"]).ends(0).without_complaint();
}
