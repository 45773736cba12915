//! A sink may be down for a day and misses nothing.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use simian::sinks;
use simian_core::{Ledger, Sink, SinkError};
use simian_sim::{MemorySink, Refusal};

use crate::fussy::{Answer, Fussy, busy, later};
use crate::hooked::{Hooked, Moment, full};
use crate::world::{Process, World, at_once, daily, minutes, mon, seconds, tue};

fn refusal(after: usize) -> Refusal {
    Refusal { after, message: "no such topic".into(), lasting: true }
}

/// A process that tells this sink too.
fn with(world: &World, holder: &str, sink: impl Sink + 'static) -> Process {
    let mut process = world.process_on(holder, Arc::new(world.ledger.clone()));
    process.sinks.push(Box::new(sink));
    process
}

#[test]
fn a_sink_that_refuses_for_a_day_hears_everything_later_in_order() {
    let world = World::new([daily("shop-prod-v001"), daily("cart-prod-v001")]);
    let process = world.process();
    let mut daemon = process.daemon();
    process.on(&mut daemon, mon(9, 0));
    let heard = world.sink.events().len();
    world.sink.set_down(Some(refusal(0)));
    process.on(&mut daemon, tue(9, 0));
    assert_eq!(world.sink.events().len(), heard);
    assert!(world.sink.publishes() < 600, "it asks ever less often: {}", world.sink.publishes());
    world.sink.set_down(None);
    process.on(&mut daemon, tue(9, 6));
    assert!(world.heard_all());
    drop(daemon);
    world.audit();
}

#[test]
fn a_day_without_one_sink_and_with_lost_answers_is_nothing_to_the_other() {
    let world = World::new([daily("shop-prod-v001"), daily("cart-prod-v001")]);
    let (from, until) = (mon(9, 0), tue(9, 0));
    // It is down for a day. Some of what it refuses it took nevertheless, and so it does now and then when it is up.
    let sns = Fussy::new("sns", &world.clock, move |n, now| match (n % 3, (from..until).contains(&now)) {
        (0, _) => Answer::Lost(1 + n % 4),
        (_, true) => Answer::Refuses(busy()),
        (_, false) => Answer::Takes,
    });
    let process = with(&world, "one", sns.clone());
    let mut daemon = process.daemon();
    for hour in 0..24 {
        process.on(&mut daemon, from + TimeDelta::hours(hour));
        assert!(world.heard_all(), "the other sink heard each once, up to now");
    }
    process.on(&mut daemon, until);
    let cursor = at_once(world.ledger.cursor("sns")).unwrap();
    assert!(cursor < world.events().last().unwrap().seq - 50, "it is far behind: {cursor}");
    process.on(&mut daemon, until + minutes(2));
    assert!(sns.heard_all_of(&world.events()) > 10, "answers were lost, so some came twice");
    drop(daemon);
    world.audit();
}

#[test]
fn crashes_between_telling_and_remembering_lose_nothing() {
    let world = World::new([daily("shop-prod-v001"), daily("cart-prod-v001")]);
    // Every seventh time it takes all, and its answer never comes; the rest of the day it is mostly down.
    let sns = Fussy::new("sns", &world.clock, |n, _| match n % 7 {
        6 => Answer::Silence,
        0 | 3 => Answer::Takes,
        _ => Answer::Refuses(busy()),
    });
    let mut silences = 0;
    for crash in 0..40 {
        let asked = sns.asked().len();
        let process = with(&world, &format!("process-{crash}"), sns.clone());
        process.run_until(mon(8, 30) + minutes(crash * 37));
        silences += (asked..sns.asked().len()).filter(|n| n % 7 == 6).count();
    }
    assert!(silences >= 5, "{silences}");
    // A last process, for which it has time.
    let calm = Fussy::new("sns", &world.clock, |_, _| Answer::Takes);
    let known = at_once(world.ledger.cursor("sns")).unwrap();
    let process = with(&world, "last", calm.clone());
    process.run_until(world.now() + minutes(1));
    let events = world.events();
    let rest: Vec<_> = events.iter().filter(|event| event.seq > known).cloned().collect();
    calm.heard_all_of(&rest);
    // Up to where the ledger knows, everything had arrived, in order.
    let known = usize::try_from(known).unwrap();
    let mut first = Vec::new();
    for event in sns.heard() {
        if !first.contains(&event.seq) {
            first.push(event.seq);
        }
    }
    assert!(first.len() >= known && first.is_sorted(), "{first:?}");
    assert_eq!(first[..known], (1..=known as u64).collect::<Vec<_>>());
    assert!(sns.heard().len() > first.len(), "some came twice");
    world.audit();
}

#[test]
fn a_sink_that_takes_a_few_at_a_time_hears_each_once() {
    let world = World::new([daily("shop-prod-v001")]);
    for after in [0, 1, 0, 2, 1] {
        world.sink.refuse_next(refusal(after));
    }
    world.process().run_until(mon(12, 0));
    assert!(world.heard_all());
}

#[test]
fn what_a_crash_makes_it_tell_twice_has_the_same_id() {
    let world = World::new([daily("shop-prod-v001")]);
    // The sink was told, and the ledger cannot remember that until ten o'clock.
    let clock = world.clock.clone();
    let ledger = Hooked::new(&world.ledger, move |moment| {
        use simian_core::Clock;
        if matches!(moment, Moment::Advance) && clock.now() < mon(10, 0) { Err(full()) } else { Ok(()) }
    });
    world.process_on("one", Arc::new(ledger)).run_until(mon(10, 0) + minutes(2));
    let heard = world.sink.events();
    assert!(heard.len() > world.events().len(), "some came twice");
    assert_eq!(heard.last(), world.events().last());
    world.audit();
}

