//! Bad input over the wire: each is told in words that say what to mend, ends with its code, and does nothing.

use serde_json::json;
use simian_core::Kind;

use crate::moto::elements;
use crate::place::{
    BOTH, DESCRIBE, IDENTITY, NOTHING_MORE, Place, Said, TERMINATE, US, config, event, group, groups, of_kind, targets,
};

const ALL: [&str; 5] = ["round", "chaos", "--all-due", "--format", "json"];

/// Everything that asks AWS.
const ASKING: [&[&str]; 4] =
    [&["round", "chaos"], &["round", "chaos", "--all-due"], &["plan"], &["explain", "app00-prod-v001"]];

#[test]
fn credentials_of_another_account() {
    let place = Place::armed(US, &groups(2));
    place.write(&place.config().replace("id = \"123456789012\"", "id = \"999999999999\""));
    for arguments in ASKING {
        place.aws.forget_calls();
        let said = place.simian(arguments).ends(3);
        said.complains(&[
            "simian: the credentials belong to account 123456789012 (arn:aws:",
            "but the config expects 999999999999 for `staging`: mend the credentials or `account.id`",
            "nothing was read or done",
        ]);
        assert_eq!(place.counts(), json!({ IDENTITY: 1 }), "{arguments:?}");
    }
    place.is_untouched();
}

#[test]
fn expired_credentials() {
    let place = Place::armed(US, &groups(2));
    let message = "The security token included in the request is expired";
    place.aws.faults(&json!([
        { "kind": "error", "code": "ExpiredToken", "status": 403, "message": message, "times": -1 }
    ]));
    for arguments in ASKING {
        place.aws.forget_calls();
        let said = place.simian(arguments).ends(5);
        said.complains(&[
            "simian: cannot tell whose credentials these are, so nothing was read or done",
            "sts:GetCallerIdentity in 123456789012/us-east-1: the credentials are missing, expired or wrong",
            message,
        ]);
        assert_eq!(place.counts(), json!({ IDENTITY: 1 }), "{arguments:?}");
    }
    place.is_untouched();
}

#[test]
fn credentials_that_expire_after_the_first_call() {
    let place = Place::armed(US, &groups(2));
    place.aws.faults(&json!([
        { "kind": "error", "service": "autoscaling", "code": "ExpiredToken", "status": 403, "times": -1 }
    ]));
    let said = place.simian(&ALL).ends(5);
    said.complains(&["123456789012/us-east-1 could not be surveyed", "the credentials are missing, expired or wrong"]);
    assert_eq!(place.counts(), json!({ DESCRIBE: 1, IDENTITY: 1 }));
    place.is_untouched();
}

#[test]
fn no_permission_to_look() {
    let place = Place::armed(US, &groups(2));
    place.aws.faults(&json!([
        { "kind": "error", "action": "DescribeAutoScalingGroups", "code": "AccessDenied", "status": 403, "times": -1 }
    ]));
    let words = "no permission for autoscaling:DescribeAutoScalingGroups on 123456789012/us-east-1: allow it in the \
                 role's policy";
    let said = place.simian(&ALL).ends(5);
    let closed = said.events().pop().unwrap().body;
    assert_eq!(closed.kind, Kind::RoundClosed);
    assert!(closed.why.contains(words) && !closed.counts.contains_key("groups"), "{closed:?}");
    said.complains(&["simian: 123456789012/us-east-1 could not be surveyed", words]);
    let said = place.simian(&["plan"]).ends(5);
    assert!(said.out.contains(words), "{}", said.out);
    let said = place.simian(&["explain", "app00-prod-v001"]).ends(5);
    assert!(format!("{}{}", said.out, said.err).contains(words), "{said:?}");
    place.is_untouched();
}

#[test]
fn no_permission_to_act() {
    let place = Place::armed(US, &groups(2));
    place.aws.faults(&json!([
        { "kind": "error", "action": "TerminateInstances", "code": "UnauthorizedOperation", "status": 403, "times": -1,
          "message": "You are not authorized to perform this operation. Encoded authorization failure message: abc" }
    ]));
    let events = place.simian(&ALL).ends(5).events();
    let refused = of_kind(&events, Kind::ActionRefused);
    assert_eq!(refused.len(), 2);
    for event in refused {
        let target = event.body.target.as_deref().unwrap();
        let words = format!("no permission for ec2:TerminateInstances on {target} in 123456789012/us-east-1");
        assert!(event.body.why.starts_with(&words), "{}", event.body.why);
        assert!(!event.body.why.contains("Encoded"), "{}", event.body.why);
    }
    assert_eq!(place.aws.count(TERMINATE), 3, "together, then each alone");
    assert!(place.ended().is_empty());
    place.is_sound();
}

