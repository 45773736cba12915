//! From a value as written to a value as meant; what is wrong is said with what to write instead.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use chrono::{NaiveDate, TimeDelta, Weekday};
use chrono_tz::Tz;
use simian_core::calendar::Country;
use simian_core::{Mode, span};
use toml::de::DeValue;

use super::document::nearest;
use super::ics;
use crate::private::Private;

/// The longest text of a name, in characters.
const MAX_NAME: usize = 64;

/// The longest key of a tag, and the longest value, in characters. Source: EC2 User Guide, tag restrictions.
const MAX_TAG_KEY: usize = 128;
const MAX_TAG_VALUE: usize = 256;

/// The longest prefix of our tags: what comes after the colon must fit as well.
const MAX_PREFIX: usize = 64;

/// The longest name of a topic. Source: SNS API, `CreateTopic`.
const MAX_TOPIC: usize = 256;

/// What was written, for people.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(word) => format!("{word}"),
        DeValue::Datetime(date) => format!("{date} without quotes"),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

fn instead(value: &DeValue<'_>, expected: &str) -> String {
    format!("found {}: write {expected}", describe(value))
}

/// A text with something in it.
pub(super) fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    match value.as_str() {
        Some(text) if text.trim().is_empty() => Err("it is empty: write something between the quotes".into()),
        Some(text) => Ok(text),
        None => Err(instead(value, "a text in quotes")),
    }
}

/// A text with something in it, which is not repeated whatever it is.
pub(super) fn private(value: &DeValue<'_>) -> Result<Private, String> {
    match value {
        DeValue::String(_) => text(value).map(Private::new),
        _ => Err("this is no text, and is not repeated: write a text in quotes".into()),
    }
}

/// A text, which may be empty.
pub(super) fn raw<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| instead(value, "a text in quotes"))
}

/// A text that its type can read, and whose errors say what to do.
pub(super) fn parsed<T: FromStr<Err: Display>>(value: &DeValue<'_>) -> Result<T, String> {
    text(value)?.parse().map_err(|error: T::Err| error.to_string())
}

pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| instead(value, "true or false"))
}

/// A whole number of at least `least` and at most `most`.
pub(super) fn count(least: u32, most: u32) -> impl Fn(&DeValue<'_>) -> Result<u32, String> {
    move |value| {
        let number = value.as_integer().and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
        let expected = || match most {
            u32::MAX => format!("a whole number, {least} or more"),
            _ => format!("a whole number from {least} to {most}"),
        };
        number.filter(|n| (least..=most).contains(n)).ok_or_else(|| instead(value, &expected()))
    }
}

/// A whole number from `least` to `most`, or `"unlimited"`, which is `None`.
pub(super) fn limit(least: u32, most: u32) -> impl Fn(&DeValue<'_>) -> Result<Option<u32>, String> {
    move |value| match value.as_str() {
        Some("unlimited") => Ok(None),
        _ => count(least, most)(value).map(Some).map_err(|why| format!("{why}, or \"unlimited\"")),
    }
}

/// A span of time within limits.
pub(super) fn span(least: TimeDelta, most: TimeDelta) -> impl Fn(&DeValue<'_>) -> Result<TimeDelta, String> {
    move |value| {
        let DeValue::String(written) = value else {
            return Err(instead(value, "a span of time in quotes, as in \"90s\" or \"15m\""));
        };
        let span = span::parse(written)?;
        if span < least || span > most {
            let (least, most) = (span::format(least), span::format(most));
            return Err(format!("`{written}` is out of bounds: write a span from {least} to {most}"));
        }
        Ok(span)
    }
}

/// So many days, at least and at most, as in `"400d"`; or `"forever"`, which is `None`.
pub(super) fn days(least: i64, most: i64) -> impl Fn(&DeValue<'_>) -> Result<Option<TimeDelta>, String> {
    move |value| {
        let expected = format!("days in quotes, from \"{least}d\" to \"{most}d\", or \"forever\"");
        let written = value.as_str().ok_or_else(|| instead(value, &expected))?;
        if written == "forever" {
            return Ok(None);
        }
        let digits = written.strip_suffix('d').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let days = digits.and_then(|digits| digits.parse().ok()).filter(|days| (least..=most).contains(days));
        days.map(|days| Some(TimeDelta::days(days))).ok_or_else(|| instead(value, &expected))
    }
}

