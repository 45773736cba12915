//! The kill switch, and the ledger that does not know what happened before it.

use chrono::TimeDelta;
use simian::brake::Brake;
use simian::control::{self, Answer, Extent, Request, Unserved, Which};
use simian_core::event::millis;
use simian_core::history::Ask;
use simian_core::rails::NEWBORN;
use simian_core::{Area, Cause, Change, Clock, Draft, History, Kind, Ledger, LedgerError, Mode, Outcome, Pause};
use simian_ledger::MemoryLedger;
use simian_sim::{Fault, call};
use uuid::Uuid;

use crate::world::{Process, World, at_once, daily, daily_in, eu, minutes, mon, rarely, seconds, tue, us};

#[test]
fn a_pause_stops_everything_and_a_resume_catches_nothing_up() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| format!("{name}-prod-v001"));
    let world = World::new(names.iter().map(|name| daily(name))).unlimited();
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 0));
    process.pause("incident 7");
    process.on(&mut daemon, mon(12, 30));
    assert!(world.hit().is_empty());
    process.resume(false);
    process.on(&mut daemon, mon(23, 0));

    let (mut late, mut gone) = (0, 0);
    for planned in world.of_kind(Kind::ActionPlanned) {
        let (due, unit) = (planned.body.due.unwrap(), planned.body.unit.unwrap());
        let cluster = unit.trim_start_matches("cluster:");
        let story = world.story(cluster);
        if due + minutes(30) <= mon(12, 30) {
            gone += 1;
            assert_eq!(story, ["planned", "held", "missed"], "{cluster} was due at {due}");
        } else {
            late += 1;
            assert_eq!(story.last().unwrap(), "recovered", "{cluster} was due at {due}");
        }
    }
    assert!(late > 0 && gone > 3, "{late} {gone}");
    assert!(world.of_kind(Kind::ActionMissed).iter().all(|event| event.body.why.contains("held by paused")));
    world.audit();
}

#[test]
fn a_pause_during_a_slow_survey_is_seen_before_the_act() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 59));
    for nth in 1..=2 {
        world.cloud.inject(call::GROUPS, nth, Fault::Latency(seconds(10)));
    }
    process.on(&mut daemon, mon(10, 0) + seconds(5));
    process.pause("incident 7");
    process.on(&mut daemon, mon(10, 30));

    assert!(world.hit().is_empty());
    assert_eq!(world.story("shop-prod"), ["planned", "held", "missed"]);
    assert!(world.claims().is_empty(), "the key was not spent");
    world.audit();
}

#[test]
fn a_pause_between_two_tries_of_a_throttled_call_stops_the_second() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let process = world.process();
    let mut daemon = process.daemon();
    for nth in 1..=3 {
        world.cloud.inject(call::TERMINATE, nth, Fault::ErrorBefore(Cause::Throttled));
    }
    process.on(&mut daemon, mon(10, 0) + seconds(2));
    assert_eq!(world.calls_for("shop-prod"), 2);
    process.pause("incident 7");
    process.on(&mut daemon, mon(10, 30));

    assert!(world.hit().is_empty());
    assert_eq!(world.calls_for("shop-prod"), 2, "no call after the pause");
    assert_ne!(world.outcome("shop-prod"), Some(Outcome::Done));
    world.audit();
}

#[test]
fn a_pause_between_two_batches_stops_the_second() {
    let world = World::new((0..70).map(|n| rarely(&format!("s{n:02}-prod-v001")))).unlimited();
    let process = world.process();
    world.clock.set(mon(10, 0));
    world.cloud.inject(call::TERMINATE, 1, Fault::Latency(seconds(5)));
    let mut round = Box::pin(process.game_day_round("g", simian_core::Mode::Live));
    assert!(world.clock.drive_until(mon(10, 0) + seconds(2), round.as_mut()).is_pending());
    process.pause("incident 7");
    let closed = world.clock.drive(round);
    assert_eq!(world.hit().len(), 60, "what was on its way is on its way");
    let left = closed.acted.iter().filter(|acted| acted.outcome == Some(Outcome::Abandoned));
    assert_eq!(left.filter(|acted| acted.why.contains("paused")).count(), 10);
    world.audit();
}