#[test]
fn an_endpoint_that_nobody_listens_on() {
    let place = Place::armed(BOTH, &groups(2));
    for endpoint in ["http://127.0.0.1:1", "http://nowhere.invalid"] {
        place.aws.forget_calls();
        let output = place.command(&ALL).env("AWS_ENDPOINT_URL_AUTO_SCALING", endpoint).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{err}");
        for region in ["us-east-1", "eu-west-1"] {
            let words = format!(
                "123456789012/{region} could not be surveyed: autoscaling:DescribeAutoScalingGroups: cannot reach \
                 123456789012/{region}; does the region exist?"
            );
            assert!(err.contains(&words), "{err}");
        }
        assert_eq!(place.counts(), json!({ IDENTITY: 1 }), "nobody was asked what to do about it");
    }
    place.is_untouched();
}

#[test]
fn one_region_is_lost_and_the_other_is_served() {
    // The calls are counted, and the survey's are the ones that matter here.
    let place = Place::armed_with(&format!("{}{NOTHING_MORE}", config("live", BOTH)), &groups(2));
    place.aws.seed(&json!({ "region": "eu-west-1", "groups": [group("far-prod-v001", 3)] }));
    place.aws.forget_calls();
    // A region that the account has not enabled says so; that is not worth a second try.
    place.aws.faults(&json!([
        { "kind": "error", "region": "eu-west-1", "code": "UnrecognizedClientException", "status": 403, "times": -1 }
    ]));
    let said = place.simian(&ALL).ends(5);
    let events = said.events();
    assert_eq!((targets(&events, Kind::ActionDone).len(), place.ended_in("eu-west-1").len()), (2, 0));
    said.complains(&["123456789012/eu-west-1 could not be surveyed", "a region that the account has not enabled"]);
    assert_eq!(place.counts(), json!({ DESCRIBE: 2, IDENTITY: 1, TERMINATE: 1 }));
    place.is_sound();

    // One that hangs up on every read is tried three times.
    place.aws.forget_calls();
    place.aws.faults(&json!([{ "kind": "drop", "region": "eu-west-1", "times": -1 }]));
    let said = place.simian(&["plan", "--format", "json"]).ends(5);
    let plan = said.json();
    assert_eq!(plan["proposals"].as_array().unwrap().len(), 2);
    assert!(plan["failed"][0].as_str().unwrap().starts_with("123456789012/eu-west-1 could not be surveyed"));
    assert_eq!(place.counts(), json!({ DESCRIBE: 4, IDENTITY: 1 }));
}

#[test]
fn a_page_that_cannot_be_read_makes_the_region_unknown_and_not_empty() {
    let place = Place::armed(US, &[]);
    place.aws.seed(&json!({ "bulk": { "prefix": "many", "count": 150, "tags": { "simian:chaos": "on" } } }));
    place.aws.forget_calls();
    let page = json!({ "kind": "error", "action": "DescribeAutoScalingGroups", "skip": 1, "times": -1,
        "code": "ValidationError", "message": "the token is old" });
    place.aws.faults(&json!([page]));
    place.simian(&ALL).ends(5).complains(&["could not be surveyed", "ValidationError", "the token is old"]);
    assert_eq!(place.counts(), json!({ DESCRIBE: 2, IDENTITY: 1 }));
    place.is_untouched();
}

#[test]
fn a_topic_that_is_gone_delays_its_events_and_nothing_else() {
    const SNS: &str = "2010-03-31";
    const SQS: &str = "2012-11-05";
    let place = Place::armed(US, &groups(2));
    let topic = "arn:aws:sns:us-east-1:123456789012:simian";
    place.write(&format!("{}[sinks.sns]\ntopic_arn = \"{topic}\"\n", place.config()));
    let said = place.simian(&ALL).ends(0);
    assert_eq!(targets(&said.events(), Kind::ActionDone), place.ended());
    said.complains(&[
        &format!("the topic {topic} does not exist: create it, or mend topic_arn"),
        "the events wait in the ledger",
    ]);
    assert_eq!(place.aws.count("sns:Publish"), 1);
    place.is_sound();

    // Once it is there, it is told everything from the first round with a topic on.
    place.aws.query("sns", SNS, "CreateTopic", &[("Name", "simian")]);
    let made = place.aws.query("sqs", SQS, "CreateQueue", &[("QueueName", "all")]);
    let queue = elements(&made, "QueueUrl").remove(0);
    let parameters = [
        ("TopicArn", topic),
        ("Protocol", "sqs"),
        ("Endpoint", "arn:aws:sqs:us-east-1:123456789012:all"),
        ("Attributes.entry.1.key", "RawMessageDelivery"),
        ("Attributes.entry.1.value", "true"),
    ];
    place.aws.query("sns", SNS, "Subscribe", &parameters);
    place.simian(&["round", "chaos"]).without_complaint();
    let mut heard = Vec::new();
    loop {
        let parameters = [("QueueUrl", queue.as_str()), ("MaxNumberOfMessages", "10"), ("VisibilityTimeout", "3600")];
        let bodies = elements(&place.aws.query("sqs", SQS, "ReceiveMessage", &parameters), "Body");
        if bodies.is_empty() {
            break;
        }
        heard.extend(bodies.iter().map(|body| event(body)));
    }
    assert_eq!(heard, place.events()[1..]);
}

