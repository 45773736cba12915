//! Events on a web server, over a real loopback.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use simian::config::Config;
use simian::private::Private;
use simian::sinks::webhook::{WebhookSink, sign};
use simian_core::{Clock, Draft, Event, Kind, Mode, Sink, SinkError};
use uuid::Uuid;

use crate::moto;
use crate::place::{Place, US, config, event, groups};
use crate::server::{Reply, Server, status};

const ALL: [&str; 5] = ["round", "chaos", "--all-due", "--format", "json"];

const NOW: &str = "2026-11-23T18:00:00Z";

/// A clock that stands still.
struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        NOW.parse().unwrap()
    }
    async fn sleep_until(&self, _: DateTime<Utc>) {
        std::future::pending::<()>().await;
    }
}

/// The sink of a config with these lines, and its secret.
fn sink(url: &str, lines: &str, secret: Option<&str>) -> WebhookSink {
    let text = format!("{}[[sinks.webhook]]\nname = \"ops\"\nurl = \"{url}\"\n{lines}\n", config("dry-run", US));
    let config = Config::parse("simian.toml", &text, None).unwrap_or_else(|error| panic!("{error}"));
    WebhookSink::new(config.sinks.webhooks[0].clone(), secret.map(Private::new), Arc::new(Still)).unwrap()
}

fn events(kinds: &[Kind]) -> Vec<Event> {
    let seal = |(n, kind): (usize, &Kind)| {
        let why = "a \"reason\" for <people> & machines, naïve\n";
        let seq = n as u64 + 1;
        Event::seal(Draft::new(NOW.parse().unwrap(), *kind, Mode::Live, why), Uuid::nil(), "main", seq, "prev".into())
    };
    kinds.iter().enumerate().map(seal).collect()
}

fn publish(sink: &WebhookSink, events: &[Event]) -> (usize, Option<SinkError>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(sink.publish(events))
}

fn told(url: &str, lines: &str, kinds: &[Kind]) -> (usize, Option<SinkError>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { sink(url, lines, Some("s3cret")).publish(&events(kinds)).await })
}

/// The refusal of one event.
fn refused(reply: &Reply, lines: &str) -> SinkError {
    let reply = reply.clone();
    let server = Server::start(move |_| reply.clone());
    let (arrived, error) = told(&server.url("/T0/s3cret?t=s3cret"), lines, &[Kind::ActionDone]);
    assert_eq!((arrived, server.requests().len()), (0, 1), "one try");
    let error = error.unwrap();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    let text = error.message.replace(&server.url(""), "SERVER");
    SinkError { message: text, ..error }
}

#[test]
fn each_event_is_a_signed_request_and_they_come_in_order() {
    let server = Server::start(|n| status([200, 201, 204][n]));
    let lines = "headers = { Authorization = \"Bearer 0123\", X-Team = \"ops\" }";
    let kinds = [Kind::DaemonStarted, Kind::ActionDone, Kind::RoundClosed];
    assert_eq!(told(&server.url("/hook?x=1"), lines, &kinds), (3, None));
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for (request, event) in requests.iter().zip(events(&kinds)) {
        assert_eq!(request.line, "POST /hook?x=1 HTTP/1.1");
        assert_eq!(request.body, event.canonical());
        let of = |name: &str| request.headers.get(name).map(String::as_str);
        assert_eq!(of("content-type"), Some("application/json"));
        assert_eq!(of("simian-event-id"), Some(event.id.to_string().as_str()));
        assert_eq!(of("simian-ledger-seq"), Some(event.seq.to_string().as_str()));
        assert_eq!((of("authorization"), of("x-team")), (Some("Bearer 0123"), Some("ops")));
        assert!(of("user-agent").unwrap().starts_with("simian/"));
        let signature = sign(&Private::new("s3cret"), NOW.parse().unwrap(), &request.body);
        assert_eq!(of("simian-signature"), Some(signature.as_str()));
    }
    assert!(requests.iter().all(|request| request.connection == 0), "one connection carries them all");
}

