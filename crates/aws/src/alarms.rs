//! Alarms of `CloudWatch`, and the safety lever of AWS FIS: what may stop everything.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsError;
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use aws_sdk_fis::operation::get_safety_lever::GetSafetyLeverError;
use aws_sdk_fis::types::{SafetyLever, SafetyLeverStatus};
use simian_core::detail::{AlarmState, Lever};
use simian_core::ports::CallError;

use crate::clients::Clients;
use crate::convert::{Flaw, required};
use crate::error::{Call, readable};
use crate::limits::Meter;
use crate::pages::{distinct, whole};

/// The most names of one call of `DescribeAlarms`, and its largest page (its API reference).
const ALARMS_A_CALL: usize = 100;

/// An account has one lever in a region, of this name. Source: AWS FIS user guide, "Safety levers".
const LEVER: &str = "default";

/// The states of these alarms, of whichever kind they are: unasked, the API leaves all but those of metrics out.
pub(crate) async fn alarms(
    clients: &Clients,
    call: &Call<'_>,
    names: &[String],
) -> Result<BTreeMap<String, AlarmState>, CallError> {
    let bucket = &clients.limits.alarms;
    let mut states = BTreeMap::new();
    // Without names the API would answer with all alarms.
    for chunk in distinct(names.iter().map(String::as_str)).chunks(ALARMS_A_CALL) {
        let found = whole(bucket, call, |token| {
            let page = clients
                .alarms
                .describe_alarms()
                .set_alarm_names(Some(chunk.to_vec()))
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .alarm_types(AlarmType::LogAlarm)
                .max_records(i32::try_from(ALARMS_A_CALL).unwrap_or(i32::MAX))
                .set_next_token(token)
                .customize()
                .interceptor(Meter::<DescribeAlarmsError>::new([bucket]))
                .send();
            async move {
                let page = page.await.map_err(|error| call.error(&error))?;
                let metric = page.metric_alarms.unwrap_or_default().into_iter();
                let composite = page.composite_alarms.unwrap_or_default().into_iter();
                let log = page.log_alarms.unwrap_or_default().into_iter();
                let theirs = metric
                    .map(|alarm| (alarm.alarm_name, alarm.state_value))
                    .chain(composite.map(|alarm| (alarm.alarm_name, alarm.state_value)))
                    .chain(log.map(|alarm| (alarm.alarm_name, alarm.state_value)));
                let ours: Result<Vec<_>, Flaw> = theirs.map(|(name, state)| alarm(name, state)).collect();
                Ok((ours.map_err(|flaw| call.malformed(&flaw))?, page.next_token))
            }
        });
        for (name, state) in found.await? {
            if states.insert(name.clone(), state).is_some() {
                return Err(call.malformed(&format!("alarm {name} is there twice")));
            }
        }
    }
    Ok(states)
}

fn alarm(name: Option<String>, state: Option<StateValue>) -> Result<(String, AlarmState), Flaw> {
    let name = required(name, "an alarm's name")?;
    let state = match state {
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::Alarm) => AlarmState::Alarm,
        Some(StateValue::InsufficientData) => AlarmState::InsufficientData,
        Some(other) => return Err(format!("alarm {name} has the unknown state `{}`", other.as_str())),
        None => return Err(format!("the state of alarm {name} is missing")),
    };
    Ok((name, state))
}

/// The account's safety lever in this region.
pub(crate) async fn lever(clients: &Clients, call: &Call<'_>) -> Result<Lever, CallError> {
    let bucket = &clients.limits.levers;
    bucket.turn().await;
    let answer = clients
        .experiments
        .get_safety_lever()
        .id(LEVER)
        .customize()
        .interceptor(Meter::<GetSafetyLeverError>::new([bucket]))
        .send()
        .await
        .map_err(|error| call.error(&error))?;
    pulled(answer.safety_lever).map_err(|flaw| call.malformed(&flaw))
}

/// `SafetyLever` of the FIS API. One that is being engaged stops experiments already.
fn pulled(theirs: Option<SafetyLever>) -> Result<Lever, Flaw> {
    let state = theirs.and_then(|lever| lever.state).ok_or("the state of the safety lever is missing")?;
    let engaged = match state.status {
        Some(SafetyLeverStatus::Engaged | SafetyLeverStatus::Engaging) => true,
        Some(SafetyLeverStatus::Disengaged) => false,
        Some(other) => return Err(format!("the safety lever has the unknown status `{}`", other.as_str())),
        None => return Err("the status of the safety lever is missing".into()),
    };
    Ok(Lever { engaged, reason: readable(&state.reason.unwrap_or_default()) })
}

#[cfg(test)]
mod tests {
    use aws_sdk_fis::types::SafetyLeverState;

    use super::*;

    #[test]
    fn only_a_state_that_we_know_is_one() {
        for (word, expected) in [
            ("OK", Ok(AlarmState::Ok)),
            ("ALARM", Ok(AlarmState::Alarm)),
            ("INSUFFICIENT_DATA", Ok(AlarmState::InsufficientData)),
            ("ok", Err("alarm 5xx has the unknown state `ok`".to_owned())),
        ] {
            let ours = alarm(Some("5xx".into()), Some(word.into()));
            assert_eq!(ours, expected.map(|state| ("5xx".to_owned(), state)), "{word}");
        }
        assert_eq!(alarm(Some("5xx".into()), None).unwrap_err(), "the state of alarm 5xx is missing");
        assert_eq!(alarm(None, Some(StateValue::Ok)).unwrap_err(), "an alarm's name is missing");
    }

    #[test]
    fn a_lever_that_is_not_surely_disengaged_is_no_leave() {
        let lever = |status: Option<&str>| {
            let state = SafetyLeverState::builder().set_status(status.map(Into::into)).reason("sale\nof the year");
            pulled(Some(SafetyLever::builder().state(state.build()).build()))
        };
        let known = |engaged| Ok(Lever { engaged, reason: "sale of the year".into() });
        assert_eq!(lever(Some("engaged")), known(true));
        assert_eq!(lever(Some("engaging")), known(true));
        assert_eq!(lever(Some("disengaged")), known(false));
        assert_eq!(lever(Some("stuck")).unwrap_err(), "the safety lever has the unknown status `stuck`");
        assert_eq!(lever(None).unwrap_err(), "the status of the safety lever is missing");
        for nothing in [None, Some(SafetyLever::builder().build())] {
            assert_eq!(pulled(nothing).unwrap_err(), "the state of the safety lever is missing");
        }
    }
}