/// The waits between the tries of a sink that refuses until noon.
fn waits(holder: &str, error: &SinkError) -> Vec<TimeDelta> {
    let world = World::new([]);
    let error = error.clone();
    let sink = Fussy::new("fussy", &world.clock, move |_, _| Answer::Refuses(error.clone()));
    with(&world, holder, sink.clone()).run_until(mon(12, 0));
    sink.asked().windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn waits_double_up_to_a_limit_and_are_spread_by_the_dice() {
    for (error, longest) in [(busy(), 60), (SinkError { lasting: true, ..busy() }, 300)] {
        let waits = waits("one", &error);
        for (n, wait) in waits.iter().enumerate() {
            let whole = seconds(1 << n.min(20)).min(seconds(longest));
            assert!(whole / 2 <= *wait && *wait <= whole, "{n}: {wait} of {whole}");
        }
        let full: Vec<_> = waits.iter().skip(10).collect();
        assert!(full.len() > 30 && full.iter().any(|wait| *wait != full[0]), "they are not all the same");
        assert!(full.iter().any(|wait| **wait < seconds(longest * 6 / 10)));
        assert!(full.iter().any(|wait| **wait > seconds(longest * 9 / 10)));
    }
    assert_eq!(waits("one", &busy()), waits("one", &busy()), "the same history gives the same waits");
    assert_ne!(waits("one", &busy()), waits("two", &busy()), "two processes do not come at the same moments");
}

#[test]
fn a_sink_that_asks_for_time_is_given_it_up_to_a_quarter_of_an_hour() {
    assert!(waits("one", &later(minutes(7))).iter().all(|wait| *wait == minutes(7)));
    assert!(waits("one", &later(minutes(90))).iter().all(|wait| *wait == minutes(15)));
    assert_eq!(waits("one", &later(TimeDelta::zero())), waits("one", &busy()));
}

#[test]
fn a_sink_that_is_back_is_told_within_a_minute() {
    let world = World::new([daily("shop-prod-v001")]);
    for hour in 9..13 {
        let back = mon(hour, 17) + seconds(41);
        let sink = Fussy::down_while("fussy", &world.clock, move |now| now < back);
        let process = with(&world, "one", sink.clone());
        let known = at_once(world.ledger.cursor("fussy")).unwrap();
        process.run_until(back + minutes(1));
        let rest: Vec<_> = world.events().into_iter().filter(|event| event.seq > known).collect();
        assert_eq!(sink.heard_all_of(&rest), 0);
    }
}

#[test]
fn a_new_sink_hears_no_history() {
    let world = World::new([daily("shop-prod-v001")]);
    world.process().run_until(mon(12, 0));
    let before = world.events().last().unwrap().seq;
    assert!(before > 10);
    let new = MemorySink::new("new");
    let process = with(&world, "two", new.clone());
    at_once(sinks::begin(&process.engine, &process.sinks)).unwrap();
    process.run_until(mon(13, 0));
    let heard: Vec<u64> = new.events().iter().map(|event| event.seq).collect();
    let last = world.events().last().unwrap().seq;
    assert!(last > before);
    assert_eq!(heard, (before + 1..=last).collect::<Vec<_>>(), "from the start of this process on");
    assert!(world.heard_all(), "the old one goes on where it was");
}

#[test]
fn a_sink_that_was_down_from_the_first_is_no_new_one() {
    let world = World::new([daily("shop-prod-v001")]);
    let sink = Fussy::down_while("fussy", &world.clock, |now| now < mon(12, 0));
    // On a new ledger it begins before the first event, and there it stays through restarts until it takes something.
    for until in [mon(10, 0), mon(11, 0), mon(13, 0)] {
        let process = with(&world, "one", sink.clone());
        at_once(sinks::begin(&process.engine, &process.sinks)).unwrap();
        process.run_until(until);
    }
    assert_eq!(sink.heard_all_of(&world.events()), 0);
}

/// What is logged while `run` runs, a line each.
fn logged(run: impl FnOnce()) -> Vec<String> {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .finish();
    tracing::subscriber::with_default(subscriber, run);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| line.trim().to_owned()).filter(|line| line.contains("sink")).collect()
}

#[test]
fn falling_behind_and_catching_up_are_logged_once() {
    let world = World::new([daily("shop-prod-v001")]);
    // Two hours, and later two minutes.
    let spans = [(mon(9, 0), mon(11, 0)), (mon(12, 0), mon(12, 2))];
    let sink = Fussy::down_while("sns", &world.clock, move |now| {
        spans.iter().any(|(from, until)| (*from..*until).contains(&now))
    });
    let process = with(&world, "one", sink);
    let lines = logged(|| process.run_until(mon(13, 0)));
    let told: Vec<&str> = lines.iter().map(|line| line.split(['=', ',']).next().unwrap()).collect();
    let reason = "WARN a sink takes no events; they wait in the ledger sink";
    let behind = "WARN a sink has fallen behind sink";
    assert_eq!(told, [reason, behind, "INFO a sink caught up sink", reason], "{lines:#?}");
    assert!(lines[1].contains("sink=\"sns\" events=") && lines[1].contains(" oldest_seconds=3"), "{lines:#?}");
    assert!(lines[2].contains("after_seconds="), "{lines:#?}");
}
