//! What a web server's answer means.

use chrono::{DateTime, TimeDelta, Utc};

/// Why an event was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was answered, and the remedy where waiting is none.
    pub message: String,
    /// Whether an operator must act.
    pub lasting: bool,
    /// How long we were asked to wait.
    pub wait: Option<TimeDelta>,
}

/// Reads a status, and the `Retry-After` header if there was one. Sources: RFC 9110, sections 10.2.3 and 15; RFC 6585,
/// section 4.
pub fn judge(status: u16, retry_after: Option<&str>, now: DateTime<Utc>) -> Result<(), Refusal> {
    let remedy = match status {
        200..=299 => return Ok(()),
        408 | 425 | 429 | 500.. => {
            let wait = retry_after.and_then(|text| asked(text, now));
            return Err(Refusal { message: format!("it answered {status}"), lasting: false, wait });
        }
        300..=399 => "it points elsewhere, and redirects are not followed: write the address that it means into url",
        401 | 403 | 407 => "mend the headers, or the secret on its side",
        404 | 405 | 410 => "mend url",
        413 => "it takes no body of this size: mend the template",
        400 | 415 | 422 => "mend the template or content_type",
        _ => "look what its makers say of that",
    };
    Err(Refusal { message: format!("it answered {status}: {remedy}"), lasting: true, wait: None })
}

/// Seconds, or a date.
fn asked(text: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().and_then(TimeDelta::try_seconds);
    }
    let then = DateTime::parse_from_rfc2822(text).ok()?;
    Some((then.with_timezone(&Utc) - now).max(TimeDelta::zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T18:00:00Z".parse().unwrap()
    }

    fn refusal(status: u16, retry_after: Option<&str>) -> Refusal {
        judge(status, retry_after, now()).unwrap_err()
    }

    #[test]
    fn every_status_is_told_waited_for_or_to_be_mended() {
        for status in 100..=599 {
            let judged = judge(status, None, now());
            match status {
                200..=299 => assert_eq!(judged, Ok(())),
                408 | 425 | 429 | 500..=599 => assert!(!judged.unwrap_err().lasting, "{status}"),
                _ => assert!(judged.unwrap_err().lasting, "{status}"),
            }
        }
        assert_eq!(refusal(503, None).message, "it answered 503");
        assert_eq!(refusal(404, None).message, "it answered 404: mend url");
    }

    #[test]
    fn who_asks_us_to_wait_says_for_how_long_or_until_when() {
        for (text, wait) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Mon, 23 Nov 2026 18:01:30 GMT", Some(90)),
            ("Mon, 23 Nov 2026 17:00:00 GMT", Some(0)),
            ("99999999999999999999", None),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            assert_eq!(refusal(429, Some(text)).wait, wait.map(TimeDelta::seconds), "{text:?}");
        }
        assert_eq!(refusal(404, Some("120")).wait, None, "waiting does not mend that");
    }
}
