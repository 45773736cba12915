//! Change Calendars, in whichever region they are kept.

use serde_json::json;
use simian_core::change_calendar::{CalendarState, ChangeCalendar};
use simian_core::ports::{Cause, Cloud};

use super::{account, cause, on_the_wire, refused};

const FREEZE: &str = "arn:aws:ssm:us-east-1:123456789012:document/freeze";
/// In a region that the config does not name.
const SALES: &str = "arn:aws:ssm:ap-southeast-2:123456789012:document/sales";
const CALL: &str = "ssm:GetCalendarState";

fn calendar(arn: &str) -> ChangeCalendar {
    arn.parse().unwrap()
}

#[test]
fn open_closed_and_until_when() {
    on_the_wire("calendars::open_closed_and_until_when", &[], |moto| async move {
        let until = "2027-01-03T08:00:00Z";
        let both = json!({ "calendars": [{ "arn": FREEZE, "open": false, "until": until }, { "arn": SALES }] });
        moto.control("POST", "calendars", &both);
        let account = account().await;
        let closed = CalendarState { open: false, next_transition: Some(until.parse().unwrap()) };
        assert_eq!(account.change_calendar(&calendar(FREEZE)).await, Ok(closed));
        let open = CalendarState { open: true, next_transition: None };
        assert_eq!(account.change_calendar(&calendar(SALES)).await, Ok(open));
        let log = moto.calls()["log"].clone();
        assert_eq!(log[0]["params"], json!({ "CalendarNames": [FREEZE] }));
        assert_eq!((&log[0]["region"], &log[1]["region"]), (&json!("us-east-1"), &json!("ap-southeast-2")));
        assert_eq!(moto.calls()["counts"], json!({ CALL: 2 }));
    });
}

#[test]
fn one_that_cannot_be_read_says_why() {
    on_the_wire("calendars::one_that_cannot_be_read_says_why", &[], |moto| async move {
        let account = account().await;
        let ask = async || account.change_calendar(&calendar(FREEZE)).await;
        assert_eq!(cause(ask().await), refused("InvalidDocument"));
        moto.faults(&json!([{ "kind": "error", "code": "AccessDeniedException", "times": -1 }]));
        let error = ask().await.unwrap_err();
        assert_eq!(error.cause, Cause::Denied);
        let text = error.to_string();
        assert!(text.starts_with(&format!("no permission for {CALL} on {FREEZE} in 123456789012/us-east-1")), "{text}");
        moto.faults(&json!([{ "kind": "malformed", "times": -1 }]));
        assert_eq!(cause(ask().await), Cause::Malformed);
        // A throttle is waited out.
        moto.control("POST", "calendars", &json!({ "calendars": [{ "arn": FREEZE }] }));
        moto.faults(&json!([{ "kind": "throttle", "code": "ThrottlingException", "times": 2 }]));
        assert!(ask().await.unwrap().open);
    });
}
