//! Events on a topic, as a subscriber sees them.

use chrono::DateTime;
use serde_json::{Value, json};
use simian_aws::SnsSink;
use simian_core::event::{Draft, Event, Kind};
use simian_core::ports::{Sink, SinkError};
use simian_core::scope::Mode;
use uuid::Uuid;

use super::moto::{Moto, elements};
use super::{NOW, clock, on_the_wire};

const PUBLISH: &str = "sns:Publish";
const SNS: &str = "2010-03-31";
const SQS: &str = "2012-11-05";

fn event(seq: u64, kind: Kind, app: &str) -> Event {
    let at: DateTime<chrono::Utc> = NOW.parse().unwrap();
    let mut body = Draft::new(at, kind, Mode::Live, "a \"reason\" for <people> & machines, naïve\n");
    body.app = Some(app.into());
    body.owner = Some(String::new());
    Event::seal(body, Uuid::from_u128(7), "w", seq, "birth".into())
}

fn topic(moto: &Moto) -> String {
    elements(&moto.query("sns", SNS, "CreateTopic", &[("Name", "simian")]), "TopicArn").remove(0)
}

/// A queue that takes raw messages by that filter policy; returns its URL.
fn subscriber(moto: &Moto, topic: &str, name: &str, policy: &Value) -> String {
    let url = elements(&moto.query("sqs", SQS, "CreateQueue", &[("QueueName", name)]), "QueueUrl").remove(0);
    let queue = format!("arn:aws:sqs:us-east-1:123456789012:{name}");
    let policy = policy.to_string();
    let parameters = [
        ("TopicArn", topic),
        ("Protocol", "sqs"),
        ("Endpoint", &queue),
        ("Attributes.entry.1.key", "RawMessageDelivery"),
        ("Attributes.entry.1.value", "true"),
        ("Attributes.entry.2.key", "FilterPolicy"),
        ("Attributes.entry.2.value", &policy),
    ];
    moto.query("sns", SNS, "Subscribe", &parameters);
    url
}

fn received(moto: &Moto, queue: &str) -> Vec<String> {
    let parameters = [("QueueUrl", queue), ("MaxNumberOfMessages", "10")];
    elements(&moto.query("sqs", SQS, "ReceiveMessage", &parameters), "Body")
}

/// A FIFO topic and a FIFO queue that hears all of it, raw: the topic's ARN and the queue's URL.
fn in_order(moto: &Moto) -> (String, String) {
    let fifo = ("Attributes.entry.1.value", "true");
    let parameters = [("Name", "simian.fifo"), ("Attributes.entry.1.key", "FifoTopic"), fifo];
    let topic = elements(&moto.query("sns", SNS, "CreateTopic", &parameters), "TopicArn").remove(0);
    let parameters = [("QueueName", "all.fifo"), ("Attribute.1.Name", "FifoQueue"), ("Attribute.1.Value", "true")];
    let url = elements(&moto.query("sqs", SQS, "CreateQueue", &parameters), "QueueUrl").remove(0);
    let parameters = [
        ("TopicArn", topic.as_str()),
        ("Protocol", "sqs"),
        ("Endpoint", "arn:aws:sqs:us-east-1:123456789012:all.fifo"),
        ("Attributes.entry.1.key", "RawMessageDelivery"),
        fifo,
    ];
    moto.query("sns", SNS, "Subscribe", &parameters);
    (topic, url)
}

/// What was published, as sent: message group, deduplication id and the number in the message.
fn published(moto: &Moto) -> Vec<(String, String, u64)> {
    let calls = moto.calls();
    let log = calls["log"].as_array().unwrap().iter().filter(|call| call["call"] == PUBLISH);
    log.map(|call| {
        let of = |name: &str| call["params"][name].as_str().unwrap_or_default().to_owned();
        let message: Value = serde_json::from_str(&of("Message")).unwrap();
        (of("MessageGroupId"), of("MessageDeduplicationId"), message["seq"].as_u64().unwrap())
    })
    .collect()
}