#[test]
fn a_template_writes_the_body_and_kinds_that_are_not_wanted_are_passed_over() {
    let server = Server::start(|_| status(200));
    let lines =
        "template = \"{{ event.seq }}: {{ event.kind }}\"\ncontent_type = \"text/plain\"\nkinds = [\"action.*\"]";
    let kinds = [Kind::DaemonStarted, Kind::ActionDone, Kind::RoundClosed, Kind::ActionHeld, Kind::RoundClosed];
    assert_eq!(told(&server.url("/"), lines, &kinds), (5, None));
    let sent = server.requests();
    let bodies: Vec<_> = sent.iter().map(|one| (one.body.as_str(), one.headers["content-type"].as_str())).collect();
    assert_eq!(bodies, [("2: action.done", "text/plain"), ("4: action.held", "text/plain")]);
}

#[test]
fn it_says_how_many_arrived_and_stops_there() {
    let server = Server::start(|n| status(if n == 2 { 500 } else { 200 }));
    let (arrived, error) = told(&server.url("/"), "", &[Kind::ActionDone; 5]);
    assert_eq!((arrived, error.unwrap().lasting), (2, false));
    assert_eq!(server.requests().len(), 3, "none is sent before the one before it was taken");
}

#[test]
fn a_server_that_cannot_take_it_now_is_waited_for() {
    for code in [408, 425, 429, 500, 502, 503, 504] {
        let error = refused(&status(code), "");
        assert_eq!((error.message, error.lasting, error.wait), (format!("SERVER: it answered {code}"), false, None));
    }
    let busy = Reply::Status(429, vec![("retry-after", "120".into())]);
    assert_eq!(refused(&busy, "").wait, Some(TimeDelta::seconds(120)));
    let until = Reply::Status(503, vec![("retry-after", "Mon, 23 Nov 2026 18:05:00 GMT".into())]);
    assert_eq!(refused(&until, "").wait, Some(TimeDelta::minutes(5)));
}

#[test]
fn what_waiting_will_not_mend_names_the_remedy() {
    for (code, remedy) in [
        (400, "mend the template or content_type"),
        (401, "mend the headers, or the secret on its side"),
        (404, "mend url"),
        (413, "it takes no body of this size: mend the template"),
        (418, "look what its makers say of that"),
    ] {
        let error = refused(&status(code), "");
        assert_eq!((error.message, error.lasting), (format!("SERVER: it answered {code}: {remedy}"), true));
    }
}

#[test]
fn redirects_are_not_followed() {
    let other = Server::start(|_| status(200));
    for code in [301, 302, 307, 308] {
        let error = refused(&Reply::Status(code, vec![("location", other.url("/s3cret"))]), "");
        assert!(error.lasting && error.message.contains("redirects are not followed"), "{error}");
    }
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn no_answer_is_worth_another_try() {
    let error = refused(&Reply::Nothing, "timeout = \"1s\"");
    assert_eq!((error.message.as_str(), error.lasting), ("SERVER gave no answer in time", false));
    let error = refused(&Reply::Close, "");
    assert!(!error.lasting && error.message.starts_with("the connection to SERVER broke: "), "{error}");
    let (arrived, error) = told("http://127.0.0.1:1/s3cret", "", &[Kind::ActionDone]);
    let error = error.unwrap();
    assert_eq!((arrived, error.lasting), (0, false));
    assert!(error.message.starts_with("cannot connect to http://127.0.0.1:1: Connection refused"), "{error}");
    assert!(!error.to_string().contains("s3cret"));
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    let server = Server::start(|n| if n == 0 { Reply::Endless } else { status(200) });
    // The limit of time is a minute, so it is the limit of size that ends it.
    assert_eq!(told(&server.url("/"), "timeout = \"60s\"", &[Kind::ActionDone; 2]), (2, None));
    assert_eq!(server.requests()[1].connection, 1, "it hung up");
}

#[test]
fn the_environments_proxy_is_not_used() {
    const CHILD: &str = "SIMIAN_WEBHOOK_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let server = Server::start(|_| status(200));
        assert_eq!(told(&server.url("/"), "", &[Kind::ActionDone]), (1, None));
        return;
    }
    // A process should not change its own environment.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "webhook::the_environments_proxy_is_not_used", "--nocapture"]).env(CHILD, "yes");
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(variable, "http://127.0.0.1:1");
    }
    let output = child.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn it_shows_no_secret_of_itself() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let sink = sink("https://hooks.example.com/T0/s3cret", "headers = { X-Key = \"s3cret\" }", Some("s3cret"));
    assert_eq!(sink.name(), "webhook:ops");
    assert_eq!(format!("{sink:?}"), r#"WebhookSink { name: "webhook:ops", address: https://hooks.example.com/…, .. }"#);
    assert_eq!(publish(&sink, &[]), (0, None));
}

