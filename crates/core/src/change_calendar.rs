//! AWS Systems Manager Change Calendars: the times in which a company wants nobody to change anything.
//!
//! Only what they are and what was seen of them. Who asks is the daemon, who judges is a rail.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::fleet::View;
use crate::scope::{AccountId, Region};

/// The longest name of a document. Source: SSM API, `CreateDocument`, `Name`.
const MAX_NAME: usize = 128;

/// A Change Calendar by its ARN, so that its region and its account are known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeCalendar {
    arn: String,
    /// Where it is kept, and asked for.
    pub region: Region,
    /// Whose it is.
    pub account: AccountId,
}

impl ChangeCalendar {
    /// The whole ARN: what SSM is asked for.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The document's name.
    pub fn name(&self) -> &str {
        self.arn.split_once(":document/").map_or(&self.arn, |(_, name)| name)
    }
}

impl fmt::Display for ChangeCalendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.arn)
    }
}

/// A text that is no Change Calendar's ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no change calendar's ARN: write it whole, as in arn:aws:ssm:us-east-1:123456789012:document/freeze, so \
     that its region and account are known"
)]
pub struct NotACalendar(String);

impl FromStr for ChangeCalendar {
    type Err = NotACalendar;

    fn from_str(text: &str) -> Result<Self, NotACalendar> {
        let wrong = || NotACalendar(text.to_owned());
        let [arn, partition, service, region, account, resource] =
            text.splitn(6, ':').collect::<Vec<_>>().try_into().map_err(|_| wrong())?;
        let name = resource.strip_prefix("document/").ok_or_else(wrong)?;
        // SSM API, `CreateDocument`: `[a-zA-Z0-9_\-.]{3,128}`.
        let named = (3..=MAX_NAME).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        if arn != "arn" || !partition.starts_with("aws") || service != "ssm" || !named {
            return Err(wrong());
        }
        let (region, account) = (region.parse().map_err(|_| wrong())?, account.parse().map_err(|_| wrong())?);
        Ok(Self { arn: text.to_owned(), region, account })
    }
}

/// What a calendar says now. Source: SSM API, `GetCalendarState`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarState {
    /// Changes are allowed.
    pub open: bool,
    /// When that will be the other way round; `None` when nobody knows of a change.
    pub next_transition: Option<DateTime<Utc>>,
}

/// One configured calendar and what was seen of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarSeen {
    /// Which.
    pub calendar: ChangeCalendar,
    /// Its state, or why it is not known.
    pub state: View<CalendarState>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_where_and_whose_it_is() {
        let text = "arn:aws:ssm:eu-west-1:111122223333:document/year-end.2026";
        let calendar: ChangeCalendar = text.parse().unwrap();
        assert_eq!((calendar.region.as_str(), calendar.account.as_str()), ("eu-west-1", "111122223333"));
        assert_eq!((calendar.arn(), calendar.name()), (text, "year-end.2026"));
        assert!("arn:aws-us-gov:ssm:us-gov-west-1:111122223333:document/freeze".parse::<ChangeCalendar>().is_ok());
    }

    #[test]
    fn nothing_else_is_one() {
        for bad in [
            "freeze",
            "arn:aws:ssm:us-east-1:111122223333:document/",
            "arn:aws:ssm:us-east-1:111122223333:document/no",
            "arn:aws:ssm:us-east-1:111122223333:document/two words",
            "arn:aws:ssm:us-east-1:111122223333:parameter/freeze",
            "arn:aws:ssm:us-east-1:1111:document/freeze",
            "arn:aws:ssm::111122223333:document/freeze",
            "arn:aws:sns:us-east-1:111122223333:document/freeze",
            "arn:gcp:ssm:us-east-1:111122223333:document/freeze",
            "urn:aws:ssm:us-east-1:111122223333:document/freeze",
        ] {
            let error = bad.parse::<ChangeCalendar>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{bad}` is no change calendar's ARN")), "{error}");
        }
    }
}