#[test]
fn a_fifo_topic_keeps_the_order_and_hears_nothing_twice() {
    on_the_wire("topic::a_fifo_topic_keeps_the_order_and_hears_nothing_twice", &[], |moto| async move {
        let (arn, queue) = in_order(&moto);
        let there = |seq, account: Option<&str>, region: Option<&str>| {
            let mut body = event(seq, Kind::ActionDone, "shop").body;
            body.account = account.map(|account| account.parse().unwrap());
            body.region = region.map(|region| region.parse().unwrap());
            Event::seal(body, Uuid::from_u128(7), "w", seq, "birth".into())
        };
        let here = "123456789012";
        let events = [
            there(1, None, None),
            there(2, Some(here), Some("us-east-1")),
            there(3, Some(here), Some("eu-west-1")),
            there(4, Some(here), Some("us-east-1")),
            there(5, Some(here), None),
        ];
        moto.forget_calls();
        let sink = sink(&arn).await;
        // The third is taken, and the answer is lost; the fourth is refused. Nothing later is sent before it was taken.
        moto.faults(&json!([
            { "kind": "drop", "action": "Publish", "when": "after", "skip": 2, "times": 1 },
            { "kind": "error", "action": "Publish", "code": "InternalError", "skip": 3, "times": 3 },
        ]));
        let (arrived, error) = sink.publish(&events).await;
        assert_eq!((arrived, error.unwrap().lasting), (3, false));
        moto.faults(&json!([]));
        // As after a crash before the cursor moved: some are told again.
        assert_eq!(sink.publish(&events[1..]).await, (4, None));
        let sent = published(&moto);
        let numbers: Vec<u64> = sent.iter().map(|(_, _, seq)| *seq).collect();
        assert_eq!(numbers, [1, 2, 3, 3, 4, 4, 4, 2, 3, 4, 5]);
        for (group, id, seq) in &sent {
            let event = &events[usize::try_from(*seq).unwrap() - 1];
            let place = ["simian", "123456789012/us-east-1", "123456789012/eu-west-1", "123456789012/us-east-1", here];
            assert_eq!((group.as_str(), id), (place[usize::try_from(*seq).unwrap() - 1], &event.id.to_string()));
        }
        let mut heard = Vec::new();
        loop {
            let more = received(&moto, &queue);
            if more.is_empty() {
                break;
            }
            heard.extend(more);
        }
        let group = |text: &String| serde_json::from_str::<Value>(text).unwrap()["region"].to_string();
        let in_group = |of: &Event| {
            let region = json!(of.body.region).to_string();
            heard.iter().filter(|text| group(text) == region).cloned().collect::<Vec<_>>()
        };
        assert_eq!(heard.len(), 5, "each once");
        assert_eq!(in_group(&events[1]), [events[1].canonical(), events[3].canonical()]);
    });
}

#[test]
fn a_standard_topic_is_given_neither_group_nor_deduplication_id() {
    on_the_wire("topic::a_standard_topic_is_given_neither_group_nor_deduplication_id", &[], |moto| async move {
        let arn = topic(&moto);
        moto.forget_calls();
        assert_eq!(sink(&arn).await.publish(&[event(1, Kind::ActionDone, "shop")]).await, (1, None));
        assert_eq!(published(&moto), [(String::new(), String::new(), 1)]);
    });
}

async fn sink(arn: &str) -> SnsSink {
    SnsSink::connect(arn.parse().unwrap(), clock()).await
}

