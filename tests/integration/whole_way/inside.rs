//! Faults inside a guest: begun, seen there, and ended by whoever is left.

use std::sync::Arc;

use serde_json::{Value, json};
use simian::clock::SystemClock;
use simian_core::{Clock as _, Kind};

use super::guest::{Agent, FAR, FAR_NETWORK, Guest, NEAR};
use super::{MARK, Trying, group, marks, place, seconds_since, shown, within};
use crate::daemon::{Daemon, wait_for};
use crate::moto::text;
use crate::place::{Place, of_kind};

/// An instance whose inside is a guest, in a group whose owner wants chaos. The agent goes first, the account last.
struct Stage {
    _agent: Agent,
    guest: Arc<Guest>,
    instance: String,
    place: Place,
    /// The guest before anything happened.
    before: String,
}

impl Stage {
    /// `None` where there can be no guest.
    fn new() -> Option<Self> {
        let guest = Guest::boot()?;
        let place = place(&[group("shop-prod-v001", "null-route blackhole")]);
        let groups = place.aws.control("GET", "groups", &Value::Null);
        let instance = text(&groups["groups"][0]["members"][0]["id"]);
        place.aws.control("POST", "nodes", &json!({ "nodes": { instance.as_str(): "Online" } }));
        let agent = Agent::start(place.aws.port(), &instance, guest.clone());
        for machine in [NEAR, FAR] {
            within(20, "the machine beside the guest", || guest.reaches(machine).then_some(()));
        }
        let before = guest.state();
        Some(Self { _agent: agent, guest, instance, place, before })
    }

    /// Begins a fault by `simian fault try`, after which the guest no longer reaches that machine.
    #[track_caller]
    fn begin(&self, fault: &[&str], lasts: &str, cut_off: &str) -> Trying {
        let words = [fault, &["--target", &self.instance, "--for", lasts]].concat();
        let mut trying = Trying::begin(&self.place, &words);
        within(60, "the fault", || {
            trying.goes_on();
            (!of_kind(&self.place.events(), Kind::ActionDone).is_empty()).then_some(())
        });
        assert_ne!(self.guest.connection(cut_off), "there");
        let rest = if cut_off == FAR { NEAR } else { FAR };
        assert_eq!(self.guest.connection(rest), "there", "only what is named is cut off");
        assert_ne!(self.guest.state(), self.before);

        // Its tag is enough to know it by, and it is listed as it is.
        let marks = marks(&self.place, &self.instance);
        let [(key, value)] = &Vec::from_iter(marks)[..] else { panic!("it has one tag") };
        assert!(value.starts_with(&format!("{} until=20", fault[0])), "{value}");
        let [row] = &shown(&self.place)[..] else { panic!("it is the only one") };
        assert_eq!(row["id"].as_str(), key.strip_prefix(MARK));
        assert_eq!(row["instance"], self.instance.as_str());
        assert_eq!(row["action"], fault[0]);
        assert_eq!(row["followed"], true);
        assert!(text(&row["state"]).starts_with("there"), "{row}");
        trying
    }

    /// The guest is as it was, soon: who sees the end of a fault may be faster than the last of it.
    #[track_caller]
    fn heals(&self) {
        let began = SystemClock.now();
        while self.guest.state() != self.before && seconds_since(began) < 10 {}
        assert_eq!(self.guest.state(), self.before);
    }

    /// Nothing is left of it: neither in the guest nor in the account.
    #[track_caller]
    fn is_as_before(&self) {
        self.heals();
        assert_eq!(marks(&self.place, &self.instance), [].into());
        assert_eq!(shown(&self.place), Vec::<Value>::new());
    }

    /// How often a guest was told anything.
    fn commands(&self) -> u64 {
        self.place.aws.count("ssm:SendCommand")
    }
}