#[test]
fn a_pause_with_an_end_ends_by_itself() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    process.run_until(mon(8, 1));
    let due = world.due("shop-prod");
    let until = due - seconds(1);
    let request = Request::Pause { why: "lunch".into(), until: Some(until), of: Extent::default() };
    at_once(control::serve(&process.engine, "ann", request)).unwrap();
    process.run_until(mon(23, 0));
    assert_eq!(world.hit(), ["shop-prod"]);
    let ended = world.of_kind(Kind::DaemonResumed);
    assert_eq!(ended.len(), 1, "told once");
    let body = &ended[0].body;
    assert_eq!(body.why, format!("its time ended at {}", millis::format(until)));
    assert_eq!((body.actor.as_deref(), body.outcome.as_deref()), (None, Some("ended")), "by nobody's word");
    assert!(until <= body.at && body.at < until + minutes(1));
    assert_eq!(at_once(world.ledger.pauses()).unwrap(), []);
    world.audit();
}

/// A ledger born this morning, paused as `simian run` pauses it.
fn newborn() -> World {
    let mut world = World::new([daily("shop-prod-v001")]);
    world.ledger = MemoryLedger::new(Uuid::from_u128(2), mon(8, 0));
    let pause = Pause::new(mon(8, 0), NEWBORN, "new");
    at_once(world.ledger.commit(Vec::new(), vec![Change::Pause(pause)])).unwrap();
    world
}

#[test]
fn a_new_ledger_holds_by_the_pause_the_cool_down_and_the_budgets() {
    let world = newborn();
    world.process().run_until(mon(23, 0));
    assert!(world.hit().is_empty());
    let held = &world.of_kind(Kind::ActionHeld)[0].body;
    assert_eq!(crate::world::holds(&held.verdicts), ["paused", "cool_down", "budgets"]);
    world.audit();
}

#[test]
fn a_plain_resume_lifts_the_pause_but_not_the_birth() {
    let world = newborn();
    let process = world.process();
    let said = process.resume(false);
    assert!(said.contains("--first-run"), "{said}");
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(23, 0));
    assert!(world.hit().is_empty(), "the first day is spent");
    process.on(&mut daemon, tue(23, 0));
    assert_eq!(world.hit(), ["shop-prod"], "the next working day is free");
    world.audit();
}

#[test]
fn the_word_that_nothing_acted_here_before_lifts_both() {
    let world = newborn();
    let process = world.process();
    process.resume(true);
    process.run_until(mon(23, 0));
    assert_eq!(world.hit(), ["shop-prod"]);
    world.audit();
}

#[test]
fn a_new_ledger_does_not_keep_anybody_from_rehearsing() {
    let mut world = newborn();
    world.policy.mode = simian_core::Mode::DryRun;
    world.process().run_until(mon(23, 0) + TimeDelta::days(0));
    assert_eq!(world.of_kind(Kind::ActionRehearsed).len(), 1);
    world.audit();
}

fn pause_of(process: &Process, why: &str, of: Extent) -> String {
    let request = Request::Pause { why: why.into(), until: None, of };
    at_once(control::serve(&process.engine, "ann", request)).unwrap()
}

fn resume_of(process: &Process, which: Which) -> Result<String, Unserved> {
    let request = Request::Resume { why: "it is over".into(), first_run: false, which };
    at_once(control::serve(&process.engine, "ann", request))
}

fn of_region(region: simian_core::Region) -> Extent {
    Extent { region: Some(region), ..Extent::default() }
}

fn names(world: &World) -> Vec<String> {
    at_once(world.ledger.pauses()).unwrap().into_iter().map(|pause| pause.why).collect()
}

#[test]
fn a_pause_of_a_region_leaves_the_other_alone() {
    let world = World::new([daily("shop-prod-v001"), daily_in(&eu(), "cart-prod-v001")]);
    let process = world.process();
    let said = pause_of(&process, "a failover test", of_region(us()));
    assert!(said.starts_with("paused in region us-east-1 until `simian resume "), "{said}");
    process.run_until(mon(23, 0));
    assert_eq!(world.hit(), ["cart-prod"]);
    let told = &world.of_kind(Kind::DaemonPaused)[0].body;
    assert_eq!((told.region.clone(), told.account.clone()), (Some(us()), None));
    world.audit();
}