#[test]
fn a_game_day_is_told_to_a_web_server() {
    let place = Place::armed(US, &groups(2));
    let server = Server::start(|n| status(if n == 3 { 503 } else { 200 }));
    std::fs::write(place.path("webhook.secret"), "s3cret\n").unwrap();
    std::fs::set_permissions(place.path("webhook.secret"), PermissionsExt::from_mode(0o644)).unwrap();
    let table = "[[sinks.webhook]]\nname = \"ops\"\nsecret_file = \"webhook.secret\"\n";
    place.write(&format!("{}{table}url = \"{}\"\n", place.config(), server.url("/T0/p4th")));
    let said = place.simian(&ALL).ends(0).complains(&[
        "others may read or change a webhook's secret: chmod 0600",
        "0644",
        &format!("webhook:ops: {}: it answered 503; the events wait in the ledger", server.url("")),
    ]);
    assert!(!format!("{said:?}").contains("s3cret") && !format!("{said:?}").contains("p4th"), "{said:?}");
    assert_eq!(server.requests().len(), 4);
    place.is_sound();

    // The next round tells the rest. What was before the first round with a webhook is not told.
    std::fs::set_permissions(place.path("webhook.secret"), PermissionsExt::from_mode(0o600)).unwrap();
    place.simian(&["round", "chaos"]).without_complaint();
    let mut requests = server.requests();
    requests.remove(3);
    let heard: Vec<Event> = requests.iter().map(|request| event(&request.body)).collect();
    assert_eq!(heard, place.events()[1..]);
    for request in &requests {
        let signature = &request.headers["simian-signature"];
        let at = signature.strip_prefix("t=").and_then(|rest| rest.split(',').next()).unwrap().parse().unwrap();
        let at = DateTime::from_timestamp(at, 0).unwrap();
        assert_eq!(*signature, sign(&Private::new("s3cret"), at, &request.body));
    }
    // What the manual says of checking a signature is what we do.
    let manual = include_str!("../../docs/events.md");
    let check = manual.split("```python\n").find(|block| block.starts_with("import hashlib, hmac")).unwrap();
    let check = check.split("```").next().unwrap();
    let (signature, body) = (json!(requests[0].headers["simian-signature"]), json!(requests[0].body));
    let program = format!(
        "{check}\nsignature, body = {signature}, {body}.encode()\nat = int(signature[2:].split(',')[0])\n\
         assert genuine(b's3cret', signature, body, at + 60)\n\
         assert not genuine(b's3creT', signature, body, at)\n\
         assert not genuine(b's3cret', signature, body + b' ', at)\n\
         assert not genuine(b's3cret', signature, body, at + 3600)\n\
         assert not genuine(b's3cret', 'v1=00', body, at)\n"
    );
    let output = Command::new(moto::python()).args(["-c", &program]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_secret_that_is_not_there_is_an_error_of_the_config() {
    let place = Place::new(&config("dry-run", US), &groups(1));
    let table = "[[sinks.webhook]]\nname = \"ops\"\nurl = \"http://127.0.0.1:1\"\n";
    place.write(&format!("{}{table}secret_env = \"SIMIAN_NOT_SET\"\n", config("dry-run", US)));
    place.simian(&["config", "check"]).ends(0);
    for verb in [&["round", "chaos"][..], &["run"]] {
        place.simian(verb).ends(3).complains(&["there is no secret in $SIMIAN_NOT_SET: set it"]);
    }
}