pub(super) fn mode(value: &DeValue<'_>) -> Result<Mode, String> {
    text(value)?.parse::<Mode>().map_err(|error| error.to_string())
}

pub(super) fn zone(value: &DeValue<'_>) -> Result<Tz, String> {
    let name = text(value)?;
    name.parse().map_err(|_| {
        let remedy = match nearest(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "write it as in `America/Los_Angeles`".into(),
        };
        format!("`{name}` is no time zone of the IANA database: {remedy}")
    })
}

pub(super) fn weekday(value: &DeValue<'_>) -> Result<Weekday, String> {
    match text(value)? {
        "mon" => Ok(Weekday::Mon),
        "tue" => Ok(Weekday::Tue),
        "wed" => Ok(Weekday::Wed),
        "thu" => Ok(Weekday::Thu),
        "fri" => Ok(Weekday::Fri),
        "sat" => Ok(Weekday::Sat),
        "sun" => Ok(Weekday::Sun),
        other => Err(format!("`{other}` is no day of the week: write mon, tue, wed, thu, fri, sat or sun")),
    }
}

pub(super) fn date(value: &DeValue<'_>) -> Result<NaiveDate, String> {
    let DeValue::String(written) = value else {
        return Err(instead(value, "a date in quotes, as in \"2026-12-24\""));
    };
    // chrono also takes `2026-1-5` and ` 2026-01-05`: one way to write a date is enough.
    let shaped = written.len() == 10 && written.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date = if shaped { written.parse().ok() } else { None };
    date.ok_or_else(|| format!("`{written}` is no date: write one that exists, as in 2026-12-24"))
}

/// Where holidays come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HolidaySource {
    /// A date of its own.
    Date(NaiveDate),
    /// A country's rules.
    Country(Country),
    /// A calendar file.
    File(ics::Calendar),
}

/// A date, a country's code or a calendar file, whose path starts from `base` and whose events close dates of `zone`.
pub(super) fn holiday(base: &Path, zone: Tz) -> impl Fn(&DeValue<'_>) -> Result<HolidaySource, String> {
    move |value| {
        let named = value.as_str().filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
        match named.map(|word| word.strip_prefix("ics:").ok_or(word)) {
            None => date(value).map(HolidaySource::Date),
            Some(Err(code)) => country(code).map(HolidaySource::Country),
            Some(Ok("")) => Err("`ics:` names no file: write one, as in \"ics:holidays.ics\"".into()),
            Some(Ok(file)) => ics::load(&base.join(file), zone).map(HolidaySource::File),
        }
    }
}

fn country(code: &str) -> Result<Country, String> {
    Country::of(code).ok_or_else(|| {
        let meant = nearest(code, Country::codes()).map(|code| format!("did you mean `{code}`? "));
        let codes: Vec<&str> = Country::codes().collect();
        format!(
            "`{code}` is no country whose holidays are known: {}write one of {}, a date as in \"2026-12-24\", or a \
             calendar file as in \"ics:holidays.ics\"",
            meant.unwrap_or_default(),
            codes.join(", ")
        )
    })
}

/// A name for people and tables.
pub(super) fn name(value: &DeValue<'_>) -> Result<String, String> {
    let name = text(value)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.len() > MAX_NAME || !name.chars().all(allowed) {
        let remedy = format!("write at most {MAX_NAME} letters, digits, `-`, `_` and `.`");
        return Err(format!("`{name}` cannot be a name: {remedy}"));
    }
    Ok(name.to_owned())
}

/// Whether every service that has tags takes this text in one. Source: Resource Groups Tagging API, tag restrictions.
fn is_tag_text(text: &str) -> bool {
    text.trim() == text && text.chars().all(|c| c.is_alphanumeric() || " +-=._:/@".contains(c))
}

