//! Change Calendars, asked of AWS Systems Manager in the region that each is kept in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_sdk_ssm as ssm;
use aws_sdk_ssm::operation::get_calendar_state::{GetCalendarStateError, GetCalendarStateOutput};
use chrono::{DateTime, Utc};
use simian_core::change_calendar::{CalendarState, ChangeCalendar};
use simian_core::ports::{CallError, Clock};
use simian_core::scope::{AccountId, Region};

use crate::base;
use crate::clients::partition;
use crate::convert::Flaw;
use crate::error::Call;
use crate::limits::{Bucket, Meter};

/// One account's way to calendars in any region: they need not be kept where the groups are.
pub(crate) struct Calendars {
    config: SdkConfig,
    account: AccountId,
    clock: Arc<dyn Clock>,
    regions: Mutex<BTreeMap<Region, (ssm::Client, Arc<Bucket>)>>,
}

impl Calendars {
    pub(crate) fn new(config: SdkConfig, account: AccountId, clock: Arc<dyn Clock>) -> Self {
        Self { config, account, clock, regions: Mutex::default() }
    }

    /// The region's client and bucket, made when they are first needed.
    fn at(&self, region: &Region) -> (ssm::Client, Arc<Bucket>) {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let made = regions.entry(region.clone()).or_insert_with(|| {
            let config = self.config.to_builder().region(base::sdk_region(region)).build();
            let config = ssm::config::Builder::from(&config).retry_partition(partition(&self.account, region));
            (ssm::Client::from_conf(config.build()), Bucket::calendars(&self.clock))
        });
        made.clone()
    }

    /// Asks for one; a calendar of its own in each call, because the answer for several says only whether all are open.
    pub(crate) async fn ask(&self, calendar: &ChangeCalendar, call: &Call<'_>) -> Result<CalendarState, CallError> {
        let (client, bucket) = self.at(&calendar.region);
        bucket.turn().await;
        let answer = client
            .get_calendar_state()
            .calendar_names(calendar.arn())
            .customize()
            .interceptor(Meter::<GetCalendarStateError>::new([&bucket]))
            .send()
            .await
            .map_err(|error| call.error(&error))?;
        state(answer).map_err(|flaw| call.malformed(&flaw))
    }
}

/// `GetCalendarState`'s answer. Without a readable state there is none; the time of the next change is for people, and
/// one that cannot be read is as good as none.
fn state(theirs: GetCalendarStateOutput) -> Result<CalendarState, Flaw> {
    let open = match &theirs.state {
        Some(ssm::types::CalendarState::Open) => true,
        Some(ssm::types::CalendarState::Closed) => false,
        Some(other) => return Err(format!("the unknown state `{}`", other.as_str())),
        None => return Err("the state is missing".into()),
    };
    let next = theirs.next_transition_time.and_then(|time| DateTime::parse_from_rfc3339(&time).ok());
    Ok(CalendarState { open, next_transition: next.map(|time| time.with_timezone(&Utc)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(word: &str, next: &str) -> GetCalendarStateOutput {
        GetCalendarStateOutput::builder().state(word.into()).next_transition_time(next).build()
    }

    #[test]
    fn only_a_state_that_we_know_is_one() {
        let at = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
        let open = CalendarState { open: true, next_transition: at("2026-12-20T00:00:00Z") };
        assert_eq!(state(answer("OPEN", "2026-12-20T00:00:00Z")), Ok(open));
        let closed = CalendarState { open: false, next_transition: at("2027-01-03T08:00:00Z") };
        assert_eq!(state(answer("CLOSED", "2027-01-03T09:00:00+01:00")), Ok(closed));
        let closed = CalendarState { open: false, next_transition: None };
        assert_eq!(state(answer("CLOSED", "some day")), Ok(closed));
        assert_eq!(state(answer("AJAR", "")), Err("the unknown state `AJAR`".into()));
        assert_eq!(state(GetCalendarStateOutput::builder().build()), Err("the state is missing".into()));
    }
}