#[test]
fn a_pause_of_another_account_or_monkey_holds_nothing_here() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    pause_of(&process, "x", Extent { account: Some("444455556666".parse().unwrap()), ..Extent::default() });
    pause_of(&process, "y", Extent { monkey: Some("latency".into()), ..Extent::default() });
    process.run_until(mon(23, 0));
    assert_eq!(world.hit(), ["shop-prod"]);
}

#[test]
fn each_call_asks_only_for_pauses_of_its_own_region_and_monkey() {
    let groups = [daily("shop-prod-v001"), daily_in(&eu(), "cart-prod-v001")];
    let world = World::new(groups).one_minute();
    let process = world.process();
    let mut daemon = process.daemon();
    // Both regions' calls are throttled, so that each begins once more after the pauses.
    for nth in 1..=2 {
        world.cloud.inject(call::TERMINATE, nth, Fault::ErrorBefore(Cause::Throttled));
    }
    process.on(&mut daemon, mon(10, 0) + TimeDelta::milliseconds(500));
    assert!(world.hit().is_empty());
    pause_of(&process, "x", of_region(us()));
    pause_of(&process, "y", Extent { monkey: Some("latency".into()), ..Extent::default() });
    process.on(&mut daemon, mon(10, 30));
    assert_eq!(world.hit(), ["cart-prod"]);
    world.audit();
}

fn of_unit(unit: &str) -> Extent {
    Extent { unit: Some(unit.into()), ..Extent::default() }
}

#[test]
fn a_pause_of_a_unit_holds_it_wherever_it_is_meant() {
    let groups = || [daily("shop-prod-v001"), daily("cart-prod-v001"), daily_in(&eu(), "shop-prod-v001")];
    for (unit, hit) in [
        ("cluster:shop-prod", vec!["cart-prod"]),
        ("111122223333/eu-west-1/cluster:shop-prod", vec!["cart-prod", "shop-prod"]),
    ] {
        let world = World::new(groups()).one_minute();
        let process = world.process();
        let said = pause_of(&process, "deploying", of_unit(unit));
        assert!(said.starts_with(&format!("paused in unit {unit} until `simian resume ")), "{said}");
        process.run_until(mon(23, 0));
        let mut ended = world.hit();
        ended.sort();
        assert_eq!(ended, hit, "{unit}");
        let told = &world.of_kind(Kind::DaemonPaused)[0].body;
        assert_eq!((told.unit.as_deref(), told.region.clone()), (Some(unit), None));
        // It is lifted by its own word.
        resume_of(&process, Which::Of(of_unit("cluster:cart-prod"))).unwrap_err();
        resume_of(&process, Which::Of(of_unit(unit))).unwrap();
        assert_eq!(world.of_kind(Kind::DaemonResumed)[0].body.unit.as_deref(), Some(unit));
        world.audit();
    }
}

#[test]
fn a_deploy_that_begins_between_judgement_and_call_spares_its_unit_and_no_other() {
    for faults in ["terminate", "reboot", "terminate-gracefully"] {
        let group = |name| daily(name).tag("simian:chaos:faults", faults);
        let world = World::new([group("shop-prod-v001"), group("cart-prod-v001")]).one_minute();
        let process = world.process();
        let mut daemon = process.daemon();
        for nth in 1..=2 {
            for call in [call::TERMINATE, call::REBOOT, call::TERMINATE_IN_GROUP] {
                world.cloud.inject(call, nth, Fault::ErrorBefore(Cause::Throttled));
            }
        }
        process.on(&mut daemon, mon(10, 0) + TimeDelta::milliseconds(500));
        assert!(world.hit().is_empty());
        pause_of(&process, "deploying", of_unit("cluster:shop-prod"));
        process.on(&mut daemon, mon(10, 40));
        assert_eq!(world.outcome("cart-prod"), Some(Outcome::Done), "{faults}");
        let ended = world.outcome("shop-prod");
        assert!(matches!(ended, Some(Outcome::Abandoned | Outcome::Failed)), "{faults}: {ended:?}");
        let shop = world.claim("shop-prod").targets[0].instance.clone();
        let life = world.cloud.truth().life(&shop).unwrap();
        assert!(life.ended.is_none() && life.leaving.is_none() && life.rebooted.is_empty(), "{faults}");
        world.audit();
    }
}