#[test]
fn subscribers_filter_by_attributes() {
    on_the_wire("topic::subscribers_filter_by_attributes", &[], |moto| async move {
        let arn = topic(&moto);
        let all = subscriber(&moto, &arn, "all", &json!({ "mode": ["live"] }));
        let shop = subscriber(&moto, &arn, "shop", &json!({ "app": ["shop"], "kind": [{ "prefix": "action." }] }));
        let ownerless = subscriber(&moto, &arn, "ownerless", &json!({ "owner": [{ "exists": false }] }));
        let events = [
            event(1, Kind::ActionDone, "shop"),
            event(2, Kind::ActionDone, "search"),
            event(3, Kind::RoundClosed, "shop"),
        ];
        moto.forget_calls();
        let sink = sink(&arn).await;
        assert_eq!(sink.name(), "sns");
        assert_eq!(sink.publish(&events).await, (3, None));
        assert_eq!(moto.calls()["counts"], json!({ PUBLISH: 3 }));
        let sent = |numbers: &[usize]| numbers.iter().map(|n| events[n - 1].canonical()).collect::<Vec<_>>();
        assert_eq!(received(&moto, &all), sent(&[1, 2, 3]));
        assert_eq!(received(&moto, &shop), sent(&[1]));
        assert_eq!(received(&moto, &ownerless), sent(&[1, 2, 3]), "an empty attribute is left out");
        assert_eq!(sink.publish(&[]).await, (0, None));
    });
}

#[test]
fn a_big_event_is_cut_and_arrives() {
    on_the_wire("topic::a_big_event_is_cut_and_arrives", &[], |moto| async move {
        let arn = topic(&moto);
        let all = subscriber(&moto, &arn, "all", &json!({ "mode": ["live"] }));
        let mut big = event(1, Kind::ActionHeld, "shop");
        big.body.why = "because ".repeat(100_000);
        assert_eq!(sink(&arn).await.publish(std::slice::from_ref(&big)).await, (1, None));
        let arrived: Value = serde_json::from_str(&received(&moto, &all)[0]).unwrap();
        assert_eq!((&arrived["truncated"], &arrived["hash"]), (&json!(true), &json!(big.hash)));
    });
}

fn failure(result: (usize, Option<SinkError>)) -> (usize, bool, String) {
    let (arrived, error) = result;
    let error = error.unwrap();
    (arrived, error.lasting, error.message)
}

#[test]
fn it_says_how_many_arrived_and_whether_to_wait() {
    on_the_wire("topic::it_says_how_many_arrived_and_whether_to_wait", &[], |moto| async move {
        let arn = topic(&moto);
        let events = [1, 2, 3].map(|seq| event(seq, Kind::ActionDone, "shop"));
        let sink = sink(&arn).await;
        let second = |kind: &str, code: &str, times: i32| {
            moto.forget_calls();
            moto.faults(&json!([{ "kind": kind, "code": code, "skip": 1, "times": times }]));
        };
        // The SDK tries three times.
        second("error", "InternalError", 2);
        assert_eq!(sink.publish(&events).await, (3, None));
        assert_eq!(moto.count(PUBLISH), 5);
        for code in ["Throttled", "InternalError"] {
            second("error", code, -1);
            let (arrived, lasting, message) = failure(sink.publish(&events).await);
            assert_eq!((arrived, lasting), (1, false), "{message}");
        }
        for (code, remedy) in [
            ("AuthorizationError", "allow it in the role's policy"),
            ("InvalidParameter", "mend the topic or [sinks.sns]"),
            ("ExpiredToken", "mend the credentials"),
        ] {
            second("error", code, -1);
            let (arrived, lasting, message) = failure(sink.publish(&events).await);
            assert_eq!((arrived, lasting, moto.count(PUBLISH)), (1, true, 2), "{message}");
            assert!(message.contains(remedy) && message.contains(&arn), "{message}");
        }
        moto.faults(&json!([]));
        moto.query("sns", SNS, "DeleteTopic", &[("TopicArn", &arn)]);
        let (arrived, lasting, message) = failure(sink.publish(&events).await);
        assert_eq!((arrived, lasting), (0, true));
        assert!(message.starts_with(&format!("the topic {arn} does not exist: create it, or mend topic_arn")));
    });
}

#[test]
fn nobody_to_publish_to_is_worth_waiting_for() {
    let settings = [("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:1")];
    on_the_wire("topic::nobody_to_publish_to_is_worth_waiting_for", &settings, |_| async {
        let sink = sink("arn:aws:sns:us-east-1:123456789012:simian").await;
        let (arrived, lasting, message) = failure(sink.publish(&[event(1, Kind::ActionDone, "shop")]).await);
        assert_eq!((arrived, lasting), (0, false), "{message}");
    });
}
