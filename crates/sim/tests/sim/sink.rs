//! The sink in memory takes what it is told to take.

use futures_util::FutureExt;
use simian_core::{Draft, Event, Kind, Mode, Sink};
use simian_sim::{MemorySink, Refusal};
use uuid::Uuid;

use crate::world::start;

fn events(n: u64) -> Vec<Event> {
    let seal = |seq| {
        let draft = Draft::new(start(), Kind::DaemonStarted, Mode::Live, "up");
        Event::seal(draft, Uuid::nil(), "main", seq, String::new())
    };
    (1..=n).map(seal).collect()
}

#[test]
fn it_refuses_as_scripted_and_keeps_what_arrived() {
    let sink = MemorySink::new("sns");
    let publish = |events: &[Event]| sink.publish(events).now_or_never().unwrap();
    let events = events(3);
    let refusal = |after, lasting| Refusal { after, message: "no".into(), lasting };
    assert_eq!(publish(&events[..1]), (1, None));
    sink.refuse_next(refusal(1, false));
    let (taken, error) = publish(&events[1..]);
    let error = error.unwrap();
    assert_eq!((taken, error.to_string(), error.lasting), (1, "sns: no".into(), false));
    assert_eq!(publish(&events[2..]), (1, None));
    assert_eq!(sink.events(), events);
    sink.set_down(Some(refusal(9, true)));
    for _ in 0..2 {
        let (taken, error) = publish(&events);
        assert_eq!((taken, error.unwrap().lasting), (2, true), "a refusal never takes all");
    }
    assert_eq!(publish(&[]), (0, None));
    sink.set_down(None);
    assert_eq!(publish(&events), (3, None));
    assert_eq!((sink.name(), sink.publishes(), sink.events().len()), ("sns", 7, 10));
}
