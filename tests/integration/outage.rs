//! The outage hook as a page, over HTTP: a plain yes lets things be done, and everything else holds.

use simian_core::Kind;

use crate::place::{Place, US, config, group, of_kind};
use crate::server::{Reply, Server, status};

/// Everybody's turn is now; one event a line.
const ALL: [&str; 5] = ["round", "chaos", "--all-due", "--format", "json"];

/// A live place that asks this page, and waits for a second.
fn place(url: &str) -> Place {
    let hook = format!("[rails.outage]\nurl = \"{url}\"\ntimeout = \"1s\"\n");
    Place::armed_with(&format!("{}{hook}", config("live", US)), &[group("shop-prod-v001", 3)])
}

/// Held by the hook, in these words; nothing of the address but its origin is told.
fn holds(place: &Place, words: &str) {
    let said = place.simian(&ALL).ends(4).without_complaint();
    let events = said.events();
    let held = of_kind(&events, Kind::ActionHeld);
    assert_eq!(held[0].body.outcome.as_deref(), Some("outage"), "{held:?}");
    assert!(held[0].body.why.contains(words), "`{words}` is missing in {}", held[0].body.why);
    assert!(!said.out.contains("t0ken"), "{}", said.out);
    place.is_untouched();
}

#[test]
fn only_a_2xx_is_a_yes() {
    let server = Server::start(|number| match number {
        // What a redirect leads to is not whom the operator named.
        0 => Reply::Status(301, vec![("location", "/all-is-well".into())]),
        1 => status(404),
        2 => status(500),
        3 => Reply::Nothing,
        4 => Reply::Close,
        _ => status(200),
    });
    let place = place(&server.url("/t0ken"));
    for words in [
        "it answered 301",
        "it answered 404",
        "it answered 500",
        "it gave no answer within 1 s",
        "the connection broke before it answered",
    ] {
        holds(&place, words);
    }
    let lines: Vec<String> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["GET /t0ken HTTP/1.1"; 5], "once a round, and no redirect is followed");
    place.simian(&ALL).ends(0).without_complaint();
    assert_eq!(place.ended().len(), 1);
    place.is_sound();
}

#[test]
fn a_page_that_is_not_there_is_no_yes() {
    // Port 1 is TCPMUX, which nobody runs.
    let place = place("http://127.0.0.1:1/t0ken");
    holds(&place, "it cannot be reached");
}