#[test]
fn pauses_stand_side_by_side_and_each_is_lifted_by_its_own_word() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    process.pause("all");
    pause_of(&process, "us", of_region(us()));
    pause_of(&process, "eu", of_region(eu()));
    assert_eq!(names(&world).len(), 3);
    // Who lifts a region's pause leaves that for everything alone.
    let said = resume_of(&process, Which::Of(of_region(us()))).unwrap();
    assert!(said.contains("lifted") && said.contains("still paused by ann"), "{said}");
    let told = &world.of_kind(Kind::DaemonResumed)[0].body;
    assert_eq!((told.region.clone(), told.why.as_str()), (Some(us()), "it is over"));
    let id = at_once(world.ledger.pauses()).unwrap().into_iter().find(|pause| pause.why == "all").unwrap().id;
    resume_of(&process, Which::One(id.clone())).unwrap();
    assert_eq!(names(&world), ["eu"]);
    for which in [Which::One(id), Which::Of(of_region(us()))] {
        assert!(matches!(resume_of(&process, which), Err(Unserved::Ledger(LedgerError::NoPause(_)))));
    }
    process.pause("once more");
    let said = process.resume(false);
    assert!(said.contains("eu") && said.contains("once more"), "{said}");
    assert_eq!(names(&world), [""; 0]);
    assert_eq!(world.of_kind(Kind::DaemonResumed).len(), 3);
}

/// A world with three actions that did not recover in a row, and how many the breaker counts.
fn failed_in_a_row(world: &World) -> u32 {
    let area = Area::whole(&world.policy.account, &world.regions);
    let ask = Ask { area: &area, monkey: "chaos", mode: Mode::Live, date: mon(8, 0).date_naive(), now: mon(8, 0) };
    at_once(History::read(&world.ledger, &ask)).unwrap().failed_in_a_row
}

#[test]
fn only_a_persons_word_for_everything_sets_the_breaker_back() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    let failed = Draft::new(mon(8, 0), Kind::ActionUnrecovered, Mode::Live, "");
    at_once(world.ledger.commit(vec![failed; 3], vec![])).unwrap();
    assert_eq!(failed_in_a_row(&world), 3);
    for _ in 0..70 {
        // Ended by itself, and lifted by name: neither looked into what did not recover.
        let request = Request::Pause { why: "a".into(), until: Some(mon(8, 0)), of: Extent::default() };
        at_once(control::serve(&process.engine, "ann", request)).unwrap();
        at_once(control::settle(&process.engine)).unwrap();
        pause_of(&process, "b", of_region(us()));
        resume_of(&process, Which::Of(of_region(us()))).unwrap();
    }
    assert_eq!(failed_in_a_row(&world), 3);
    process.resume(false);
    assert_eq!(failed_in_a_row(&world), 0);
}

/// A folder for the file, and a process that looks for it.
fn braked(world: &World) -> (tempfile::TempDir, std::path::PathBuf, Process) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paused");
    let mut process = world.process();
    process.engine.brake = Brake::new(Some(path.clone()));
    (folder, path, process)
}

#[test]
fn a_file_pauses_everything_for_as_long_as_it_is_there() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let (_folder, path, process) = braked(&world);
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 30));
    std::fs::write(&path, "incident 7\n").unwrap();
    process.on(&mut daemon, mon(12, 0));
    assert!(world.hit().is_empty());
    let held = &world.of_kind(Kind::ActionHeld)[0].body;
    assert!(held.why.contains("by file:") && held.why.contains("incident 7"), "{}", held.why);
    // A word of people does not lift it, and says so.
    let said = process.resume(false);
    assert!(said.contains("still paused by file:") && said.contains("remove "), "{said}");
    std::fs::remove_file(&path).unwrap();
    process.on(&mut daemon, tue(23, 0));
    assert_eq!(world.hit(), ["shop-prod"], "the next day");

    let told: Vec<_> = world
        .events()
        .into_iter()
        .filter(|event| event.body.actor.as_deref().is_some_and(|actor| actor.starts_with("file:")))
        .map(|event| (event.body.kind, event.body.why))
        .collect();
    let expected =
        [(Kind::DaemonPaused, "incident 7".to_owned()), (Kind::DaemonResumed, "the file is gone".to_owned())];
    assert_eq!(told, expected, "each once");
    world.audit();
}