#[test]
fn a_guest_heals_by_itself_when_its_daemon_dies_and_the_next_one_sees_to_the_rest() {
    let Some(stage) = Stage::new() else { return };
    let (place, guest) = (&stage.place, &stage.guest);
    let mut daemon = Daemon::start(place, "one");
    let trying = stage.begin(&["null-route", &format!("to={FAR_NETWORK}")], "1m", FAR);
    let seen = SystemClock.now();
    daemon.kill();
    let (commands, mark) = (stage.commands(), marks(place, &stage.instance));
    assert!(!guest.reaches(FAR), "it outlives the daemon");

    // The term, and what the end itself takes.
    within(75, "the end of its time", || guest.reaches(FAR).then_some(()));
    assert!(seconds_since(seen) >= 15, "it did not last: {} s", seconds_since(seen));
    stage.heals();
    assert_eq!(stage.commands(), commands, "nobody told it to");
    assert_eq!(marks(place, &stage.instance), mark, "the account does not know of it yet");
    assert_eq!(of_kind(&place.events(), Kind::ActionUndone).len(), 0);

    let mut daemon = Daemon::start(place, "two");
    let events = wait_for(place, Kind::ActionUndone, 1);
    let undone = &of_kind(&events, Kind::ActionUndone)[0].body;
    assert_eq!(undone.target.as_ref(), Some(&stage.instance));
    assert_eq!(
        undone.run.as_ref(),
        mark.keys().next().and_then(|key| key.strip_prefix(MARK)).map(str::to_owned).as_ref()
    );
    assert_eq!(undone.why, "its time was over");
    stage.is_as_before();
    // Whoever waited for it in the ledger has waited through all of that.
    trying.end().ends(0);
    wait_for(place, Kind::ActionRecovered, 1);
    daemon.terminate();
    assert_eq!(daemon.end().code(), Some(0));
    place.simian(&["audit", "verify"]).ends(0).without_complaint();
}

#[test]
fn a_stop_of_the_daemon_ends_what_is_in_a_guest() {
    let Some(stage) = Stage::new() else { return };
    let place = &stage.place;
    let mut daemon = Daemon::start(place, "one");
    let trying = stage.begin(&["blackhole", &format!("to={NEAR}")], "10m", NEAR);
    daemon.terminate();
    // Within ten seconds, or this fails.
    assert_eq!(daemon.end().code(), Some(0));
    assert!(stage.guest.reaches(NEAR), "it is still there");
    let events = place.events();
    let undone = of_kind(&events, Kind::ActionUndone);
    assert_eq!(undone.len(), 1);
    assert_eq!(undone[0].body.why, "the daemon stops");
    assert_eq!(events.last().unwrap().body.kind, Kind::DaemonStopped);
    stage.is_as_before();
    trying.end().ends(0);
    place.simian(&["audit", "verify"]).ends(0).without_complaint();
}

#[test]
fn with_nothing_left_but_the_tags_a_fault_is_undone() {
    let Some(stage) = Stage::new() else { return };
    let place = &stage.place;
    let mut daemon = Daemon::start(place, "one");
    let trying = stage.begin(&["null-route", &format!("to={FAR_NETWORK}")], "10m", FAR);
    let id = text(&shown(place)[0]["id"]);
    daemon.kill();
    drop(trying);
    for entry in std::fs::read_dir(place.path("")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("ledger.db") {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert!(!stage.guest.reaches(FAR));
    // It is found without a ledger, and said to be nobody's.
    let [row] = &shown(place)[..] else { panic!("it is the only one") };
    assert_eq!((&row["id"], &row["followed"]), (&json!(id), &json!(false)));
    assert!(text(&row["state"]).starts_with("there"), "{row}");

    let said =
        place.simian(&["undo", "--all", "--format", "json"]).ends(0).complains(&["going by the tags alone"]).json();
    assert_eq!(said["failed"], json!([]));
    let [ended] = &said["ended"].as_array().unwrap()[..] else { panic!("it is the only one: {said}") };
    assert_eq!((&ended["id"], &ended["instance"]), (&json!(id), &json!(stage.instance)));
    assert_eq!(ended["gone"], true, "{ended}");
    assert!(stage.guest.reaches(FAR));
    stage.is_as_before();
    // Once more is no mistake.
    place.simian(&["undo", "--all"]).ends(0);
}