pub(super) fn tag_key(value: &DeValue<'_>) -> Result<String, String> {
    tag(value, MAX_TAG_KEY, "tag's key")
}

pub(super) fn tag_value(value: &DeValue<'_>) -> Result<String, String> {
    tag(value, MAX_TAG_VALUE, "tag's value")
}

fn tag(value: &DeValue<'_>, most: usize, what: &str) -> Result<String, String> {
    let written = text(value)?;
    if written.chars().count() > most || !is_tag_text(written) {
        let remedy = format!("write at most {most} letters, digits, spaces inside and `+ - = . _ : / @`");
        return Err(format!("`{written}` cannot be a {what}: {remedy}"));
    }
    Ok(written.to_owned())
}

pub(super) fn tag_prefix(value: &DeValue<'_>) -> Result<String, String> {
    let prefix = text(value)?;
    if prefix.to_lowercase() == "aws" || prefix.to_lowercase().starts_with("aws:") {
        return Err(format!("`{prefix}` is reserved: only AWS may write such tags; choose another"));
    }
    if prefix.len() > MAX_PREFIX || prefix.contains(' ') || prefix.ends_with(':') || !is_tag_text(prefix) {
        let remedy = format!("write at most {MAX_PREFIX} letters, digits and `+ - = . _ / @`, without the colon");
        return Err(format!("`{prefix}` cannot begin our tags' keys: {remedy}"));
    }
    Ok(prefix.to_owned())
}

/// A path, not yet set on its base.
pub(super) fn path(value: &DeValue<'_>) -> Result<String, String> {
    let path = text(value)?;
    if path.contains('\0') || path.ends_with('/') {
        return Err(format!("{path:?} names no file: write a path such as \"/var/lib/simian/ledger.db\""));
    }
    Ok(path.to_owned())
}

/// The ARN of a role.
pub(super) fn role_arn(value: &DeValue<'_>) -> Result<String, String> {
    let arn = text(value)?;
    // IAM API, `CreateRole`: names of up to 64 of `[\w+=,.@-]`, paths of up to 512 between slashes.
    let name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c));
    let shaped = arn_parts(arn).is_some_and(|[service, region, account, resource]| {
        let role = resource.strip_prefix("role/").unwrap_or_default();
        service == "iam"
            && region.is_empty()
            && is_account(account)
            && !role.is_empty()
            && !role.ends_with('/')
            && role.len() <= 64 + 512
            && name(role)
    });
    if shaped {
        return Ok(arn.to_owned());
    }
    Err(format!("`{arn}` is no role's ARN: write it as in arn:aws:iam::123456789012:role/simian"))
}

/// The account in an ARN.
pub(super) fn account_in(arn: &str) -> &str {
    arn_parts(arn).map_or("", |[_, _, account, _]| account)
}

/// The ARN of a topic, a standard or a FIFO one.
pub(super) fn topic_arn(value: &DeValue<'_>) -> Result<String, String> {
    let arn = text(value)?;
    let name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let shaped = arn_parts(arn).is_some_and(|[service, region, account, topic]| {
        let plain = topic.strip_suffix(".fifo").unwrap_or(topic);
        service == "sns"
            && region.parse::<simian_core::Region>().is_ok()
            && is_account(account)
            && !plain.is_empty()
            && topic.len() <= MAX_TOPIC
            && name(plain)
    });
    if shaped {
        return Ok(arn.to_owned());
    }
    Err(format!("`{arn}` is no topic's ARN: write it as in arn:aws:sns:us-east-1:123456789012:simian"))
}

/// Service, region, account and resource. Source: IAM User Guide, ARN format.
fn arn_parts(arn: &str) -> Option<[&str; 4]> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [scheme, partition, service, region, account, resource] = parts[..] else { return None };
    let known = partition == "aws" || partition.starts_with("aws-");
    (scheme == "arn" && known).then_some([service, region, account, resource])
}

fn is_account(text: &str) -> bool {
    text.parse::<simian_core::AccountId>().is_ok()
}