#[test]
fn a_file_that_comes_between_judgement_and_call_stops_the_call() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let (_folder, path, process) = braked(&world);
    let mut daemon = process.daemon();
    for nth in 1..=2 {
        world.cloud.inject(call::TERMINATE, nth, Fault::ErrorBefore(Cause::Throttled));
    }
    process.on(&mut daemon, mon(10, 0) + seconds(2));
    assert_eq!(world.calls_for("shop-prod"), 2);
    std::fs::write(&path, "").unwrap();
    process.on(&mut daemon, mon(10, 30));
    assert!(world.hit().is_empty());
    assert_eq!(world.calls_for("shop-prod"), 2, "no call after it");
    world.audit();
}

#[test]
fn a_file_that_cannot_be_looked_at_holds_and_is_no_news() {
    let world = World::new([daily("shop-prod-v001")]).one_minute();
    let (_folder, path, mut process) = braked(&world);
    // Below a file there is no folder to look into.
    std::fs::write(&path, "").unwrap();
    process.engine.brake = Brake::new(Some(path.join("paused")));
    process.run_until(mon(23, 0));
    assert!(world.hit().is_empty());
    assert!(world.of_kind(Kind::ActionHeld)[0].body.why.contains("cannot look"));
    assert_eq!(world.of_kind(Kind::DaemonPaused).len(), 0);
    world.audit();
}

#[test]
fn a_restart_neither_tells_of_the_file_again_nor_forgets_to_tell_that_it_went() {
    let world = World::new([daily("shop-prod-v001")]);
    let (_folder, path, process) = braked(&world);
    std::fs::write(&path, "incident 7").unwrap();
    process.run_until(mon(8, 10));
    drop(process);
    let mut process = world.process();
    process.engine.brake = Brake::new(Some(path.clone()));
    process.run_until(mon(8, 20));
    assert_eq!(world.of_kind(Kind::DaemonPaused).len(), 1);
    drop(process);
    // The next daemon's config names no file any more, though it is there.
    let process = world.process();
    process.run_until(mon(8, 30));
    assert_eq!(world.of_kind(Kind::DaemonResumed).len(), 1);
    assert!(process.clock.now() >= mon(8, 30));
    assert_eq!(at_once(world.ledger.pauses()).unwrap(), []);
}

#[test]
fn a_lifted_newborn_is_remembered_when_its_events_are_gone() {
    let world = newborn();
    world.process().resume(false);
    let order = simian_core::Compaction { at: mon(9, 0), before: mon(9, 0), upto: u64::MAX, most: 1_000 };
    at_once(world.ledger.compact(&order)).unwrap();
    assert_eq!(world.of_kind(Kind::DaemonResumed).len(), 0);
    assert_eq!(at_once(world.ledger.birth()).unwrap().woken, Some(mon(8, 0)));
}

#[test]
fn the_socket_takes_pauses_of_a_part_and_says_what_is_mistaken() {
    let world = World::new([daily("shop-prod-v001")]);
    let process = world.process();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.sock");
    let talk = async {
        let socket = control::Socket::bind(&path).unwrap();
        let asking = async {
            let ask = async |request| control::ask(&path, &request).await.unwrap().unwrap();
            let pause = Request::Pause { why: "a failover test".into(), until: None, of: of_region(us()) };
            let Answer::Done(said) = ask(pause).await else { panic!("it was not done") };
            assert!(said.starts_with("paused in region us-east-1 until `simian resume "), "{said}");
            let resume = |which| Request::Resume { why: "over".into(), first_run: false, which };
            let Answer::Mistaken(why) = ask(resume(Which::One("nobody".into()))).await else { panic!("there is none") };
            assert!(why.contains("no pause `nobody`"), "{why}");
            let Answer::Done(said) = ask(resume(Which::Of(of_region(us())))).await else { panic!("it was not done") };
            assert!(said.contains("a failover test"), "{said}");
        };
        tokio::select! {
            () = socket.listen(&process.engine) => unreachable!("it listens for ever"),
            () = asking => {}
        }
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(talk);
    let told: Vec<_> = world.events().into_iter().map(|event| (event.body.kind, event.body.region)).collect();
    assert_eq!(told, [(Kind::DaemonPaused, Some(us())), (Kind::DaemonResumed, Some(us()))]);
}