#[test]
fn a_ledger_from_the_future() {
    let place = Place::armed(US, &groups(1));
    let ledger = rusqlite::Connection::open(place.path("ledger.db")).unwrap();
    ledger.pragma_update(None, "user_version", 99).unwrap();
    drop(ledger);
    let path = place.path("ledger.db").display().to_string();
    let all: [&[&str]; 6] = [
        &["run"],
        &["round", "chaos", "--all-due"],
        &["plan"],
        &["audit", "verify"],
        &["pause"],
        &["resume", "--first-run"],
    ];
    for arguments in all {
        let said = place.simian(arguments).ends(6);
        said.complains(&[&format!("the ledger {path} has schema 99"), "run the newer simian that wrote it"]);
    }
    assert_eq!(place.counts(), json!({}));
}

#[test]
fn a_ledger_that_somebody_edited() {
    let place = Place::armed(US, &groups(1));
    place.simian(&ALL).ends(0);
    let ledger = rusqlite::Connection::open(place.path("ledger.db")).unwrap();
    let edit = "UPDATE events SET event = replace(event, 'a test', 'a jest') WHERE seq = 1";
    assert_eq!(ledger.execute(edit, ()).unwrap(), 1);
    drop(ledger);
    let said = place.simian(&["audit", "verify"]).ends(6).without_complaint();
    assert!(
        said.out.starts_with("writer main: event 1 of writer `main` was edited: its content hashes to "),
        "{said:?}"
    );
    let verdict = place.simian(&["audit", "verify", "--format", "json"]).ends(6).without_complaint().json();
    assert_eq!((&verdict["writer"], &verdict["sound"], &verdict["events"]), (&json!("main"), &json!(false), &json!(0)));
}

#[test]
fn a_role_that_cannot_be_assumed() {
    let place = Place::armed(US, &groups(1));
    let role = "arn:aws:iam::123456789012:role/simian";
    place.write(&place.config().replace("regions =", &format!("role_arn = \"{role}\"\nregions =")));
    place.aws.faults(&json!([
        { "kind": "error", "service": "sts", "action": "AssumeRole", "code": "AccessDenied", "status": 403, "times": -1,
          "message": "not authorized to perform: sts:AssumeRole" }
    ]));
    for arguments in ASKING {
        place.aws.forget_calls();
        let said = place.simian(arguments).ends(5);
        said.complains(&[&format!("cannot assume {role}: AccessDenied: not authorized"), "nothing was read or done"]);
        assert_eq!(place.counts(), json!({ "sts:AssumeRole": 1 }), "{arguments:?}");
    }
    place.is_untouched();
}

#[test]
fn our_clock_is_wrong() {
    let place = Place::armed(US, &groups(1));
    place.aws.control("POST", "clock", &json!({ "offset_seconds": 90 }));
    let events = place.simian(&ALL).ends(4).events();
    let held = of_kind(&events, Kind::ActionHeld);
    assert_eq!(held[0].body.outcome.as_deref(), Some("clock"));
    place.is_untouched();
}

#[test]
fn no_credentials_at_all() {
    let place = Place::new(&config("dry-run", US), &groups(1));
    let mut command = place.command(&["plan"]);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{err}");
    assert!(err.contains("none found in the environment, a profile, the container or the instance"), "{err}");
    assert_eq!(place.counts(), json!({}));
}

#[test]
fn no_credential_is_told_at_any_level() {
    let place = Place::armed(US, &groups(2));
    let mut command = place.command(&["round", "chaos", "--all-due"]);
    command
        .env("RUST_LOG", "trace")
        .env("AWS_SESSION_TOKEN", "a-token-s3cret")
        .env("AWS_SECRET_ACCESS_KEY", "a-key-s3cret");
    let said = Said::of(&command.output().unwrap()).ends(0);
    assert!(said.err.contains("sdk_invocation_id"), "the SDK itself tells something at that level");
    let told = said.out.lines().chain(said.err.lines()).find(|line| line.contains("s3cret"));
    assert_eq!(told, None);
}
